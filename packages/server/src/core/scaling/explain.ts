// A decision in words: what was seen, what it asks for, what is done about it, and what stands in the way with what that costs.

import { formatDuration, type PoolDefinition, type ScalingBound } from '@tidewheel/protocol';
import type { Demand } from './demand.ts';
import type { Motion } from './motion.ts';
import type { Room } from './room.ts';
import type { ManualOrders } from './scaling-input.ts';
import type { Standing } from './standing.ts';
import type { Wish } from './wish.ts';

export interface Explained {
  readonly definition: PoolDefinition;
  readonly now: number;
  readonly demand: Demand;
  readonly wish: Wish;
  readonly standing: Standing;
  readonly room: Room;
  readonly manual: ManualOrders['scale'];
  readonly motion: Motion;
  readonly wanted: number;
  readonly bounds: readonly ScalingBound[];
  readonly drain: readonly string[];
  readonly undrain: readonly string[];
}

export function explain(explained: Explained): string {
  const { manual, demand, wish, definition } = explained;
  const seen = manual === null ? seenText(demand, wish, definition) : orderedText(manual);
  return [seen, doneText(explained), ...explained.bounds.map((bound) => boundText(bound, explained))]
    .filter((text) => text !== '')
    .join(' ');
}

export function explainUnchanged(definition: PoolDefinition, frozen: ManualOrders['frozen'], count: number): string {
  if (!definition.enabled) return `The pool is disabled: ${workersText(count)} stay as they are.`;
  const until = frozen?.until ?? null;
  const end = until === null ? 'until that is lifted' : `until ${momentText(until)}`;
  return `Frozen ${end} (${frozen?.reason ?? ''}): ${workersText(count)} stay as they are.`;
}

function enoughText({ slots }: Wish): string {
  const count = Math.ceil(slots);
  return count === 1 ? '1 slot lets' : `${numberText(count)} slots let`;
}

function runningText(count: number): string {
  if (count === 0) return 'none runs';
  return count === 1 ? '1 runs' : `${numberText(count)} run`;
}

function seenText(demand: Demand, wish: Wish, { policy }: PoolDefinition): string {
  const share = `${numberText(policy.share * 100)} %`;
  const slots = numberText(Math.ceil(wish.slots));
  switch (wish.reason) {
    case 'nothing':
      return 'Nothing waits, nothing runs and nothing is coming.';
    case 'coming': {
      const first = demand.comingInMs ?? 0;
      const when = first <= 0 ? 'now' : `in ${aboutText(first)}`;
      return `${runsText(demand.comingRuns)} coming by the calendar, most of them ${when}: ${enoughText(wish)} them begin within ${aboutText(policy.wait)}.`;
    }
    case 'waiting':
      return `${waitingText(demand)} and ${runningText(demand.running)}: ${enoughText(wish)} them begin within ${aboutText(policy.wait)}.`;
    case 'cpu': {
      const { cores, coresKnown } = wish.usage;
      return `${workersText(coresKnown)} use ${numberText(cores)} cores; ${workersText(wish.workers)} keep that at ${numberText(policy.cpu ?? 0)} each.`;
    }
    case 'steady': {
      const rate = `${numberText(demand.arrivalsPerSecond)} runs arrive per second and take ${aboutText(demand.runMs)}`;
      const room = `with ${slots}, ${share} begin within ${aboutText(policy.wait)}`;
      return `${rate}: ${numberText(demand.offered)} slots are busy on average; ${room} and no more than ${numberText(policy.utilisation * 100)} % are busy.`;
    }
  }
}

function orderedText({ workers, until, reason }: NonNullable<ManualOrders['scale']>): string {
  const end = until === null ? 'until it is taken back' : `until ${momentText(until)}`;
  return `${workersText(workers)} are ordered by hand ${end} (${reason}).`;
}

