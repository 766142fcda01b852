// The no-op that Tidewheel's workers run in a comparison: it stamps its start and is done.

import { task } from '@tidewheel/sdk';
import { nowMs } from '../wall-clock.ts';
import { stamp } from './stamps.ts';

export const stamped = task({
  id: 'stamped',
  run: ({ input }) => {
    // What a schedule fires carries nothing.
    stamp((input as { sentAt: number } | null | undefined)?.sentAt ?? nowMs());
    return null;
  },
});
