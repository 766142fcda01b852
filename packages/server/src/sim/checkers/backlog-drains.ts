// L4. When nothing new comes the backlog only gets smaller, and recovery is no storm: what a master asks of the store stays in
// proportion to what is done there and to what its clients ask of it.

import type { Checker } from './checker.ts';

/** Statements of one master in one second: when nothing changes, for each change of a row that all masters make then, and for
 * each call of the API or result that reached it then or just before. Calls that waited while it was paused arrive all at once,
 * and a worker of another make tells results again that changed what they could long ago. */
const idleMost = 200;
const perChange = 4;
const perCall = 10;
const perResult = 4;

export const backlogDrains: Checker = {
  id: 'L4',
  promise: 'after healing the backlog drains, without a storm of requests',
  check({ history, healedAt, recovery: { looks, statements, calls, results } }) {
    const found: string[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (const { when, unfinished } of looks) {
      if (unfinished === null) continue;
      if (unfinished > least) found.push(`at ${when} there were ${unfinished} unfinished runs after ${least}`);
      least = Math.min(least, unfinished);
    }
    const changes: number[] = [];
    for (const { when } of history) {
      const second = Math.floor((when - healedAt) / 1000);
      if (second >= 0) changes[second] = (changes[second] ?? 0) + 1;
    }
    for (const [master, seconds] of statements) {
      seconds.forEach((count, second) => {
        const done = changes[second] ?? 0;
        const asked = lately(calls.get(master), second);
        const told = lately(results.get(master), second);
        if (count > idleMost + perChange * done + perCall * asked + perResult * told)
          found.push(
            `${master} asked the store ${count} times in second ${second} after healing, for ${done} changes, ${asked} calls and ${told} results`,
          );
      });
    }
    return found;
  },
};

/** In this second and the one before. */
function lately(counts: readonly number[] | undefined, second: number): number {
  return (counts?.[second] ?? 0) + (counts?.[second - 1] ?? 0);
}
