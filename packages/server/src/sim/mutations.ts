// Known bugs, each as a change of the sources that puts it back. The simulator must find every one of them within a bounded
// number of seeds: a checker that finds nothing proves nothing unless it is known what it would find.
// They are put into a copy of the sources only (see command/mutate.ts); a text that no longer occurs fails a test.

import type { Mutation } from './mutation.ts';
import { backfillMutations } from './mutations-backfills.ts';
import { coordinationMutations } from './mutations-coordination.ts';
import { definitionMutations } from './mutations-definitions.ts';
import { lossMutations } from './mutations-losses.ts';
import { timeMutations } from './mutations-time.ts';

const server = 'packages/server/src';
const sdk = 'packages/sdk/src';

/** Seeds that a mutation is given, from 1 on. */
export const mutationSeeds = 100;

export const mutations: readonly Mutation[] = [
  {
    name: 'dispatch-before-commit',
    bug: 'a claimed run is handed to its worker before the commit that made it its own (D8)',
    edits: [
      {
        file: `${server}/master/intake.ts`,
        find: `const submitted = (await plan.writeFresh()) ?? (await this.#context.db.transaction((tx) => plan.write(tx)));`,
        replace: `const submitted = await this.#context.db.transaction(async (tx) => {
        const written = await plan.write(tx);
        await this.#deliverOffers(plan, written);
        return written;
      });`,
      },
    ],
    foundBy: ['E1'],
  },
  {
    name: 'answer-before-commit',
    bug: 'a trigger is acknowledged before its commit',
    edits: [
      {
        file: `${server}/master/intake.ts`,
        find: '    return this.#commits.submit({',
        replace: `    void this.#commits
      .submit({ namespace, requests, runIds, payloads, key, record })
      .catch(() => undefined);
    if (runIds.length > 0) return runIds.map((runId) => ({ runId, created: true }));
    return this.#commits.submit({`,
      },
    ],
    foundBy: ['S8'],
  },
  {
    name: 'request-key-forgotten',
    bug: 'a request that is repeated under one key makes its runs again',
    edits: [
      {
        file: `${server}/master/intake-keys.ts`,
        find: 'return first === undefined ? own : runIdAfter(first, index);',
        replace: 'return first === undefined || index > 0 ? own : runIdAfter(first, index);',
      },
    ],
    foundBy: ['S8'],
  },
  {
    name: 'unknown-as-refused',
    bug: 'a commit of unknown outcome is answered as if nothing had been done',
    edits: [
      {
        file: `${server}/master/intake.ts`,
        find: "new Refusal('OUTCOME_UNKNOWN', 'the store did not acknowledge the runs', { retryAfterSeconds: 1 })",
        replace: "new Refusal('UNAVAILABLE', 'the store did not acknowledge the runs', { retryAfterSeconds: 1 })",
      },
    ],
    foundBy: ['S8'],
  },
  {
    name: 'fire-before-commit',
    bug: 'fired runs that were given a slot are sent to their workers before the commit, so those of a rolled-back fire are executed',
    edits: [
      {
        file: `${server}/master/firing.ts`,
        find: "failpoints.reach('fire.before-commit');",
        replace:
          "offers.release();\n      await this.#dispatcher.deliver(decided.direct, 'direct');\n      failpoints.reach('fire.before-commit');",
      },
    ],
    foundBy: ['E1'],
  },
  {
    name: 'unreadable-as-refused',
    bug: 'a commit of unknown outcome that cannot be read back is answered as if nothing had been done (found by the simulator)',
    edits: [
      {
        file: `${server}/master/intake.ts`,
        find: `if (existing.length > 0) return plan.answers();
    } catch (error) {
      if (!isPassing(error)) throw error;`,
        replace: `if (existing.length > 0) return plan.answers();
    } catch (error) {
      throw error;`,
      },
    ],
    foundBy: ['S8'],
  },
  {
    name: 'no-cursor-move',
    bug: 'a fire does not move its schedule on, so its nominal time is decided again',
    edits: [
      {
        file: `${server}/store/fires.ts`,
        find: 'update schedule set cursor = x.cursor, next_fire_at = x.next_fire_at,',
        replace: 'update schedule set cursor = schedule.cursor, next_fire_at = schedule.next_fire_at,',
      },
    ],
    foundBy: ['defect', 'S4', 'S1'],
  },
  {
    name: 'cursor-jumps-to-now',
    bug: 'the cursor moves to the present instead of to the last decided time, so times in between are lost',
    edits: [
      {
        file: `${server}/store/fires.ts`,
        find: 'const rows = await lock(',
        replace:
          'await tx.query("update schedule set cursor = next_fire_at where state = \'enabled\' and next_fire_at < now_ms() - 3000");\n  const rows = await lock(',
      },
    ],
    foundBy: ['S4'],
  },
  {
    name: 'fires-early',
    bug: 'a clock that is ahead of the store decides what is due',
    edits: [
      {
        file: `${server}/store/fires.ts`,
        find: 'next_fire_at <= now_ms() and',
        replace: 'next_fire_at <= now_ms() + 1500 and',
      },
      {
        file: `${server}/store/fires.ts`,
        find: 'now_ms() as now from',
        replace: 'now_ms() + 1500 as now from',
      },
      {
        file: `${server}/master/firing.ts`,
        find: 'next.at <= next.now;',
        replace: 'next.at <= next.now + 1500;',
      },
    ],
    foundBy: ['S3'],
  },
  {
    name: 'compare-run-only',
    bug: 'a report counts for whatever attempt is current, so a lost attempt decides over its successor',
    edits: [
      {
        file: `${server}/store/runs-report.ts`,
        find: "where run.id = x.run_id and run.attempt_id = x.attempt_id and ${tx.dialect.notByIndex('run.session_id')} = x.session_id",
        replace: 'where run.id = x.run_id and run.attempt_id is not null',
      },
      {
        file: `${server}/store/runs-report.ts`,
        find: 'return new Map(rows.map((row) => [row.attempt_id, row]));',
        replace:
          'return new Map(results.flatMap((result) => rows.filter((row) => row.id === result.runId).map((row) => [result.attemptId, row] as const)));',
      },
    ],
    foundBy: ['E1', 'S6', 'S7'],
  },
  {
    name: 'dead-session-reports',
    bug: 'results of a session that is dead are accepted',
    edits: [
      {
        file: `${server}/store/runs-report.ts`,
        find: ") r join session s on s.id = r.session_id where s.state <> 'dead'`",
        replace: ') r join session s on s.id = r.session_id`',
      },
    ],
    foundBy: ['S6'],
  },
  {
    name: 'dead-session-claims',
    bug: 'a run is given to a session without asking whether it lives',
    edits: [
      {
        file: `${server}/store/runs-claim.ts`,
        find: " and s.state = 'live' and s.expires_at > now_ms()",
        replace: '',
      },
    ],
    foundBy: ['S6'],
  },
  {
    name: 'ignore-nonce',
    bug: 'a heartbeat renews the lease although its worker does not hear the answers',
    edits: [
      {
        file: `${server}/master/renewals.ts`,
        find: 'if (nonce !== link.nonce) return;',
        replace: 'if (nonce === "") return;',
      },
    ],
    foundBy: ['L3'],
  },
  {
    name: 'no-self-fence',
    bug: 'a worker goes on with its attempts although its lease has run out',
    edits: [
      {
        file: `${sdk}/worker/lease.ts`,
        find: 'return this.#deadline !== null && now >= this.#deadline;',
        replace: 'return this.#deadline !== null && now < 0;',
      },
      {
        file: `${sdk}/worker/session.ts`,
        find: 'if (!this.#fencedByTime()) this.#watchLease();',
        replace: 'void 0;',
      },
    ],
    foundBy: ['S10o'],
  },
  {
    name: 'lease-from-answer',
    bug: 'a worker counts its lease from the answer instead of from the moment it asked',
    edits: [
      {
        file: `${sdk}/worker/session.ts`,
        find: 'this.#lease.acknowledged(message.nonce)',
        replace: 'this.#lease.acknowledged(message.nonce, this.#deps.clock.monotonicMs())',
      },
      {
        file: `${sdk}/worker/lease.ts`,
        find: 'acknowledged(nonce: string): boolean {',
        replace: 'acknowledged(nonce: string, now: number): boolean {',
      },
      { file: `${sdk}/worker/lease.ts`, find: 'this.#extend(this.#firstSentAt);', replace: 'this.#extend(now);' },
    ],
    foundBy: ['S10o'],
  },
  {
    name: 'guess-at-most-once',
    bug: 'a lost attempt of an at-most-once job is tried again',
    edits: [
      {
        file: `${server}/core/run.ts`,
        find: "if (facts.spec.delivery === 'at-most-once') return { to: 'final', state: 'lost' };",
        replace: '',
      },
    ],
    foundBy: ['S10'],
  },
  {
    name: 'result-sent-once',
    bug: 'a worker forgets a result when it has sent it instead of when it is acknowledged',
    edits: [
      {
        file: `${sdk}/worker/outbox.ts`,
        find: 'messages.push(out.result);',
        replace: 'messages.push(out.result);\n        out.result = null;',
      },
    ],
    foundBy: ['L3'],
  },
  {
    name: 'no-reconciling',
    bug: 'claims of which the master learned too late are never delivered',
    edits: [
      {
        file: `${server}/master/renewals.ts`,
        find: "await this.#dispatcher.deliver(unknown, 'again');",
        replace: 'void unknown;',
      },
    ],
    foundBy: ['L3'],
  },
  ...coordinationMutations,
  ...backfillMutations,
  ...timeMutations,
  ...definitionMutations,
  ...lossMutations,
];
