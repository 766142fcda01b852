// Calls to the world that may hang or fail: waited for up to a bound of one's own clock. A call that is late goes on unheard.

import type { Clock } from '../ports/clock.ts';
import { CoordinatorRefused, CoordinatorUnavailable } from '../ports/coordinator.ts';
import { isPassing } from './service.ts';

export type Answer<T> =
  | { readonly ok: true; readonly value: T; readonly tookMs: number }
  | { readonly ok: false; readonly why: string; readonly refused: boolean };

/** Defects are thrown; a late or failed answer is a value. */
export async function answerWithin<T>(clock: Clock, boundMs: number, call: () => Promise<T>): Promise<Answer<T>> {
  const startedMs = clock.monotonicMs();
  const answered = call().then(
    (value): Answer<T> => ({ ok: true, value, tookMs: clock.monotonicMs() - startedMs }),
    (error: unknown): Answer<T> => {
      if (error instanceof CoordinatorUnavailable || isPassing(error)) {
        const why = error instanceof Error ? error.message : String(error);
        return { ok: false, why, refused: error instanceof CoordinatorRefused };
      }
      throw error;
    },
  );
  const { promise: late, resolve } = Promise.withResolvers<Answer<T>>();
  const why = `no answer within ${Math.round(boundMs)} ms`;
  const timer = clock.timer(boundMs, () => resolve({ ok: false, why, refused: false }));
  try {
    return await Promise.race([answered, late]);
  } finally {
    timer.cancel();
    // A defect of a call that is late has nobody to hear it; the next call will meet it again.
    answered.catch(() => undefined);
  }
}
