// `npm run bench:smoke`: 100,000 runs through the HTTP API and one worker, and 2,000 schedules that fire every second for a
// minute, on SQLite and on a private PostgreSQL. Prints rates and latencies, and fails when a single run or fire is missing,
// doubled or left over. A smoke test with numbers: comparisons with others are another benchmark's business.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres } from '../test/support/postgres.ts';
import { msText, percentile, rate, rateText } from './numbers.ts';
import {
  declareJobs,
  everySecond,
  faultsOfRecord,
  lateness,
  spanMs,
  submit,
  trickle,
  untilIdle,
} from './smoke-phases.ts';
import { startSystem } from './smoke-system.ts';

interface Settings {
  readonly runs: number;
  readonly slots: number;
  readonly schedules: number;
  readonly seconds: number;
  /** Single runs at a low rate. */
  readonly trickle: number;
}
type Line = readonly [what: string, value: string];
interface Measured {
  readonly lines: readonly Line[];
  readonly faults: readonly string[];
}

const tricklePerSecond = 50;
/** The slowest that is still worth waiting for: runs a second. */
const patience = 200;

async function measure(store: string, directory: string, settings: Settings): Promise<Measured> {
  const system = await startSystem(store, directory, settings.slots);
  const lines: Line[] = [];
  const add = (what: string, value: string): void => {
    lines.push([what, value]);
    console.log(`  ${what.padEnd(46)}${value}`);
  };
  try {
    const { client } = system;
    const waitMs = (settings.runs / patience) * 1000 + 30_000;
    await declareJobs(client);
    const backlog = await submit(client, 'backlog', settings.runs);
    add(`submit ${settings.runs} runs, nobody executes`, rateText(backlog.perSecond));
    await system.startWorker();
    await untilIdle(client, waitMs);
    const stream = await submit(client, 'stream', settings.runs);
    await untilIdle(client, waitMs);
    const latencies = await trickle(client, settings.trickle, tricklePerSecond);
    const fires = await everySecond(client, settings.schedules, settings.seconds);
    const opened = await system.stop();
    try {
      add('execute them, one worker', rateText(rate(settings.runs, await spanMs(opened, 'backlog', 'started_at'))));
      add('submit while they are executed', rateText(stream.perSecond));
      add(
        'end to end: first submitted to last finished',
        rateText(rate(settings.runs, await spanMs(opened, 'stream', 'created_at'))),
      );
      add(`enqueue to start at ${tricklePerSecond}/s, p50`, msText(percentile(latencies, 0.5)));
      add(`enqueue to start at ${tricklePerSecond}/s, p99`, msText(percentile(latencies, 0.99)));
      const late = await lateness(opened);
      add(`${settings.schedules} schedules each second, fires`, `${fires.fired} of ${fires.expected}`);
      add('lateness p50, p99, max', `${msText(late.p50)}, ${msText(late.p99)}, ${msText(late.max)}`);
      const faults = await faultsOfRecord(opened, [...backlog.ids, ...stream.ids]);
      for (const finding of ['missing', 'doubled', 'unexpected', 'skipped'] as const) {
        if (fires[finding] > 0) faults.push(`${fires[finding]} fires ${finding}`);
      }
      // Anything near this means that schedules did not fire at all.
      const least = settings.schedules * (settings.seconds - 2);
      if (fires.fired < least) faults.push(`only ${fires.fired} fires of at least ${least}`);
      add('record', faults.length === 0 ? 'every run archived once, no fire missing or doubled' : faults.join('; '));
      return { lines, faults };
    } finally {
      await opened.close();
    }
  } catch (error) {
    await system.kill();
    throw error;
  }
}

async function onSqlite(settings: Settings): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-bench-'));
  try {
    return await measure(`sqlite:${join(directory, 'tidewheel.db')}`, directory, settings);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function onPostgres(settings: Settings): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-bench-'));
  const cluster = await startPostgres();
  try {
    const database = await cluster.createDatabase();
    return await measure(database.url, directory, settings);
  } finally {
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function report(results: ReadonlyMap<string, Measured>): string {
  const machine = `${availableParallelism()} cores, Node ${process.version}, ${process.platform} ${process.arch}`;
  const sections = [...results].map(([name, { lines }]) =>
    [
      `## ${name}`,
      '',
      '| what | measured |',
      '| --- | --- |',
      ...lines.map(([what, value]) => `| ${what} | ${value} |`),
      '',
    ].join('\n'),
  );
  return `# Smoke benchmark\n\n\`npm run bench:smoke\` on ${machine}. Server, worker, store and the benchmark itself share the machine.\n\n${sections.join('\n')}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '100000' },
      slots: { type: 'string', default: '1000' },
      schedules: { type: 'string', default: '2000' },
      seconds: { type: 'string', default: '60' },
      trickle: { type: 'string', default: '500' },
      stores: { type: 'string', default: 'sqlite,postgres' },
      report: { type: 'string' },
    },
  });
  const settings = {
    runs: Number(values.runs),
    slots: Number(values.slots),
    schedules: Number(values.schedules),
    seconds: Number(values.seconds),
    trickle: Number(values.trickle),
  };
  const benches = { sqlite: onSqlite, postgres: onPostgres };
  const results = new Map<string, Measured>();
  for (const name of ['sqlite', 'postgres'] as const) {
    if (!values.stores.split(',').includes(name)) continue;
    console.log(name);
    results.set(name, await benches[name](settings));
  }
  if (values.report !== undefined) writeFileSync(values.report, report(results));
  return [...results.values()].some(({ faults }) => faults.length > 0) ? 1 : 0;
}

process.exitCode = await main();