function doneText({ standing, wanted, drain, undrain, wish }: Explained): string {
  const { base, live, starting, ending } = standing;
  const there = starting > 0 ? `${live} work, ${starting} start` : `${live} work`;
  const acts: string[] = [];
  if (undrain.length > 0) acts.push(`${undrain.length} that drained ${isAre(undrain.length)} taken back`);
  if (drain.length > 0) acts.push(`${drain.length} idle or soonest idle ${isAre(drain.length)} drained`);
  if (ending > 0) acts.push(`${ending} end soon and are replaced`);
  const more = acts.length === 0 ? '' : `; ${acts.join(', ')}`;
  if (wanted !== base) return `From ${base} to ${workersText(wanted)} (${there}${more}).`;
  const wished = wish.workers === wanted ? '' : `, ${wish.workers} wished for`;
  return `${workersText(wanted)} as before (${there}${wished}${more}).`;
}

function boundText(bound: ScalingBound, explained: Explained): string {
  const { definition, now, wanted } = explained;
  const { until } = explained.motion;
  const { policy, min, max, shared, cost } = definition;
  const left = until === null ? '' : ` for another ${aboutText(Math.max(0, until - now))}`;
  switch (bound) {
    case 'min':
      return `The pool keeps its minimum of ${min}.`;
    case 'max':
      return `The pool is at its maximum of ${max}${costOfBound(explained)}.`;
    case 'shared': {
      const words = `The maximum of ${shared?.max ?? 0} shared as ${shared?.name ?? ''}`;
      return `${words} leaves this pool ${Math.min(explained.room.most, Math.max(explained.room.free, wanted))}${costOfBound(explained)}.`;
    }
    case 'budget':
      return `The budget of ${cost?.budgetPerHour ?? 0} ${cost?.unit ?? ''} an hour buys ${explained.room.most}${costOfBound(explained)}.`;
    case 'step':
      return 'The step of the policy goes no further at once.';
    case 'stabilize':
      return until === null
        ? `Within the last ${aboutText(policy.in.stabilize)} more were wished for.`
        : `The wish has to hold${left}.`;
    case 'cooldown':
      return `The pool rests from its last change${left}.`;
    case 'hysteresis':
      return `Fewer could not do ${numberText(policy.hysteresis * 100)} % more than is asked for: too small a change.`;
    case 'maintenance':
      return `Nothing is let go during maintenance${left}.`;
    case 'manual':
    case 'frozen':
    case 'driver':
      return '';
  }
}

/** What a bound that holds a pool back costs in waiting. */
function costOfBound({ demand, wish, wanted, definition }: Explained): string {
  if (wanted >= wish.workers) return '';
  const spare = wanted * wish.slotsPerWorker - demand.offered;
  const wished = `: ${wish.workers} are wished for`;
  if (spare <= 0) {
    return `${wished}, and more arrives than these can do, so the queue grows by ${numberText(-spare)} seconds of work each second`;
  }
  const waitMs = ((demand.waitingSeconds + demand.comingSeconds) * 1000) / spare;
  if (waitMs <= definition.policy.wait) return wished;
  return `${wished}, and the last of what waits or comes begins after about ${aboutText(waitMs)} instead of ${aboutText(definition.policy.wait)}`;
}

function waitingText({ ready, waitingSeconds, oldestWaitMs }: Demand): string {
  const verb = ready === 1 ? '1 run waits' : `${numberText(ready)} runs wait`;
  return `${verb} (${aboutText(waitingSeconds * 1000)} of work, the oldest for ${aboutText(oldestWaitMs)})`;
}

function runsText(runs: number): string {
  return runs === 1 ? '1 run is' : `${numberText(runs)} runs are`;
}

function isAre(count: number): string {
  return count === 1 ? 'is' : 'are';
}

function workersText(count: number): string {
  return count === 1 ? '1 worker' : `${count} workers`;
}

/** Whole from ten up, one place below. */
function numberText(value: number): string {
  return String(value >= 10 ? Math.round(value) : Math.round(value * 10) / 10);
}

function aboutText(ms: number): string {
  const unit = ms < 1000 ? 10 : ms < 3_600_000 ? 1000 : 60_000;
  return formatDuration(Math.round(ms / unit) * unit);
}

function momentText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
