// The leader's duty to keep the workers of pools as many as their work asks for.
//
//   read (store, platform) ──► decide (core/scaling) ──► write: decisions, who drains, who is given up ──► tell the platform
//        ▲                                                                                                      │
//        └──────────────────────────── again in a second, sooner when work arrives ─────────────────────────────┘
//
// Every round looks at what is and acts on the difference, so a round that was cut short, a lost answer or a new leader changes nothing: what
// was begun is seen in the store (who drains, who was given up) and at the platform (how many there are). Draining and giving up are
// writes of the leader's term; the platform is told after their commit, and only while the coordinator confirms the lease.

import type { PoolStatus, ScalingDecisionRow } from '@tidewheel/protocol';
import { driverFailuresTold } from '../core/pools/driver-health.ts';
import { type PoolActions, actionsOf } from '../core/pools/pool-actions.ts';
import type { PoolSession, StoreFacts } from '../core/pools/pool-facts.ts';
import { heldBelow } from '../core/pools/pool-held.ts';
import { expiredOrders, rolloutOf } from '../core/pools/pool-orders.ts';
import { sessionsOf, signalsOf } from '../core/pools/pool-signals.ts';
import {
  type DecideScaling,
  noScalingMemory,
  type PoolDecision,
  type PoolSignals,
  type ScalingMemory,
} from '../core/scaling/scaling-input.ts';
import { sleep } from '../ports/clock.ts';
import type { ScaledPool, Scalers } from '../ports/scaler.ts';
import { poolOrderEnd, poolOrdersExpire } from '../store/pool-orders.ts';
import { sessionsCordon, sessionsEnding, sessionsRelease, sessionsUncordon } from '../store/pool-sessions.ts';
import { type LedPool, type PoolKept, poolsAll, poolsKeep } from '../store/pools.ts';
import { decisionsAppend, type NewDecision } from '../store/scaling-decisions.ts';
import { decisionRow, isNews, statusDiffers, statusOf } from './decision-rows.ts';
import type { MasterContext } from './deps.ts';
import type { Duty, Leader } from './duty.ts';
import { PoolForecast, forecastDuty } from './pool-forecast.ts';
import { PoolHands } from './pool-hands.ts';
import { ScalingFacts } from './scaling-facts.ts';

/** Between rounds while something happens, while nothing does, and while there are no pools. */
const busyMs = 1000;
const quietMs = 3000;
const noPoolsMs = 60_000;
/** Definitions are read again so often, whatever the signals say. */
const poolsMs = 15_000;
/** What platforms answer later than that is for the next round. */
const platformsMs = 400;
/** How long a claim that was under way when its worker was cordoned may take to be seen. */
const claimsSettleMs = 2000;
/** What the leader keeps is written at least so often while it changes. */
const keepMs = 10_000;

/** One pool as it is led: what is remembered between rounds. */
interface Led {
  readonly pool: LedPool;
  readonly scaled: ScaledPool;
  readonly hands: PoolHands;
  memory: ScalingMemory;
  status: PoolStatus | null;
  startupMs: number | null;
  keptAtMs: number;
  /** Of the last row that was written. */
  told: ScalingDecisionRow | null;
}

/** What a round has found out of one pool. */
interface Round {
  readonly led: Led;
  readonly sessions: readonly PoolSession[];
  readonly signals: PoolSignals;
  readonly decision: PoolDecision;
  readonly actions: PoolActions;
}

export function scalingDuties(context: MasterContext, decide: DecideScaling): Duty[] {
  const forecast = new PoolForecast();
  const { signals, scalers = {} } = context;
  let unhear: (() => void)[] = [];
  const duty: Duty = {
    name: 'scaling',
    begin: (leader, wake = () => undefined) => {
      const scaling = new PoolScaling(context, leader, decide, forecast);
      unhear = [
        signals.subscribe('pools', () => {
          scaling.poolsChanged();
          wake();
        }),
        signals.subscribe('ready', () => {
          if (scaling.quiet) wake();
        }),
      ];
      return () => scaling.round();
    },
    end: () => {
      for (const one of unhear) one();
      forecast.forget();
      // Those that this master keeps running are another leader's to start from now on; what they run they finish.
      void retainAll(scalers, []).catch(context.fatal);
    },
  };
  return [duty, forecastDuty(context, forecast)];
}

