// The no-op that Tidewheel's workers run in a comparison: it stamps its start and is done.

import { task } from '@tidewheel/sdk';
import { stamp } from './stamps.ts';

export const stamped = task({
  id: 'stamped',
  run: ({ input }) => {
    stamp((input as { sentAt: number }).sentAt);
    return null;
  },
});
