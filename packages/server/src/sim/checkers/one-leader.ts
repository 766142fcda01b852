// L1. Some time after healing exactly one master leads, and it goes on to do so.

import type { Checker } from './checker.ts';

/** A master that is being stopped, a lease that runs out, a back-off and some candidacies. */
const boundMs = 30_000;

export const oneLeader: Checker = {
  id: 'L1',
  promise: 'after healing one master leads, and stays',
  check({ recovery: { looks }, healedAt }) {
    const late = looks.filter(({ when }) => when >= healedAt + boundMs);
    const wrong = late.find(({ leaders }) => leaders.length !== 1);
    if (wrong !== undefined) {
      const who = wrong.leaders.join(' and ') || 'nobody';
      return [`${wrong.when - healedAt} ms after healing ${who} led`];
    }
    const names = new Set(late.flatMap(({ leaders }) => leaders));
    return names.size <= 1 ? [] : [`after healing the leadership went on changing: ${[...names].join(', ')}`];
  },
};