async function retainAll(scalers: Scalers, pools: readonly ScaledPool[]): Promise<void> {
  for (const [kind, scaler] of Object.entries(scalers))
    await scaler.retain?.(pools.filter(({ driver }) => driver.kind === kind));
}

class PoolScaling {
  readonly #context: MasterContext;
  readonly #leader: Leader;
  readonly #decide: DecideScaling;
  readonly #forecast: PoolForecast;
  readonly #facts: ScalingFacts;
  #led = new Map<string, Led>();
  #stale = true;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** Nothing happens, so a signal may bring the next round forward. */
  quiet = true;

  constructor(context: MasterContext, leader: Leader, decide: DecideScaling, forecast: PoolForecast) {
    this.#context = context;
    this.#leader = leader;
    this.#decide = decide;
    this.#forecast = forecast;
    this.#facts = new ScalingFacts(context.db, context.clock);
  }

  poolsChanged(): void {
    this.#stale = true;
    this.#facts.ordersChanged();
  }

  async round(): Promise<number> {
    await this.#readPools();
    const led = [...this.#led.values()];
    this.quiet = led.length > 0;
    if (led.length === 0) return noPoolsMs;
    const { clock } = this.#context;
    await Promise.race([Promise.all(led.map(({ hands, scaled }) => hands.observe(scaled))), sleep(clock, platformsMs)]);
    const facts = await this.#facts.read(led.map(({ pool }) => pool));
    const rounds = this.#decideAll(led, facts);
    const released = await this.#write(rounds, facts);
    await this.#tell(rounds, released);
    const happens = rounds.some(isBusy);
    this.quiet = !happens;
    return happens ? busyMs : quietMs;
  }

  async #readPools(): Promise<void> {
    const { clock, db, scalers = {} } = this.#context;
    if (!this.#stale && clock.monotonicMs() - this.#readAtMs < poolsMs) return;
    this.#stale = false;
    this.#readAtMs = clock.monotonicMs();
    const pools = await poolsAll(db);
    this.#led = new Map(pools.map((pool) => [pool.id, this.#leadOf(pool)]));
    this.#forecast.horizonMs = pools.length === 0 ? null : horizonOf([...this.#led.values()]);
    await retainAll(
      scalers,
      [...this.#led.values()].map(({ scaled }) => scaled),
    );
  }

  /** What is remembered outlives a change of the definition, unless another driver takes over. */
  #leadOf(pool: LedPool): Led {
    const { clock, scalers = {} } = this.#context;
    const { id, namespace, name, definition } = pool;
    const { queues, labels, slots, driver } = definition;
    const scaled = { id, namespace, name, queues, labels, slots, driver };
    const before = this.#led.get(id);
    const same = before !== undefined && JSON.stringify(before.scaled.driver) === JSON.stringify(driver);
    const hands = same ? before.hands : new PoolHands(clock, scalers[driver.kind] ?? null, driver.kind === 'none');
    return {
      pool,
      scaled,
      hands,
      memory: before?.memory ?? pool.memory ?? noScalingMemory,
      status: before?.status ?? pool.status,
      startupMs: before?.startupMs ?? pool.startupMs,
      keptAtMs: before?.keptAtMs ?? Number.NEGATIVE_INFINITY,
      told: before?.told ?? null,
    };
  }

  #decideAll(all: readonly Led[], facts: StoreFacts): Round[] {
    const nowMs = this.#context.clock.monotonicMs();
    return [...Map.groupBy(all, ({ pool }) => pool.namespace).values()].flatMap((pools) => {
      const inputs = pools.map((led) => {
        const machines = led.hands.fleet?.machines ?? [];
        const sessions = sessionsOf(led.pool, facts.sessions);
        const names = machines.map(({ worker }) => worker);
        led.hands.startups.seen(nowMs, names, new Set(sessions.map(({ worker }) => worker)));
        led.startupMs = led.hands.startups.usualMs ?? led.startupMs;
        const { id, namespace, definition } = led.pool;
        const known = { id, namespace, definition, startupMs: led.startupMs };
        const signals = signalsOf(known, facts, machines, this.#forecast);
        return { led, sessions, machines, signals };
      });
      const decisions = this.#decide(
        inputs.map(({ led, signals }) => ({ definition: led.pool.definition, signals, memory: led.memory })),
      );
      return inputs.flatMap(({ led, sessions, machines, signals }, index): Round[] => {
        const decided = decisions[index];
        if (decided === undefined) return [];
        const decision = executable(led, decided);
        led.memory = decision.memory;
        const rollout = rolloutOf(facts.orders.get(led.pool.id) ?? [], led.status?.rollout?.base ?? decision.wanted);
        const { max } = led.pool.definition;
        const actions = actionsOf({ decision, sessions, machines, held: facts.held, rollout, max });
        return [{ led, sessions, signals, decision, actions }];
      });
    });
  }

