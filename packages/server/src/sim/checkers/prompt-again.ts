// L2. Soon after healing fires are decided when they are due again, by the store's clock.

import { masterDefaults } from '../../master/deps.ts';
import type { Checker } from './checker.ts';

/** Until masters are there again: one may be in the middle of a stop. */
const backMs = 12_000;
const lateMostMs = 1000;
/** Where no signal ever comes, the next time of a fixed delay is seen when a master looks by itself. */
const unheardMostMs = lateMostMs + masterDefaults.pollMs;

export const promptAgain: Checker = {
  id: 'L2',
  promise: 'after healing fires are on time again',
  check({ history, clock, healedAt, schedules, options, truth }) {
    const from = clock.at(healedAt + backMs);
    // A clock that was ahead before may have decided such times in the middle of the trouble.
    return history.flatMap(({ id, at, when, fire }) => {
      if (fire === null || when < healedAt + backMs || fire.fireAt < from) return [];
      const { namespace, name } = schedules.get(id) ?? { namespace: '', name: id };
      const eras = truth.eras.get(`${namespace} ${name}`) ?? [];
      const isUnheard = options.signals.loss === 1 && eras.some((era) => era.timing.kind === 'delay');
      if (at - fire.fireAt <= (isUnheard ? unheardMostMs : lateMostMs)) return [];
      return [`${name} at ${fire.fireAt} was decided ${at - fire.fireAt} ms late, after healing`];
    });
  },
};
