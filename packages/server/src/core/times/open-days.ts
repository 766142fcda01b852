// What calendars leave of each day of a schedule's zone: all of it, nothing, or spans where a calendar has days of another zone. A day
// is worked out once and remembered, for a search asks about the same days again and again. The memory only saves time.

import { dayMs, dayOf, type Span } from '../days.ts';
import { instantsOf } from '../zone-clock.ts';
import { type CalendarRule, remains, ruleEdge } from './calendar-rule.ts';

interface OpenDay {
  /** Instants, the second not inside. */
  readonly from: number;
  readonly until: number;
  /** What remains, in order. */
  readonly spans: readonly Span[];
}

/** Some ten years. A full memory is emptied and fills again. */
const daysKept = 4000;

export class OpenDays {
  readonly #rule: CalendarRule;
  readonly #days = new Map<number, OpenDay>();

  constructor(rule: CalendarRule) {
    this.#rule = rule;
  }

  /** The number of the day in the schedule's zone. */
  numberAt(at: number): number {
    return dayOf(at + this.#rule.clock.segmentAt(at).offset);
  }

  isOpen(at: number): boolean {
    const { from, until, spans } = this.day(this.numberAt(at));
    // A clock that is set back over midnight shows a day once more, after the day that follows it has begun.
    if (at < from || at >= until) return remains(this.#rule, at);
    return spans.some((span) => at >= span.from && at < span.to);
  }

  /** Nothing is left of the day. */
  isEmpty(number: number): boolean {
    return this.day(number).spans.length === 0;
  }

  /** Nothing of the day is taken out. */
  isWhole(number: number): boolean {
    const { from, until, spans } = this.day(number);
    return spans.length === 1 && spans[0]?.from === from && spans[0].to === until;
  }

  day(number: number): OpenDay {
    let day = this.#days.get(number);
    if (day === undefined) {
      if (this.#days.size >= daysKept) this.#days.clear();
      day = this.#workOut(number);
      this.#days.set(number, day);
    }
    return day;
  }

  #workOut(number: number): OpenDay {
    const from = this.#start(number);
    const until = this.#start(number + 1);
    const spans: { from: number; to: number }[] = [];
    for (let at = from; at < until; ) {
      const edge = Math.min(until, ruleEdge(this.#rule, at));
      const last = spans.at(-1);
      if (remains(this.#rule, at)) {
        if (last?.to === at) last.to = edge;
        else spans.push({ from: at, to: edge });
      }
      at = edge;
    }
    return { from, until, spans };
  }

  #start(number: number): number {
    const instants = instantsOf(this.#rule.clock.zone, number * dayMs);
    if (instants.kind === 'gap') return instants.change.at;
    return instants.kind === 'one' ? instants.at : instants.first;
  }
}
