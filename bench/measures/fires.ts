// Fires: schedules that fire every second, with a worker that executes what they fire. How late each was decided is in the ledger; the
// standing audit recomputes every nominal time and says what is missing or doubled. Then the load is doubled until it breaks.

import type { Contender, Measure, MeasureContext } from '../harness/measure.ts';
import { declareSchedules, deleteSchedules } from '../load/declared-schedules.ts';
import { percentile } from '../numbers.ts';
import { openReader } from '../systems/ask-store.ts';
import { Cluster } from '../systems/cluster.ts';
import type { Engine } from '../systems/services.ts';
import { pause } from './waiting.ts';

/** A step is broken when the last hundredth is decided this late, or a fire is missing. */
const brokenLateMs = 1000;
/** The audit leaves out the last few seconds, which a busy master may still be deciding. */
const auditLagMs = 6000;

export const fires: Measure = {
  name: 'fires',
  about:
    'Schedules that fire every second, one master, one worker: from the nominal time to the decision in the ledger, and what the audit says of every nominal time. `breaks at`: fires a second at which, doubling from there, the 99th percentile is later than a second or a fire is missing (the most that was tried when nothing broke). No peer is beside it: graphile-worker and pg-boss fire once a minute at most, and BullMQ makes the next job only when the last begins.',
  figures: [
    { name: 'p50', unit: 'ms', better: 'less' },
    { name: 'p99', unit: 'ms', better: 'less' },
    { name: 'max', unit: 'ms', better: 'less' },
    { name: 'missing', unit: '', better: 'less' },
    { name: 'breaks at', unit: '/s', better: 'more' },
  ],
  goals: (['tidewheel postgres', 'tidewheel sqlite'] as const).flatMap((of) => [
    { figure: 'p99', of, atMost: 100 },
    { figure: 'missing', of, atMost: 0 },
  ]),
  contenders: (context) => enginesOf(context).map((engine) => contender(engine, context)),
};

/** Of the systems that were asked for: those measures that only Tidewheel has still go by them. */
export function enginesOf({ systems }: MeasureContext): Engine[] {
  return (['postgres', 'sqlite'] as const).filter((engine) =>
    systems.some(({ name }) => name === `tidewheel ${engine}`),
  );
}

function contender(engine: Engine, context: MeasureContext): Contender {
  const { sizes } = context;
  return {
    name: `tidewheel ${engine}`,
    round: async () => {
      const steady = await everySecond(engine, context, sizes['fires.schedules'], sizes['fires.seconds']);
      let reached = sizes['fires.schedules'];
      while (reached * 2 <= sizes['fires.most']) {
        const step = await everySecond(engine, context, reached * 2, sizes['fires.stepSeconds']);
        if (step.p99 > brokenLateMs || step.missing > 0) break;
        reached *= 2;
      }
      return { ...steady, 'breaks at': Math.min(reached * 2, sizes['fires.most']) };
    },
  };
}

interface Punctuality {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly missing: number;
}

async function everySecond(
  engine: Engine,
  { services }: MeasureContext,
  schedules: number,
  seconds: number,
): Promise<Punctuality & Readonly<Record<string, number>>> {
  const place = await services.place(engine);
  const cluster = await Cluster.start({
    store: place.store,
    directory: services.directory,
    environment: services.workerEnvironment,
  });
  try {
    await cluster.addWorker();
    const everySecondly = { cron: '* * * * * *', misfire: { policy: 'all' as const } };
    await declareSchedules(cluster.client, 'tick', schedules, () => everySecondly);
    const [from] = await ask<{ now: number }>(place.store, 'select max(fire_at) as now from fire');
    await pause(seconds * 1000);
    await deleteSchedules(cluster.client, 'tick', schedules);
    await pause(auditLagMs);
    const audit = await cluster.client.audit.fires();
    const amiss = audit.schedules.reduce((sum, row) => sum + row.missing + row.doubled + row.unexpected, 0);
    // What fires while the others are still being declared is not yet the load that was asked for.
    const rows = await ask<{ late: number }>(
      place.store,
      `select decided_at - fire_at as late from fire where fire_at > ${from?.now ?? 0}`,
    );
    const late = rows.map((row) => Number(row.late));
    return { p50: percentile(late, 0.5), p99: percentile(late, 0.99), max: percentile(late, 1), missing: amiss };
  } finally {
    await cluster.kill();
    await place.remove();
  }
}

async function ask<Row>(store: string, sql: string): Promise<Row[]> {
  const reader = await openReader(store);
  try {
    return (await reader.ask(sql)) as Row[];
  } finally {
    await reader.close();
  }
}