  /** One transaction for all pools, if there is anything to write. Answers the sessions that were given up. */
  async #write(rounds: readonly Round[], facts: StoreFacts): Promise<ReadonlySet<string>> {
    const { clock, identity, signals } = this.#context;
    const acting = rounds.filter(({ led }) => led.hands.able);
    const list = (of: (actions: PoolActions) => readonly string[]): string[] =>
      acting.flatMap((one) => [...of(one.actions)]);
    const [cordon, uncordon, empty] = [list((a) => a.cordon), list((a) => a.uncordon), list((a) => a.empty)];
    const ending = acting.flatMap(({ actions, sessions }) =>
      actions.ending.filter(({ id, endsAt }) => sessions.find((one) => one.id === id)?.endsAt !== endsAt),
    );
    const decisions = rounds.flatMap((one): (NewDecision & { led: Led })[] => {
      const decision = decisionRow(facts.now, one.signals, one.decision, one.actions);
      return isNews(one.led.told, decision, one.actions) ? [{ led: one.led, poolId: one.led.pool.id, decision }] : [];
    });
    const kept = this.#kept(rounds, facts.now);
    const done = rounds.flatMap(({ led, actions }) => {
      const rollout = rolloutOf(facts.orders.get(led.pool.id) ?? [], 0);
      return rollout !== null && actions.rollout?.left === 0 ? [{ poolId: led.pool.id, id: rollout.id }] : [];
    });
    const expired = [...facts.orders.values()].flatMap((orders) => expiredOrders(orders, facts.now));
    const anything = [cordon, uncordon, empty, ending, decisions, kept, done, expired].some((one) => one.length > 0);
    if (!anything) return new Set();
    const changed = await this.#leader.transaction(async (tx) => {
      const moved = [
        ...(await sessionsCordon(tx, cordon)),
        ...(await sessionsUncordon(tx, uncordon)),
        ...(await sessionsEnding(tx, ending)),
      ];
      const released = await sessionsRelease(tx, empty, claimsSettleMs);
      await decisionsAppend(tx, identity, decisions);
      await poolsKeep(tx, kept);
      for (const { poolId, id } of done) await poolOrderEnd(tx, poolId, id, 'done');
      await poolOrdersExpire(tx, expired);
      return { moved, released };
    });
    for (const { led, decision } of decisions) led.told = decision;
    for (const { id } of kept) {
      const led = this.#led.get(id);
      if (led !== undefined) led.keptAtMs = clock.monotonicMs();
    }
    if (changed.moved.length > 0) signals.publish('cordons', { sessions: changed.moved });
    if (done.length + expired.length > 0) this.#facts.ordersChanged();
    for (const namespace of new Set(kept.flatMap(({ id }) => this.#led.get(id)?.pool.namespace ?? [])))
      signals.publish('changed', { namespace, topics: ['pools', 'workers'] });
    return new Set(changed.released);
  }

  /** What has become worth writing down: at once when people would notice, else now and then. */
  #kept(rounds: readonly Round[], now: number): PoolKept[] {
    const nowMs = this.#context.clock.monotonicMs();
    return rounds.flatMap(({ led, decision, actions, signals }): PoolKept[] => {
      const status = statusOf(
        now,
        led.hands,
        decision,
        actions,
        signals,
        heldBelow(led.pool.definition, decision, Number(decision.inputs['waitingSeconds'] ?? 0)),
      );
      const differs = statusDiffers(led.status, status);
      const isLate =
        nowMs - led.keptAtMs >= keepMs &&
        JSON.stringify(led.status) !== JSON.stringify({ ...status, at: led.status?.at });
      if (differs) this.#log(led, status);
      if (!differs && !isLate) return [];
      led.status = status;
      return [{ id: led.pool.id, memory: led.memory, status, startupMs: led.startupMs }];
    });
  }

  #log({ pool, status: before }: Led, status: PoolStatus): void {
    const { log } = this.#context;
    const fields = { namespace: pool.namespace, pool: pool.name };
    if (status.driver.failures === driverFailuresTold && before?.driver.failures !== driverFailuresTold)
      log.error('the platform of a pool does not do what it is told', { ...fields, error: status.driver.error });
    if (before?.wanted !== status.wanted)
      log.info('a pool is scaled', { ...fields, wanted: status.wanted, why: status.explanation });
  }

  /** After the commit, and only while the lease is confirmed: an order of a deposed leader would be fenced by nobody. */
  async #tell(rounds: readonly Round[], released: ReadonlySet<string>): Promise<void> {
    if (!this.#leader.trusted()) return;
    const telling = rounds
      .filter(({ led }) => led.hands.able)
      .map(async ({ led, actions, sessions, signals }) => {
        const gone = sessions.filter(({ id }) => released.has(id)).map(({ worker }) => worker);
        const { keep } = actions;
        const order = { count: actions.count - gone.length, release: [...actions.release, ...gone], keep };
        await led.hands.apply(led.scaled, order);
        const busy = signals.workers.filter((worker) => worker.busy > 0);
        await led.hands.working(
          led.scaled,
          busy.map(({ worker }) => worker),
        );
      });
    if (telling.length > 0) await Promise.race([Promise.all(telling), sleep(this.#context.clock, platformsMs)]);
  }
}

/** What cannot be carried out is not begun: nobody drains for a platform that does not answer. */
function executable(led: Led, decision: PoolDecision): PoolDecision {
  if (led.hands.able) return decision;
  const isAdvice = led.pool.definition.driver.kind === 'none';
  return {
    ...decision,
    drain: [],
    undrain: [],
    bounds: isAdvice || decision.bounds.includes('driver') ? decision.bounds : [...decision.bounds, 'driver'],
  };
}

function isBusy({ signals, decision, actions, sessions, led }: Round): boolean {
  return (
    signals.lanes.some(({ ready, running }) => ready + running > 0) ||
    signals.workers.some(({ state }) => state !== 'live') ||
    sessions.some(({ releasedAt }) => releasedAt !== null) ||
    decision.wanted !== signals.workers.length ||
    actions.rollout !== null ||
    (led.hands.fleet === null && led.pool.definition.driver.kind !== 'none')
  );
}

/** Far enough for what is started now, and for what somebody asked to be looked ahead. */
function horizonOf(led: readonly Led[]): number {
  const least = 10 * 60_000;
  const most = 6 * 3_600_000;
  const asked = led.map(({ pool, startupMs }) => pool.definition.policy.forecast.horizon ?? 3 * (startupMs ?? 60_000));
  return Math.min(most, Math.max(least, ...asked.map((ms) => 2 * ms + 60_000)));
}
