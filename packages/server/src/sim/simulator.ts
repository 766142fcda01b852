// One simulation: a cluster of real services on virtual time, first in trouble, then healed, then judged.
//
//   settle            trouble                              heal                    end
//   ├─ apply jobs ─┼─ calls, changes, faults of the mix ─┼─ faults end; normal ─┼─ schedules paused, stuck runs canceled ─┤ checkers
//
// Everything that happens follows from the seed, so a failing seed is the whole bug report: run it again with --trace.

import { checkers } from './checkers/all.ts';
import { buildCluster, type Cluster } from './cluster.ts';
import { gather } from './evidence.ts';
import { forbidReality } from './forbid-reality.ts';
import { drawOptions, type SimOptions } from './options.ts';
import { askLast } from './lock-holder.ts';
import { SimDatabase } from './sim-database.ts';
import { calmSignals } from './sim-signals.ts';
import { describe } from './sim-master.ts';
import { Trace } from './trace.ts';

export interface Finding {
  checker: string;
  what: string;
}

export interface Verdict {
  options: SimOptions;
  hash: string;
  findings: Finding[];
  events: number;
  virtualMs: number;
  /** From healing to the end of the last run; null when it did not come. */
  convergedMs: number | null;
  counts: Record<string, number>;
  /** Boundaries of effects at which a master crashed. */
  crashedAt: readonly string[];
  /** What was done to whom, in order. */
  timeline: readonly { at: number; who: string; what: string }[];
}

const settleMostMs = 60_000;
/** Normal life after the trouble, before everything is brought to an end. */
const calmMs = 20_000;
/** How long somebody asks for the locks of those who are gone: longer than a worker's lease, shorter than the longest lock. */
const lastAskMs = 30_000;
/**
 * Bound of L3: lost sessions, backoffs and timeouts together need about a third of it. A backlog may need longer on few slots (seed
 * 155926324: 760 runs on four), so it is given again for as long as each leaves at most half of what the last one left.
 */
const convergeMostMs = 600_000;

export async function simulate(seed: number, listen: ((line: string) => void) | null = null): Promise<Verdict> {
  const trace = new Trace(listen);
  const cluster = await buildCluster(drawOptions(seed), trace);
  const { truth, time, store } = cluster;
  const release = forbidReality((what) => truth.defects.push({ at: time.now, who: 'anyone', what }));
  try {
    return await live(cluster, trace);
  } catch (error) {
    // The world itself broke: somebody threw where nobody catches, or goes round without waiting.
    truth.defects.push({ at: time.now, who: 'world', what: describe(error) });
    return verdictOf(cluster, trace, { findings: defectsOf(cluster), convergedMs: null, counts: {} });
  } finally {
    release();
    void store.real.close();
  }
}

async function live(cluster: Cluster, trace: Trace): Promise<Verdict> {
  await settle(cluster);
  await trouble(cluster);
  const healedAt = cluster.time.now;
  const convergedAt = await converge(cluster);
  const endedAt = await end(cluster);
  return judge(cluster, trace, { healedAt, convergedAt, endedAt });
}

async function settle({ time, masters, workers, holders, client, monitor, keeper, random }: Cluster): Promise<void> {
  const offsets = random.fork('beginning');
  client.start();
  monitor.start();
  for (const host of [...masters, ...workers, ...holders])
    time.after(offsets.between(0, 1000), `${host.process.name} starts`, () => host.start());
  time.after(1500, 'apply', () => keeper.applyAll());
  await time.run(time.now + 2000);
  await time.run(time.now + settleMostMs, () => keeper.idle);
}

async function trouble({
  options,
  time,
  network,
  store,
  coordinator,
  signals,
  faults,
  losses,
  keeper,
  caller,
  backfiller,
  hand,
}: Cluster): Promise<void> {
  network.mix = options.network;
  store.mix = options.store;
  signals.mix = options.signals;
  if (options.coordinator !== 'store') coordinator.mix = options.coordinator;
  faults.begin();
  losses.begin();
  keeper.beginChanging();
  keeper.beginPausingLate();
  caller.begin();
  backfiller.begin();
  hand.begin();
  await time.run(time.now + options.troubleMs);
}

/** True time when the last run had ended, one master led and all locks were free; null when the bound was reached before. */
async function converge(cluster: Cluster): Promise<number | null> {
  const { time, faults, losses, keeper, caller, signals, options, jobs, recovery } = cluster;
  faults.heal();
  losses.heal();
  cluster.hand.end();
  recovery.begin();
  for (const holder of cluster.holders) holder.end();
  const locksAreFree = cluster.holders.length === 0 ? () => true : askLast(cluster.api, cluster.holderWorld, lastAskMs);
  keeper.stopChanging();
  caller.stop();
  for (const job of jobs) job.behaviour.killShare = 0;
  // Signals that never worked stay away: polling alone must do.
  if (options.signals.loss < 1) signals.mix = calmSignals;
  await time.run(time.now + calmMs);
  await time.run(time.now + settleMostMs, () => keeper.idle);
  cluster.backfiller.stop();
  keeper.pauseAll();
  await time.run(time.now + settleMostMs, () => keeper.idle);
  if (!keeper.idle)
    cluster.truth.defects.push({ at: time.now, who: 'operator', what: 'a change was not answered long after healing' });
  let unfinished: number | null = null;
  watchUnfinished(cluster, (count, ofThePresent) => {
    unfinished = count;
    recovery.counted(ofThePresent);
  });
  const over = (): boolean => unfinished === 0 && recovery.oneLeads && locksAreFree();
  for (let before = Number.POSITIVE_INFINITY; !over() && (unfinished ?? 0) < before / 2; ) {
    before = unfinished ?? before;
    await time.run(time.now + convergeMostMs, over);
  }
  return unfinished === 0 ? time.now : null;
}

