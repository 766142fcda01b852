// The leader's duty to audit the fires of the last hour, again and again: the promise of the ledger is checked while it is kept, not when
// somebody asks. What it finds is a metric, a line in the log, an event, and a row that people see until they acknowledge it or the
// ledger is whole again. Schedules with nothing to audit cost a few statements for five hundred of them.

import { expectedPiece, type FireTally, stretchesOf } from '../core/audit.ts';
import type { Tx } from '../ports/database.ts';
import type { AuditedSchedule } from '../store/audit.ts';
import { type WatchSigns, watchedSchedules, watchSigns, watchStart } from '../store/audit-watch.ts';
import { CalendarCache } from '../store/calendar-cache.ts';
import { eventsAppend } from '../store/events.ts';
import {
  findingCured,
  findingPut,
  findingsForget,
  findingsKnown,
  type KnownFinding,
  type NewFinding,
  toldOf,
} from '../store/fire-findings.ts';
import { storeNow } from '../store/jobs.ts';
import { Breath } from './breath.ts';
import type { MasterContext } from './deps.ts';
import type { Duty, Leader } from './duty.ts';
import { auditEach } from './fire-audit.ts';

const rangeMs = 3_600_000;
/** Times younger than this are not expected yet. */
const graceMs = 5000;
const restMs = 60_000;
/** An audit that takes long rests longer: it may cost a twentieth of the time. */
const restShare = 20;
/** For so long it is looked whether a finding has been cured; after that it stays until somebody acknowledges it. */
const cureMs = 86_400_000;

type Findings = Record<'missing' | 'doubled' | 'unexpected', number>;

export function fireWatch(context: MasterContext): Duty {
  const { clock, metrics } = context;
  return {
    name: 'fire watch',
    begin: (leader) => async () => {
      const startedMs = clock.monotonicMs();
      const found = await new Pass(context, leader).walk();
      for (const [finding, count] of Object.entries(found)) metrics.set('tidewheel_audit_findings', count, { finding });
      return Math.max(restMs, restShare * (clock.monotonicMs() - startedMs));
    },
  };
}

/** One walk over all schedules. */
class Pass {
  readonly #context: MasterContext;
  readonly #leader: Leader;
  readonly #calendars = new CalendarCache();
  readonly #found: Findings = { missing: 0, doubled: 0, unexpected: 0 };
  #known: ReadonlyMap<string, KnownFinding> = new Map();

  constructor(context: MasterContext, leader: Leader) {
    this.#context = context;
    this.#leader = leader;
  }

  async walk(): Promise<Findings> {
    const { db, clock } = this.#context;
    const breath = new Breath(clock);
    const to = (await storeNow(db)) - graceMs;
    const from = to - rangeMs;
    this.#known = await findingsKnown(db);
    for (let place = watchStart; ; ) {
      const page = await watchedSchedules(db, place, from, to);
      const last = page.at(-1);
      if (last === undefined) break;
      const signs = await watchSigns(db, this.#calendars, page, from);
      const busy = page.filter((one) => this.#known.has(one.id) || !isQuiet(signs.get(one.id), from, to, one.cursor));
      const range = { fromOf: (one: AuditedSchedule) => this.#startOf(one, from, to), to, breath };
      for await (const { schedule, tally } of auditEach(db, this.#calendars, busy, range))
        await this.#conclude(schedule, tally, to);
      await breath.take();
      place = { jobId: last.jobId, id: last.id };
    }
    if ([...this.#known.values()].some(({ acknowledged, throughAt }) => acknowledged && throughAt < from))
      await this.#leader.transaction((tx) => findingsForget(tx, from));
    return this.#found;
  }

  /** Behind what was acknowledged; as far back as a finding that may have been cured. */
  #startOf({ id }: AuditedSchedule, from: number, to: number): number {
    const known = this.#known.get(id);
    if (known === undefined) return from;
    if (known.acknowledged) return Math.max(from, known.throughAt + 1);
    return isOld(known, to) ? from : Math.min(from, known.fromAt);
  }

  async #conclude(schedule: AuditedSchedule, tally: FireTally, to: number): Promise<void> {
    const { missing, doubled, unexpected, samples } = tally.row(schedule.name, schedule.job);
    this.#found.missing += missing;
    this.#found.doubled += doubled;
    this.#found.unexpected += unexpected;
    const known = this.#known.get(schedule.id);
    if (tally.clean) {
      if (known?.acknowledged === false && !isOld(known, to)) await this.#cure(schedule);
      return;
    }
    const first = Math.min(...samples.map(({ fireAt }) => fireAt));
    const { id: scheduleId, namespace } = schedule;
    const finding = { scheduleId, namespace, missing, doubled, unexpected, samples, fromAt: first, throughAt: to };
    if (known?.acknowledged === false && known.told === toldOf(finding)) return;
    await this.#raise(schedule, finding);
  }

  async #raise({ name, namespace }: AuditedSchedule, finding: NewFinding): Promise<void> {
    const { missing, doubled, unexpected, samples } = finding;
    const detail = { missing, doubled, unexpected, samples };
    this.#context.log.error('the audit found fires that are missing, doubled or unexpected', {
      namespace,
      schedule: name,
      missing,
      doubled,
      unexpected,
    });
    await this.#write(namespace, 'fires.findings', name, detail, async (tx) => {
      await findingPut(tx, finding);
      return true;
    });
  }

  async #cure({ id, name, namespace }: AuditedSchedule): Promise<void> {
    this.#context.log.info('the fires that the audit had found are as they should be', { namespace, schedule: name });
    await this.#write(namespace, 'fires.cured', name, null, (tx) => findingCured(tx, id));
  }

  async #write(
    namespace: string,
    action: string,
    subject: string,
    detail: unknown,
    work: (tx: Tx) => Promise<boolean>,
  ): Promise<void> {
    const { identity, signals } = this.#context;
    await this.#leader.transaction(async (tx) => {
      if (await work(tx)) await eventsAppend(tx, identity, [{ namespace, actor: 'audit', action, subject, detail }]);
    });
    signals.publish('changed', { namespace, topics: ['schedules', 'cluster'] });
  }
}

function isOld({ fromAt }: KnownFinding, to: number): boolean {
  return fromAt < to - cureMs;
}

/** Nothing was expected of it, and nothing is recorded. */
function isQuiet(signs: WatchSigns | undefined, from: number, to: number, cursor: number): boolean {
  if (signs === undefined || signs.versions === null || signs.hasRecord) return false;
  return stretchesOf(signs.versions, from, Math.min(to, cursor)).every(
    (stretch) => stretch.delay === null && expectedPiece(stretch, 1).expected.length === 0,
  );
}
