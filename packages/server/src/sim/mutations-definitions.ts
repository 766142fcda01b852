// Known bugs of definitions: zones, calendars, counts, late pauses, and of the audit. As in mutations.ts: put into a copy of the
// sources only.

import type { Mutation } from './mutation.ts';

const server = 'packages/server/src';

export const definitionMutations: readonly Mutation[] = [
  {
    name: 'remembered-job-unchecked',
    bug: 'a new run is made of a job as a master remembers it, although it was disabled or changed since',
    edits: [
      {
        file: `${server}/store/runs-submit-fresh.ts`,
        find: 'const changed = `not coalesce',
        replace: 'const changed = `false and not coalesce',
      },
    ],
    foundBy: ['S9'],
  },
  {
    name: 'gap-is-gap',
    bug: 'a fixed time of the day that the clock skips comes after the gap, though it is to come before it or not at all',
    edits: [
      {
        file: `${server}/core/wall-fires.ts`,
        find: "const gap = timing.fixed ? rules.gap : 'skip';\n  for (",
        replace: "const gap = timing.fixed ? 'after' : 'skip';\n  for (",
      },
    ],
    foundBy: ['S2', 'S4'],
  },
  {
    name: 'calendar-stays-old',
    bug: 'a changed calendar leaves the schedules that use it under its old version',
    edits: [
      {
        file: `${server}/master/definition-writes.ts`,
        find: 'for (const schedule of calendars.dependents) {',
        replace: 'for (const schedule of calendars.dependents.slice(0, 0)) {',
      },
    ],
    foundBy: ['S2', 'S4'],
  },
  {
    name: 'every-change-begins-anew',
    bug: 'whatever changes of a schedule, its intervals and counts begin anew',
    edits: [
      {
        file: `${server}/core/definition-plan.ts`,
        find: 'return sameValues(stored.spec, wanted, counted) ? stored.anchorAt : now;',
        replace: 'return sameValues(stored.spec, wanted, counted) ? now : now;',
      },
    ],
    foundBy: ['S2', 'S4'],
  },
  {
    name: 'late-pause-rolls-back',
    bug: 'a pause that comes too late rolls the last fire back with its refusal, so that it comes after the answer',
    edits: [
      {
        file: `${server}/master/definitions.ts`,
        find: 'return { value: refusal, written: decided.length > 0, decided };',
        replace: 'throw refusal;',
      },
    ],
    foundBy: ['S9'],
  },
  {
    name: 'audit-sees-nothing',
    bug: 'the audit expects what it finds',
    edits: [
      {
        file: `${server}/core/audit.ts`,
        find: 'this.#expected += expected.length;',
        replace: 'this.#expected += 0 * expected.length;',
      },
    ],
    foundBy: ['A1'],
  },
];
