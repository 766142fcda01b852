// Herd: many schedules on the same second, several masters on one PostgreSQL, an idle worker at each. When the last of them was decided and
// when the last run was claimed, counted from the nominal time. Each round has two herds in the same cluster: one that meets masters and
// workers which have only just started, whose code nobody has compiled yet, and then one that does not.

import type { Measure, MeasureContext } from '../harness/measure.ts';
import { declareSchedules } from '../load/declared-schedules.ts';
import { askStore } from '../systems/ask-store.ts';
import { Cluster } from '../systems/cluster.ts';
import type { Engine } from '../systems/services.ts';
import { nowMs } from '../wall-clock.ts';
import { enginesOf } from './fires.ts';
import { patienceMs, pause, untilMoment } from './waiting.ts';

export const herd: Measure = {
  name: 'herd',
  about:
    'Many schedules on one and the same second, all masters on one PostgreSQL (one master on SQLite), a worker at each master: from the nominal time until the last fire is decided, and until the last run is claimed. `first`: until the last claim of a herd before that one, which meets processes that have just started. `missing`: schedules of both without a run.',
  figures: [
    { name: 'decided', unit: 'ms', better: 'less' },
    { name: 'claimed', unit: 'ms', better: 'less' },
    { name: 'first', unit: 'ms', better: 'less' },
    { name: 'missing', unit: '', better: 'less' },
  ],
  goals: [
    { figure: 'claimed', of: 'tidewheel postgres', atMost: 1000 },
    { figure: 'missing', of: 'tidewheel postgres', atMost: 0 },
  ],
  contenders: (context) =>
    enginesOf(context).map((engine) => ({
      name: `tidewheel ${engine}`,
      round: async () => {
        const { services, sizes } = context;
        const masters = engine === 'postgres' ? sizes['herd.masters'] : 1;
        const place = await services.place(engine);
        const { directory, workerEnvironment: environment } = services;
        const cluster = await Cluster.start({ store: place.store, directory, environment, masters });
        try {
          for (let at = 0; at < masters; at += 1) await cluster.addWorker({ at });
          const first = await oneHerd(context, engine, cluster, { store: place.store, name: 'first' });
          const { decided, claimed, missing } = await oneHerd(context, engine, cluster, {
            store: place.store,
            name: 'herd',
          });
          return { decided, claimed, first: first.claimed, missing: first.missing + missing };
        } finally {
          await cluster.kill();
          await place.remove();
        }
      },
    })),
};

/** How late the last one was decided and claimed, ms; schedules without a run. */
async function oneHerd(
  { services, sizes }: MeasureContext,
  engine: Engine,
  { client }: Cluster,
  { store, name }: { store: string; name: string },
): Promise<{ decided: number; claimed: number; missing: number }> {
  const schedules = sizes['herd.schedules'];
  services.desk.reset();
  const at = Math.ceil((nowMs() + sizes['herd.aheadMs'] + schedules) / 1000) * 1000;
  await declareSchedules(client, name, schedules, () => ({ times: [{ at }] }));
  if (nowMs() > at) throw new Error('the machine is too slow to declare the herd before it fires');
  await untilMoment(at);
  await services.desk.until(schedules, patienceMs(schedules));
  const unfinished = Number((await askStore(store, 'select count(*) as runs from run'))[0]?.['runs']);
  if (unfinished > 0) await pause(1000);
  const attempt = engine === 'postgres' ? `attempts::jsonb -> 0 ->> 'claimedAt'` : `attempts ->> '$[0].claimedAt'`;
  const [row] = await askStore(
    store,
    `select max(f.decided_at - f.fire_at) as decided, count(*) as runs,
       max(cast(r.${attempt} as bigint) - f.fire_at) as claimed
     from fire f join run_archive r on r.id = f.run_id where f.fire_at = ${at}`,
  );
  return {
    decided: Number(row?.['decided']),
    claimed: Number(row?.['claimed']),
    missing: schedules - Number(row?.['runs']),
  };
}
