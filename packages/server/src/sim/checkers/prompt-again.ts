// L2. Soon after healing fires are decided when they are due again, by the store's clock.

import type { Checker } from './checker.ts';

/** Until masters are there again: one may be in the middle of a stop. */
const backMs = 12_000;
const lateMostMs = 1000;

export const promptAgain: Checker = {
  id: 'L2',
  promise: 'after healing fires are on time again',
  check({ history, clock, healedAt, schedules }) {
    const from = clock.at(healedAt + backMs);
    // A clock that was ahead before may have decided such times in the middle of the trouble.
    return history.flatMap(({ id, at, when, fire }) => {
      if (fire === null || when < healedAt + backMs || fire.fireAt < from || at - fire.fireAt <= lateMostMs) return [];
      const name = schedules.get(id)?.name ?? id;
      return [`${name} at ${fire.fireAt} was decided ${at - fire.fireAt} ms late, after healing`];
    });
  },
};
