// Known bugs of backfills. As in mutations.ts: put into a copy of the sources only.

import type { Mutation } from './mutation.ts';

const server = 'packages/server/src';

export const backfillMutations: readonly Mutation[] = [
  {
    name: 'backfill-ignores-active',
    bug: 'a backfill makes as many runs as it can, whatever is unfinished',
    edits: [
      {
        file: `${server}/master/backfilling.ts`,
        find: 'Math.min(held.active - held.open, serverLimits.backfillStep)',
        replace: 'serverLimits.backfillStep',
      },
    ],
    foundBy: ['B1'],
  },
  {
    name: 'backfill-ends-early',
    bug: 'a backfill takes a full page for the last one',
    edits: [
      {
        file: `${server}/master/backfilling.ts`,
        find: 'exhausted: next.length < page',
        replace: 'exhausted: next.length <= page',
      },
    ],
    foundBy: ['B1'],
  },
  {
    name: 'backfill-position-stays',
    bug: 'a backfill does not move on, so its times are decided again',
    edits: [
      {
        file: `${server}/store/backfills.ts`,
        find: 'update backfill set position = $2,',
        replace: 'update backfill set position = coalesce(position, $2),',
      },
    ],
    foundBy: ['defect', 'B1'],
  },
  {
    name: 'backfill-without-key',
    bug: 'a request for a backfill that is repeated because its answer was lost begins another',
    edits: [
      {
        file: `${server}/master/backfills.ts`,
        find: 'const holder = key === null ? id : await',
        replace: 'const holder = key !== null ? id : await',
      },
    ],
    foundBy: ['B1'],
  },
];
