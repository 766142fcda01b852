// Known bugs of fail-overs of the store and of restores. As in mutations.ts: put into a copy of the sources only.

import type { Mutation } from './mutation.ts';

const server = 'packages/server/src';

export const lossMutations: readonly Mutation[] = [
  {
    name: 'term-outlives-timeline',
    bug: 'a leader goes on by its term when another server of the store has taken over',
    edits: [
      {
        file: `${server}/store/terms.ts`,
        find: '`(timeline is null or timeline = ${tx.dialect.timeline})`',
        replace: '`(${tx.dialect.timeline} >= 0)`',
      },
      {
        file: `${server}/master/elector.ts`,
        find: 'if (!sameTimeline(now, before)) void',
        replace: 'if (!sameTimeline(now, before) && now.timeline < 0) void',
      },
    ],
    foundBy: ['S6l'],
  },
  {
    name: 'adoption-skipped',
    bug: 'a run whose claim the promoted standby has lost is given away, although a connected worker executes it',
    edits: [
      {
        file: `${server}/master/store-change.ts`,
        find: 'const adopted = await db.transaction((tx) => runsAdopt(tx, held));',
        replace: 'const adopted = await db.transaction((tx) => runsAdopt(tx, held.slice(held.length)));',
      },
      // What is not adopted would be told to stop before anybody else gets it.
      { file: `${server}/master/store-change.ts`, find: '    await this.#stopWhatIsLost();\n', replace: '' },
    ],
    foundBy: ['P1'],
  },
  {
    name: 'forgotten-attempt-ignored',
    bug: 'a worker says nothing when a store waits for an attempt whose result it has lost',
    edits: [
      {
        file: 'packages/sdk/src/worker/attempts.ts',
        find: "    if (taken === 'over') this.#sayForgotten(assign);\n",
        replace: "    if (taken === 'over' && assign.attemptId === '') this.#sayForgotten(assign);\n",
      },
    ],
    foundBy: ['L3'],
  },
  {
    name: 'gap-fires',
    bug: 'a restored store fires what it missed before anybody has chosen',
    edits: [
      { file: `${server}/store/fires.ts`, find: '         and ${noOpenGap}\n', replace: '' },
      {
        file: `${server}/store/fires.ts`,
        find: "where state = 'enabled' and ${noOpenGap}) as at",
        replace: "where state = 'enabled') as at",
      },
    ],
    foundBy: ['R1'],
  },
  {
    name: 'gap-is-fired-whatever-was-chosen',
    bug: 'all times of the gap are made up for, although the operator chose to skip them',
    edits: [
      {
        file: `${server}/core/fire.ts`,
        find: "choice === 'all' || (choice === 'last' && isNewest(index))",
        replace: 'choice !== undefined || isNewest(index)',
      },
    ],
    foundBy: ['R1'],
  },
  {
    name: 'gap-dispatches',
    bug: 'a restored store gives runs to workers before the gap is closed',
    edits: [
      {
        file: `${server}/store/runs-claim.ts`,
        find: "where lane_id = $1 and state = 'ready' and ${noOpenGap}",
        replace: "where lane_id = $1 and state = 'ready'",
      },
      {
        file: `${server}/store/runs-claim.ts`,
        find: "run.state = 'ready') and ${noOpenGap}`",
        replace: "run.state = 'ready')`",
      },
    ],
    foundBy: ['R1'],
  },
  {
    name: 'tokens-come-again',
    bug: 'after a restore locks are given with tokens that others hold from the time that is lost',
    edits: [
      {
        file: `${server}/store/restore-gap.ts`,
        find: '(${column} / ${step} + 1) * ${step}`',
        replace: '${column} + 0 * ${step}`',
      },
    ],
    foundBy: ['R1', 'S5'],
  },
];
