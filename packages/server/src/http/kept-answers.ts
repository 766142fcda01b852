// Answers to reads, kept for the time that the store is away. One is given only to the credential that was given it, for the very same
// address, and not when it is older than the bound: so nobody sees by it what they did not see before. The oldest give way.

import { serverLimits } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';

export interface OldAnswer {
  readonly text: string;
  /** By the monotonic clock. */
  readonly atMs: number;
}

export class KeptAnswers {
  readonly #clock: Clock;
  readonly #answers = new Map<string, OldAnswer>();
  #characters = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null when there is none that is young enough. */
  get(key: string): OldAnswer | null {
    const kept = this.#answers.get(key);
    if (kept === undefined) return null;
    if (this.#clock.monotonicMs() - kept.atMs <= serverLimits.keptAnswerMs) return kept;
    this.#drop(key, kept);
    return null;
  }

  put(key: string, text: string): void {
    const before = this.#answers.get(key);
    if (before !== undefined) this.#drop(key, before);
    if (text.length > serverLimits.keptAnswerChars) return;
    this.#answers.set(key, { text, atMs: this.#clock.monotonicMs() });
    this.#characters += text.length;
    for (const [oldest, answer] of this.#answers) {
      const fits = this.#answers.size <= serverLimits.keptAnswers && this.#characters <= serverLimits.keptChars;
      if (fits) return;
      this.#drop(oldest, answer);
    }
  }

  #drop(key: string, answer: OldAnswer): void {
    this.#answers.delete(key);
    this.#characters -= answer.text.length;
  }
}
