// L2. Soon after healing fires are decided when they are due again, by the store's clock.

import type { Checker } from './checker.ts';

/** Until masters are there again: one may be in the middle of a stop. */
const backMs = 12_000;
const lateMostMs = 1000;

export const promptAgain: Checker = {
  id: 'L2',
  promise: 'after healing fires are on time again',
  check({ fires, clock, healedAt, schedules }) {
    const from = clock.at(healedAt + backMs);
    return fires
      .filter(({ fireAt, decidedAt }) => fireAt >= from && decidedAt - fireAt > lateMostMs)
      .map(({ scheduleId, fireAt, decidedAt }) => {
        const name = schedules.get(scheduleId)?.name ?? scheduleId;
        return `${name} at ${fireAt} was decided ${decidedAt - fireAt} ms late, after healing`;
      });
  },
};
