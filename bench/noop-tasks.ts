// Tasks that do nothing, so that what is measured is Tidewheel and not the work.

import { task } from '@tidewheel/sdk';
import { nowMs } from './wall-clock.ts';

export const noop = task({ id: 'noop', run: () => null });

/** Answers with the milliseconds since its caller wrote the time into the payload, on the same machine. */
export const stopwatch = task({
  id: 'stopwatch',
  run: ({ input }) => nowMs() - Number((input as { sentAt: number }).sentAt),
});
