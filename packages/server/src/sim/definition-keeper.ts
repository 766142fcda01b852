// The operator of a simulation: applies the jobs, and changes them and their schedules now and then. One change of a job at a
// time, repeated until a master has answered that it is done. Who asks what when is written down, because what a
// schedule must have fired depends on it: between the first request and the answer nobody can say which version was in force.

import { applyRequestSchema } from '@tidewheel/protocol';
import type { ApiClient } from './api-client.ts';
import type { GroundTruth } from './ground-truth.ts';
import { calendarInput } from './calendar-shapes.ts';
import { type JobPlan, jobInput } from './job-plans.ts';
import type { SimOptions } from './options.ts';
import type { Random } from './random.ts';
import { boundTo, drawCalendar, drawOverlap, drawTiming, type SchedulePlan } from './schedule-plans.ts';
import type { StoreClock } from './store-clock.ts';
import type { Master } from '../master/master.ts';
import type { SimMaster } from './sim-master.ts';

export interface KeeperWorld {
  options: SimOptions;
  random: Random;
  client: ApiClient;
  masters: readonly SimMaster[];
  truth: GroundTruth;
  jobs: readonly JobPlan[];
  clock: StoreClock;
  now: () => number;
}

const actor = 'operator';
const againMs = 500;
/** How far a pause that is aimed at the last time of a schedule may miss it, either way. */
const aimMs = 60;

interface Kept {
  plan: JobPlan;
  paused: Set<string>;
  /** Schedules whose pause was refused because no time of theirs comes: another change may give them times again. */
  finished: Set<string>;
  busy: boolean;
}

export class DefinitionKeeper {
  readonly #world: KeeperWorld;
  readonly #kept: Kept[];
  #stopped = false;
  #resting = false;

  constructor(world: KeeperWorld) {
    this.#world = world;
    this.#kept = world.jobs.map((plan) => ({ plan, paused: new Set(), finished: new Set(), busy: false }));
  }

  /** Nothing is on its way. */
  get idle(): boolean {
    return this.#kept.every((kept) => !kept.busy);
  }

  get plans(): readonly JobPlan[] {
    return this.#kept.map((kept) => kept.plan);
  }

