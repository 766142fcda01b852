// L4. When nothing new comes the backlog only gets smaller, and recovery is no storm: what a master asks of the store stays under a
// bound all the time, and under a much smaller one when all is done.

import type { Checker } from './checker.ts';

/** Statements of one master in one second: while it catches up. */
const stormMost = 3000;

export const backlogDrains: Checker = {
  id: 'L4',
  promise: 'after healing the backlog drains, without a storm of requests',
  check({ recovery: { looks, statements } }) {
    const found: string[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (const { when, unfinished } of looks) {
      if (unfinished === null) continue;
      if (unfinished > least) found.push(`at ${when} there were ${unfinished} unfinished runs after ${least}`);
      least = Math.min(least, unfinished);
    }
    for (const [master, seconds] of statements) {
      const most = Math.max(0, ...seconds.map((count) => count ?? 0));
      if (most > stormMost) found.push(`${master} asked the store ${most} times in one second after healing`);
    }
    return found;
  },
};
