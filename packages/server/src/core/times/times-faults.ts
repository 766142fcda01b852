// Collects what is wrong with the times of a schedule, so that one answer tells all of it, each with its place in the schedule.

import { type ErrorCode, type Fault, Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../limits.ts';

export class TimesFaults {
  readonly #faults: Fault[] = [];
  #code: ErrorCode | null = null;
  #cause: unknown;

  add(code: ErrorCode, pointer: string, detail: string): void {
    this.#code ??= code;
    if (this.#faults.length < serverLimits.faults) this.#faults.push({ pointer, detail });
  }

  /** Null when it was refused; the refusal's faults are kept, below `place`. */
  at<T>(place: string, act: () => T): T | null {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#cause ??= error.cause;
      for (const { pointer, detail } of error.faults) this.add(error.code, place + pointer, detail);
      return null;
    }
  }

  throwAny(): void {
    if (this.#code === null) return;
    throw new Refusal(this.#code, this.#faults[0]?.detail ?? '', { faults: this.#faults, cause: this.#cause });
  }
}
