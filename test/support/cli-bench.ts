// A running server with a handful of jobs, and the command line pointed at it: what all tests of commands start from.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { captured, type Captured, type Shape } from './captured-terminal.ts';
import { Dev } from './tidewheel.ts';

const jobs = `
jobs:
  - {name: ok, shell: {script: "echo one; echo two >&2"}, description: 每日报表}
  - {name: bad, shell: {script: "exit 3"}}
  - {name: endless, shell: {script: "echo started; sleep 60"}, timeout: {kill: 200ms}}
  - {name: too-long, shell: {argv: [sleep, "60"]}, timeout: {run: 200ms, kill: 200ms}}
  - {name: echo-payload, shell: {script: cat}}
  - name: hourly
    shell: {argv: ["true"]}
    schedules: [{name: hourly, cron: "0 * * * *", timezone: Asia/Shanghai, payload: {by: schedule}}]
`;

export interface CliBench {
  readonly home: string;
  readonly dev: Dev;
  run(argv: readonly string[], shape?: Shape): Promise<Captured>;
  /** Writes a file into `home`; returns its path. */
  file(name: string, text: string): string;
  /** The id of a new run. */
  triggered(job: string): Promise<string>;
}

/** Started before the tests of the file, and gone after them. */
export function cliBench(): CliBench {
  const home = mkdtempSync(join(tmpdir(), 'tidewheel-cli-'));
  let dev: Dev | null = null;
  const running = (): Dev => {
    if (dev === null) throw new Error('the server is started by the hook before the tests');
    return dev;
  };
  const file = (name: string, text: string): string => {
    const path = join(home, name);
    writeFileSync(path, text);
    return path;
  };
  const run = (argv: readonly string[], shape: Shape = {}): Promise<Captured> =>
    captured(argv, { ...shape, env: { TIDEWHEEL_DATA: running().data, ...shape.env } });
  before(async () => {
    dev = await Dev.start(join(home, 'data'), ['--jobs', file('jobs.yaml', jobs)]);
  });
  after(async () => {
    await dev?.end('SIGKILL');
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    home,
    get dev() {
      return running();
    },
    run,
    file,
    triggered: async (job) => (await run(['job', 'trigger', job])).stdout.trim(),
  };
}