  applyAll(): void {
    for (const kept of this.#kept) this.#change(kept, kept.plan.schedules, () => undefined, apply(kept));
  }

  beginChanging(): void {
    const { client, random, options } = this.#world;
    client.process.after(random.between(1, 2 * options.changeMs), 'a change', () => {
      if (this.#stopped) return;
      const kept = random.pick(this.#kept);
      if (!this.#resting) this.#changeSomething(kept);
      this.beginChanging();
    });
  }

  /** Pauses one-shots in the moment in which they are due, so that the pause itself finds the last time, or comes just too late. */
  beginPausingLate(): void {
    const random = this.#world.random.fork('late pauses');
    for (const kept of this.#kept)
      for (const schedule of kept.plan.schedules)
        if (schedule.timing.kind === 'at' && random.chance(0.6))
          this.#pauseAt(kept, schedule, schedule.timing.at + random.between(-aimMs, aimMs));
  }

  /** Looks at the clock of the store again on the way, because it drifts and steps. */
  #pauseAt(kept: Kept, schedule: SchedulePlan, at: number): void {
    const { client, clock, now } = this.#world;
    const leftMs = at - clock.at(now());
    if (leftMs > 0) client.process.after(leftMs / 2, 'a late pause', () => this.#pauseAt(kept, schedule, at));
    else if (!this.#stopped && !this.#resting && !kept.paused.has(schedule.name))
      this.#change(kept, [schedule], () => kept.paused.add(schedule.name), pause(kept, schedule));
  }

  stopChanging(): void {
    this.#stopped = true;
  }

  /** Nothing new is changed until `goOn`: what a store may lose the operator would have to do again, and nobody knew since when it holds. */
  rest(): void {
    this.#resting = true;
  }

  goOn(): void {
    this.#resting = false;
  }

  /** Pauses every schedule that is not paused, so that the simulation can come to an end. */
  pauseAll(): void {
    for (const kept of this.#kept) this.#pauseNext(kept);
  }

  #pauseNext(kept: Kept): void {
    const { plan, paused, finished } = kept;
    const schedule = plan.schedules.find(({ name }) => !paused.has(name) && !finished.has(name));
    if (schedule === undefined) return;
    this.#change(
      kept,
      [schedule],
      () => kept.paused.add(schedule.name),
      pause(kept, schedule),
      () => this.#pauseNext(kept),
    );
  }

  #changeSomething(kept: Kept): void {
    if (kept.busy) return;
    const { random } = this.#world;
    const { plan, paused } = kept;
    const schedule = plan.schedules.length === 0 ? null : random.pick(plan.schedules);
    const draw = random.fraction();
    if (plan.calendar !== null && draw > 0.9) {
      this.#change(kept, plan.schedules, () => this.#editCalendar(plan), apply(kept));
    } else if (schedule === null || draw < 0.2) {
      this.#change(kept, plan.schedules, () => (plan.enabled = !plan.enabled), apply(kept));
    } else if (paused.has(schedule.name)) {
      this.#change(kept, [schedule], () => paused.delete(schedule.name), resume(kept, schedule));
    } else if (draw < 0.6) {
      this.#change(kept, [schedule], () => paused.add(schedule.name), pause(kept, schedule));
    } else {
      this.#change(kept, [schedule], () => this.#edit(plan, schedule), apply(kept));
    }
  }

  /** One-shots keep their time: a new one could be in the past when it arrives. */
  #edit(plan: JobPlan, schedule: SchedulePlan): void {
    const { random, options } = this.#world;
    if (random.chance(0.3)) schedule.overlap = drawOverlap(plan.name, options, random);
    if (random.chance(0.3)) schedule.misfire = { ...schedule.misfire, policy: random.pick(['skip', 'last', 'all']) };
    if (schedule.timing.kind === 'at' || schedule.timing.kind === 'in') return;
    const timing = drawTiming({ job: plan.name, calendar: plan.calendar }, options, random);
    if (timing.kind !== 'at' && timing.kind !== 'in') schedule.timing = timing;
  }

  #editCalendar(plan: JobPlan): void {
    const { random, options } = this.#world;
    if (plan.calendar === null) return;
    const calendar = drawCalendar(plan.calendar.name, options, random, plan.calendar);
    plan.calendar = calendar;
    for (const schedule of plan.schedules) schedule.timing = boundTo(calendar, schedule.timing, options);
  }

  /** `alter` changes the plan at the moment of asking; `schedules` are those whose version this changes. */
  #change(
    kept: Kept,
    schedules: readonly SchedulePlan[],
    alter: () => unknown,
    request: Request,
    then: () => void = () => undefined,
  ): void {
    const { truth, now } = this.#world;
    if (kept.busy) return;
    kept.busy = true;
    alter();
    const eras = schedules.map((schedule) => {
      kept.finished.delete(schedule.name);
      const era = {
        timing: schedule.timing,
        overlap: schedule.overlap,
        misfire: schedule.misfire,
        enabled: !kept.paused.has(schedule.name),
        jobEnabled: kept.plan.enabled,
        sentAt: now(),
        doneAt: Number.POSITIVE_INFINITY,
      };
      truth.erasOf(kept.plan.namespace, schedule.name).push(era);
      return era;
    });
    this.#ask(kept, request, () => {
      for (const era of eras) era.doneAt = now();
      kept.busy = false;
      then();
    });
  }

  #ask(kept: Kept, request: Request, done: () => void): void {
    // The change is over when it is done and no given-up try of it can be carried out any more.
    let isDone = false;
    let tries = 0;
    const finish = (): void => {
      if (isDone && tries === 0) done();
    };
    const ask = (afterUnknown: boolean): void => {
      tries += 1;
      this.#try(
        kept,
        request,
        afterUnknown,
        (again) => {
          if (again === null) isDone = true;
          else this.#world.client.process.after(againMs, 'again', () => ask(again));
          finish();
        },
        () => {
          tries -= 1;
          finish();
        },
      );
    };
    ask(false);
  }

  /** `next`: null when the change is done, else whether an unanswered try lies before the next one. */
  #try(
    kept: Kept,
    request: Request,
    afterUnknown: boolean,
    next: (afterUnknown: boolean | null) => void,
    over: () => void,
  ): void {
    const { client, masters, random, truth, now } = this.#world;
    const { namespace, name, schedules } = kept.plan;
    const sentAt = now();
    const subjects = [name, ...schedules.map((schedule) => schedule.name)];
    client.call(
      random.pick(masters),
      request.what,
      request.work,
      (answer) => {
        truth.changes.push({ namespace, subjects, sentAt, afterUnknown, answeredAt: now(), answer });
        if (answer.kind === 'done') return next(null);
        if (answer.kind === 'refused' && request.settledBy.includes(answer.code)) {
          request.onRefusal?.();
          return next(null);
        }
        if (answer.kind === 'refused' && !passing.includes(answer.code)) {
          const what = `${request.what} was refused: ${answer.code} ${answer.detail}`;
          truth.defects.push({ at: now(), who: 'operator', what });
          return;
        }
        next(afterUnknown || answer.kind === 'unknown');
      },
      over,
    );
  }
}

const passing = [
  'UNREACHABLE',
  'UNAVAILABLE',
  'STORE_UNREACHABLE',
  'SHUTTING_DOWN',
  'TOO_MANY_REQUESTS',
  'RESTORE_GAP',
];

interface Request {
  what: string;
  work: (master: Master) => Promise<unknown>;
  /** Refusals that mean that an earlier try of the same request was carried out, or that there is nothing to do. */
  settledBy: readonly string[];
  onRefusal?: () => void;
}

function apply(kept: Kept): Request {
  const { plan } = kept;
  return {
    what: `apply ${plan.namespace}/${plan.name}`,
    work: (master) =>
      master.definitions.apply(
        plan.namespace,
        actor,
        applyRequestSchema.parse({
          jobs: [jobInput(plan)],
          calendars: plan.calendar === null ? [] : [calendarInput(plan.calendar)],
          source: plan.name,
        }),
        { role: 'operator' },
      ),
    settledBy: [],
  };
}

function pause(kept: Kept, schedule: SchedulePlan): Request {
  return {
    what: `pause ${schedule.name}`,
    work: (master) => master.definitions.schedulePause(kept.plan.namespace, actor, schedule.name, 'a change'),
    settledBy: ['CONFLICT'],
    onRefusal: () => {
      kept.paused.delete(schedule.name);
      kept.finished.add(schedule.name);
    },
  };
}

function resume(kept: Kept, schedule: SchedulePlan): Request {
  return {
    what: `resume ${schedule.name}`,
    work: (master) => master.definitions.scheduleResume(kept.plan.namespace, actor, schedule.name),
    settledBy: ['CONFLICT'],
  };
}
