// A master that is stopped as a process and goes on later: with short pauses nothing is given away, with long ones each run
// goes on exactly once at a time, because the worker has ended what it ran before the master may give it to anybody.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createClient } from '@tidewheel/sdk';
import { eventually, isAlive, Program, programArguments, scratch } from './support/tidewheel.ts';

const slowly = { timeout: 120_000 };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Line {
  attempt: number;
  pid: number;
  atMs: number;
}

async function start(t: TestContext, first: number) {
  const directory = scratch(t);
  const tokenFile = join(directory, 'token');
  const flags = [
    `--store=sqlite:${join(directory, 'db')}`,
    '--listen=127.0.0.1:0',
    `--bootstrap-token-file=${tokenFile}`,
  ];
  const server = new Program([...programArguments, 'server', ...flags]);
  t.after(() => server.end('SIGKILL'));
  const [, address = ''] = await server.says(/"address":"([^"]+)"/);
  const client = createClient({ address, token: readFileSync(tokenFile, 'utf8').trim() });
  const { secret } = await client.tokens.create({ name: 'w', role: 'worker', namespace: 'default' });
  const worker = new Program([...programArguments, 'worker', `--url=${address}`], { env: { TIDEWHEEL_TOKEN: secret } });
  t.after(() => worker.end('SIGKILL'));
  await worker.says(/session opened/);
  const path = join(directory, 'journal');
  const note = `echo "{\\"attempt\\":$TIDEWHEEL_ATTEMPT,\\"pid\\":$$,\\"atMs\\":$(date +%s%3N)}" >> ${path}`;
  const script = `${note}\nif [ $TIDEWHEEL_ATTEMPT = 1 ]; then exec sleep ${first}; fi`;
  await client.apply({ jobs: [{ name: 'sleeper', shell: { script } }] });
  const { id } = await client.trigger('sleeper');
  const lines = (): Line[] =>
    (existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [])
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  await eventually('it begins', async () => lines().length > 0);
  const stand = async (ms: number) => {
    process.kill(server.pid, 'SIGSTOP');
    await pause(ms);
    process.kill(server.pid, 'SIGCONT');
    return Date.now();
  };
  const end = () =>
    eventually(
      'it ends',
      async () => {
        const run = await client.runs.get(id);
        return run.finishedAt !== null && run;
      },
      60_000,
    );
  return { server, lines, stand, end };
}

test('a master that stands still for three seconds gives nothing away', slowly, async (t) => {
  const { server, lines, stand, end } = await start(t, 8);
  await stand(3000);
  const run = await end();
  assert.deepEqual([run.state, run.attempt, lines().length], ['succeeded', 1, 1], server.output);
});

test(
  'after thirty seconds the worker has ended its attempt by itself, and the run is started again soon',
  slowly,
  async (t) => {
    const { lines, stand, end } = await start(t, 90);
    const [first = assert.fail()] = lines();
    const standing = stand(30_000);
    await eventually('the worker ends what it ran', async () => !isAlive(first.pid), 16_000);
    const onAt = await standing;
    const run = await end();
    const [, second = assert.fail()] = lines();
    t.diagnostic(`master stopped for 30 s: run started again ${second.atMs - onAt} ms after it went on`);
    assert.deepEqual([run.state, run.attempt, lines().length], ['succeeded', 2, 2]);
    assert.ok(second.atMs - onAt < 15_000);
  },
);
