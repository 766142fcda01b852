// A database that was filled once and is copied for each round: a backlog, a history. Tidewheel itself makes the first runs of each kind
// through its API; the others are copies of them with ids of their own, because a million requests would take longer than the measure.

import { askStore } from './ask-store.ts';
import { Cluster } from './cluster.ts';
import type { Engine, Place, Services } from './services.ts';

export interface Filling {
  /** Runs that are due, in a lane that no worker serves until it is asked to. */
  readonly ready?: number;
  /** Runs that are due in a year. */
  readonly delayed?: number;
  readonly archived?: number;
}

/** The job whose runs are measured, and the one whose runs wait. Each has a queue of its own. */
export const measuredQueue = 'measured';
export const backlogQueue = 'backlog';

export interface FilledPlace {
  readonly place: Place;
  /** Of its administrator: copies have the same. */
  readonly token: string;
}

export async function fillPlace(services: Services, engine: Engine, filling: Filling): Promise<FilledPlace> {
  const { ready = 0, delayed = 0, archived = 0 } = filling;
  const place = await services.place(engine);
  const { directory, workerEnvironment: environment } = services;
  const cluster = await Cluster.start({ store: place.store, directory, environment });
  const token = cluster.adminToken;
  try {
    const { client } = cluster;
    const jobs = [measuredQueue, backlogQueue].map((name) => ({ name, task: 'stamped', queue: name }));
    await client.apply({ jobs, source: 'bench' });
    const payload = { sentAt: Date.now() };
    if (archived > 0) {
      await client.runs.trigger({ job: measuredQueue, payload });
      services.desk.reset();
      await cluster.addWorker({ queues: measuredQueue });
      await services.desk.until(1, 30_000);
      await untilFinished(place);
    }
    if (ready > 0) await client.runs.trigger({ job: backlogQueue, payload });
    if (delayed > 0) await client.runs.trigger({ job: backlogQueue, payload, delay: '365d' });
    await cluster.stop();
  } catch (error) {
    await cluster.kill();
    throw error;
  }
  await multiply(place, 'run', `state = 'ready'`, ready);
  await multiply(place, 'run', `state = 'scheduled'`, delayed);
  await multiply(place, 'run_archive', 'true', archived);
  // As autovacuum would have left it by the time a real one had grown.
  await askStore(place.store, place.engine === 'postgres' ? 'vacuum (analyze)' : 'analyze');
  return { place, token };
}

async function untilFinished({ store }: Place): Promise<void> {
  while ((await askStore(store, 'select 1 from run limit 1')).length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** One row becomes as many; the ids are UUIDv7 of successive milliseconds, as they would be. */
async function multiply(place: Place, table: string, which: string, count: number): Promise<void> {
  if (count <= 1) return;
  const postgres = place.engine === 'postgres';
  const columns = await askStore(
    place.store,
    postgres
      ? `select column_name as name from information_schema.columns where table_schema = 'public' and table_name = '${table}'`
      : `select name from pragma_table_info('${table}')`,
  );
  const names = columns.map(({ name }) => String(name)).filter((name) => name !== 'id');
  const firstMs = Date.now() - count;
  const id = postgres
    ? `(lpad(to_hex(${firstMs} + n.i), 12, '0') || '7' || substr(md5(n.i::text), 1, 3) || '8' || substr(md5(n.i::text), 4, 15))::uuid`
    : `printf('%08x-%04x-7%s-8%s-%s', (${firstMs} + n.i) >> 16, (${firstMs} + n.i) & 65535, substr(lower(hex(randomblob(2))), 1, 3), substr(lower(hex(randomblob(2))), 1, 3), lower(hex(randomblob(6))))`;
  await askStore(
    place.store,
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count - 1}),
       one as (select * from ${table} where ${which} limit 1)
     insert into ${table} (id, ${names.join(', ')}) select ${id}, ${names.map((name) => `one.${name}`).join(', ')} from n cross join one`,
  );
}