/**
 * Counts what is unfinished again and again; runs that end only by a cancel are canceled, and so are backfills of disabled jobs, which
 * wait for ever, also those whose begin had no known outcome. `ofThePresent`: runs that are no backfill's,
 * so that no more of them are made.
 */
function watchUnfinished(
  { monitor, store, caller, backfiller, jobs }: Cluster,
  tell: (count: number, ofThePresent: number) => void,
): void {
  const db = new SimDatabase(store, monitor);
  const stuck = new Set(jobs.filter((job) => job.name === 'stuck').map((job) => job.namespace));
  const canceled = new Set<string>();
  const look = async (): Promise<void> => {
    const live = await db.query<{ id: string; namespace: string; enabled: number }>(
      'select b.id, b.namespace, j.enabled from backfill b join job j on j.id = b.job_id where b.live = 1 order by b.id',
    );
    for (const { id, namespace, enabled } of live) if (enabled === 0) backfiller.giveUp(namespace, id);
    const rows = await db.query<{ id: string; namespace: string; job: string; trigger: string }>(
      'select r.id, r.namespace, r.trigger_kind as "trigger", j.name as job from run r join job j on j.id = r.job_id order by r.id',
    );
    for (const { id, namespace, job } of rows) {
      if (job !== 'stuck' || !stuck.has(namespace) || canceled.has(id)) continue;
      canceled.add(id);
      caller.cancelUntilAnswered(namespace, id);
    }
    // A backfill that goes on will make more.
    const left = rows.length + live.length;
    tell(left, rows.filter((run) => run.trigger !== 'backfill').length);
    if (left > 0) monitor.after(500, 'look again', () => void look());
  };
  monitor.after(0, 'look', () => void look());
}

/** Ends all processes, so that no transaction is open when the store is read. */
async function end({ time, clock, masters, workers, client, monitor, recovery, faults }: Cluster): Promise<number> {
  const endedAt = time.now;
  recovery.end();
  faults.end();
  for (const host of [...masters, ...workers]) host.process.crash();
  client.crash();
  monitor.crash();
  await time.run(time.now + 20_000);
  // The audit asks for no times that the clock has not reached; those that it had reached before it went back are decided.
  const behindMs = clock.most(0, time.now) - clock.at(time.now);
  if (behindMs > 0) clock.step(time.now, behindMs);
  return endedAt;
}

async function judge(
  cluster: Cluster,
  trace: Trace,
  at: { healedAt: number; convergedAt: number | null; endedAt: number },
): Promise<Verdict> {
  const { options, clock, truth, store, faults, workers, jobs, recovery } = cluster;
  const pauses = new Map(
    workers.map((worker) => [
      worker.process.name,
      'main' in worker ? [...worker.process.pauses, ...worker.main.hangs] : worker.process.pauses,
    ]),
  );
  const entitled = new Map(workers.map(({ process, shape }) => [process.name, shape]));
  const { healedAt, endedAt } = at;
  const facts = { options, clock, truth, pauses, jobs, entitled, recovery: recovery.found, healedAt, endedAt };
  const evidence = await gather(store.real, facts);
  const findings: Finding[] = [
    ...defectsOf(cluster),
    ...checkers.flatMap((checker) => checker.check(evidence).map((what) => ({ checker: checker.id, what }))),
  ];
  trace.add(at.endedAt, 'end', JSON.stringify([evidence.runs, evidence.fires]));
  const ended = truth.executions.filter((execution) => execution.end !== null).length;
  const counts = {
    fires: evidence.fires.length,
    skips: evidence.fires.filter((fire) => fire.outcome === 'skipped').length,
    calls: truth.triggers.length + truth.cancels.length + truth.retries.length,
    runs: evidence.runs.length,
    backfills: evidence.backfills.length,
    executions: truth.executions.length,
    'cut off': truth.executions.length - ended,
    sessions: evidence.sessions.size,
    terms: evidence.history.filter(({ term }) => term !== null && term.after.term > term.before.term).length,
    'locks held': truth.holds.filter(({ token }) => token !== null).length,
    ...Object.fromEntries([...faults.counts].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    ...Object.fromEntries([...store.fates].map(([fate, count]) => [`commit ${fate}`, count])),
  };
  const convergedMs = at.convergedAt === null ? null : at.convergedAt - at.healedAt;
  return verdictOf(cluster, trace, { findings, convergedMs, counts });
}

function defectsOf({ truth }: Cluster): Finding[] {
  return truth.defects.map(({ at, who, what }) => ({ checker: 'defect', what: `${who} at ${at}: ${what}` }));
}

function verdictOf(
  { options, time, faults }: Cluster,
  trace: Trace,
  rest: Pick<Verdict, 'findings' | 'convergedMs' | 'counts'>,
): Verdict {
  return {
    options,
    hash: trace.hash,
    events: trace.count,
    virtualMs: time.now,
    crashedAt: [...faults.crashedAt],
    timeline: faults.timeline,
    ...rest,
  };
}
