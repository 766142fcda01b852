// What a hundred thousand enabled schedules cost while none is due: statements that reach PostgreSQL, as its own counter has them (those
// that begin and end transactions included), memory and processor time of each master. Real processes of what is published, started anew
// after the schedules were declared: what declaring so many took is not what having them costs.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobInput } from '@tidewheel/protocol';
import { createClient } from '@tidewheel/sdk';
import pg from 'pg';
import { Program, repositoryRoot } from '../test/support/tidewheel.ts';
import { nowMs } from './wall-clock.ts';

const windowMs = 60_000;
/** After the last definition: everything that looks once a minute has looked. */
const settleMs = 75_000;
const firstLookMs = 20_000;
const perJob = 100;
const jobsPerApply = 20;
const targets = { perSecond: 2, mib: 150 };

export interface IdleOptions {
  /** Of a PostgreSQL with pg_stat_statements, or of an SQLite file. */
  readonly store: string;
  readonly directory: string;
  readonly schedules: number;
  readonly masters: number;
  readonly windows: number;
}

export async function idle({ store, directory, schedules, masters, windows }: IdleOptions): Promise<boolean> {
  build();
  const programs: Program[] = [];
  const tokenFile = join(directory, `idle-${masters}.token`);
  const start = async (): Promise<string> => {
    const flags = [`--store=${store}`, '--listen=127.0.0.1:0', `--bootstrap-token-file=${tokenFile}`];
    const program = new Program([join(repositoryRoot, 'packages/server/dist/main.js'), 'server', ...flags]);
    programs.push(program);
    const [, url = ''] = await program.says(/"address":"(http:[^"]+)"/);
    return url;
  };
  let counter: pg.Client | null = null;
  try {
    const address = await start();
    await declare(address, readFileSync(tokenFile, 'utf8').trim(), schedules);
    console.log(`  memory of the master that declared them: ${programs.map(residentMib).join(', ')} MiB`);
    await programs.pop()?.end('SIGTERM');
    // A start after which all schedules are new to the zone watch; the next one is like any other.
    await start();
    await sleep(firstLookMs);
    await programs.pop()?.end('SIGTERM');
    for (let number = 0; number < masters; number += 1) await start();
    await sleep(settleMs);
    counter = await openCounter(store);
    let well = true;
    for (let window = 0; window < windows; window += 1) well = (await measure(programs, counter)) && well;
    return well;
  } finally {
    await counter?.end();
    await Promise.all(programs.map((program) => program.end('SIGTERM')));
  }
}

function build(): void {
  for (const name of ['protocol', 'sdk', 'server'])
    execFileSync(process.execPath, ['--conditions=source', '../../tools/build.ts', name], {
      cwd: join(repositoryRoot, 'packages', name),
    });
}

/** None is due within a month. */
async function declare(address: string, token: string, schedules: number): Promise<void> {
  const client = createClient({ address, token, namespace: 'default' });
  const zones = ['UTC', 'Asia/Shanghai', 'Europe/Berlin', 'America/New_York'];
  const month = ((new Date(nowMs()).getUTCMonth() + 3) % 12) + 1;
  for (let first = 0; first < schedules; first += perJob * jobsPerApply) {
    const jobs = Array.from({ length: jobsPerApply }, (_, job): JobInput => {
      const from = first + job * perJob;
      return {
        name: `idle-${from}`,
        task: 'noop',
        schedules: Array.from({ length: Math.max(0, Math.min(perJob, schedules - from)) }, (__, index) => ({
          name: `idle-${from + index}`,
          cron: `${index % 60} ${(from + index) % 24} ${1 + (index % 28)} ${month} *`,
          timezone: zones[index % zones.length] ?? 'UTC',
        })),
      };
    });
    await client.apply({ jobs, source: `bench-${first}` });
  }
}

async function measure(programs: readonly Program[], counter: pg.Client | null): Promise<boolean> {
  const before = counter === null ? 0 : await calls(counter);
  const busy = programs.map(processorMs);
  await sleep(windowMs);
  const asked = counter === null ? null : (await calls(counter)) - before;
  const perSecond = asked === null ? null : asked / (windowMs / 1000) / programs.length;
  const memory = programs.map(residentMib);
  const share = programs.map((program, index) => (processorMs(program) - (busy[index] ?? 0)) / windowMs);
  console.log(
    `  ${perSecond === null ? '' : `${perSecond.toFixed(2)} statements a second and master; `}` +
      `memory ${memory.map((one) => `${one} MiB`).join(', ')}; processor ${share.map((one) => `${(one * 100).toFixed(1)} %`).join(', ')}`,
  );
  return (perSecond ?? 0) <= targets.perSecond && Math.max(...memory) < targets.mib;
}

async function openCounter(store: string): Promise<pg.Client | null> {
  if (!store.startsWith('postgres')) return null;
  const client = new pg.Client({ connectionString: store });
  await client.connect();
  await client.query('create extension if not exists pg_stat_statements');
  return client;
}

/** Without its own, and without the body of now_ms(), which the planner tries out: it counts as a statement that somebody sent. */
async function calls(counter: pg.Client): Promise<number> {
  const { rows } = await counter.query<{ calls: string }>(
    `select coalesce(sum(calls), 0) as calls from pg_stat_statements s join pg_database d on d.oid = s.dbid
     where d.datname = current_database() and query not like '%pg_stat_statements%' and query not like 'select floor(extract(%'`,
  );
  return Number(rows[0]?.calls ?? 0);
}

function residentMib({ pid }: Program): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
}

function processorMs({ pid }: Program): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
