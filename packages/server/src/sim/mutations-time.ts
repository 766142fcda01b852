// Known bugs of overlap rules, catching up and fixed delays. As in mutations.ts: put into a copy of the sources only.

import type { Mutation } from './mutation.ts';

const server = 'packages/server/src';

export const timeMutations: readonly Mutation[] = [
  {
    name: 'forgets-early',
    bug: 'retention keeps finished runs for half of the time that the rules say',
    edits: [
      {
        file: `${server}/store/retention.ts`,
        find: 'r.finished_at < (select now_ms()) - coalesce(',
        replace: 'r.finished_at < (select now_ms()) - 0.5 * coalesce(',
      },
    ],
    foundBy: ['D8'],
  },
  {
    name: 'waits-for-nobody',
    bug: 'a run that is to wait for the previous one of its schedule is ready at once',
    edits: [
      {
        file: `${server}/store/fire-writes.ts`,
        find: "const state = fire.waits ? 'blocked' : dueAt",
        replace: "const state = fire.waits && dueAt < 0 ? 'blocked' : dueAt",
      },
    ],
    foundBy: ['S4o'],
  },
  {
    name: 'turn-out-of-turn',
    bug: 'a run gets its turn although another one of its schedule is ready or running',
    edits: [
      {
        file: `${server}/store/turns.ts`,
        find: "where not exists (select 1 from run r where r.schedule_id = x.id and r.state <> 'blocked' and ${counts})\n     ) returning",
        replace: 'where true\n     ) returning',
      },
    ],
    foundBy: ['S4o'],
  },
  {
    name: 'turn-forgotten',
    bug: 'nobody gives the next run its turn when the previous one has ended, and no sweep looks for it',
    edits: [
      {
        file: `${server}/store/turns.ts`,
        find: 'if (scheduleIds.length === 0) return;\n  const first =',
        replace: 'if (scheduleIds.length >= 0) return;\n  const first =',
      },
    ],
    foundBy: ['L5', 'L3'],
  },
  {
    name: 'unlimited-catch-up',
    bug: 'all that was missed is made up for at once',
    edits: [
      {
        file: `${server}/store/catch-up.ts`,
        find: 'dueAt = Math.ceil(freeUs / 1000);',
        replace: 'dueAt = facts.now;',
      },
    ],
    foundBy: ['S4c'],
  },
  {
    name: 'missed-and-forgotten',
    bug: 'times that were missed are passed over without being set aside, so nobody ever decides them',
    edits: [
      {
        file: `${server}/store/fires.ts`,
        find: 'if (asides.length === 0) return;',
        replace: 'if (asides.length >= 0) return;',
      },
    ],
    foundBy: ['S4'],
  },
  {
    name: 'range-decided-twice',
    bug: 'a piece of what was missed does not move its range on, so the next piece decides it again',
    edits: [
      {
        file: `${server}/store/catch-up.ts`,
        find: 'delete from catch_up where (schedule_id, through_at) in',
        replace: 'delete from catch_up where next_at < 0 and (schedule_id, through_at) in',
      },
    ],
    foundBy: ['defect', 'S4', 'S1'],
  },
  {
    name: 'newest-missed-first',
    bug: 'what was missed is made up for in the wrong order',
    edits: [
      {
        file: `${server}/store/catch-up.ts`,
        find: 'left.fireAt - right.fireAt ||',
        replace: 'right.fireAt - left.fireAt ||',
      },
    ],
    foundBy: ['S4c'],
  },
  {
    name: 'delay-goes-on',
    bug: 'a fixed delay has its next time while its run goes on: it is resumed as if nothing was unfinished (found by the simulator)',
    edits: [
      {
        file: `${server}/master/definitions.ts`,
        find: 'delayFacts(tx, isDelay(spec) ? [id] : [])',
        replace: 'delayFacts(tx, [])',
      },
    ],
    foundBy: ['S4', 'S2', 'A1'],
  },
  {
    name: 'delay-stands-still',
    bug: 'the end of its run does not give a fixed delay its next time',
    edits: [
      {
        file: `${server}/store/turns.ts`,
        find: 'if (scheduleIds.length === 0) return;\n  await tx.query(\n    `select s.id from schedule s',
        replace: 'if (scheduleIds.length >= 0) return;\n  await tx.query(\n    `select s.id from schedule s',
      },
    ],
    foundBy: ['S4'],
  },
];
