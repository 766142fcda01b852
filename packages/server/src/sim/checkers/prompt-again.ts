// L2. Soon after healing fires are decided when they are due again, by the store's clock. After a restore nothing fires until somebody has
// chosen what becomes of the gap, so there it counts from its end.

import { masterDefaults } from '../../master/deps.ts';
import type { Checker } from './checker.ts';
import { gapClosedAt, restores } from './lost-history.ts';

/** Until masters are there again: one may be in the middle of a stop. */
const backMs = 12_000;
const lateMostMs = 1000;
/** Where no signal ever comes, the next time of a fixed delay is seen when a master looks by itself. */
const unheardMostMs = lateMostMs + masterDefaults.pollMs;

export const promptAgain: Checker = {
  id: 'L2',
  promise: 'after healing fires are on time again',
  check(evidence) {
    const { history, clock, healedAt, schedules, options, truth } = evidence;
    const closedAt = restores(evidence).map((restore) => gapClosedAt(evidence, restore) ?? 0);
    const backAt = Math.max(healedAt, ...closedAt) + backMs;
    const from = clock.at(backAt);
    // A clock that was ahead before may have decided such times in the middle of the trouble.
    return history.flatMap(({ id, at, when, fire }) => {
      if (fire === null || when < backAt || fire.fireAt < from) return [];
      const { namespace, name } = schedules.get(id) ?? { namespace: '', name: id };
      const eras = truth.eras.get(`${namespace} ${name}`) ?? [];
      const isUnheard = options.signals.loss === 1 && eras.some((era) => era.timing.kind === 'delay');
      if (at - fire.fireAt <= (isUnheard ? unheardMostMs : lateMostMs)) return [];
      return [`${name} at ${fire.fireAt} was decided ${at - fire.fireAt} ms late, after healing`];
    });
  },
};
