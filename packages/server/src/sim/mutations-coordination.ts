// Known bugs of leadership, locks, clocks, stops, output and rights. As in mutations.ts: put into a copy of the sources only.

import type { Mutation } from './mutation.ts';

const server = 'packages/server/src';

export const coordinationMutations: readonly Mutation[] = [
  {
    name: 'drop-term-check',
    bug: 'a leader writes without asking whether its term is over',
    edits: [
      {
        file: `${server}/store/terms.ts`,
        find: 'if (rows.length === 0) throw new Deposed(term);',
        replace: 'void rows;',
      },
    ],
    foundBy: ['S6l'],
  },
  {
    name: 'any-token-leads',
    bug: 'a term begins with a token that is not larger than the last one: of a candidate that slept, or of a restored etcd',
    edits: [
      {
        file: `${server}/store/terms.ts`,
        find: 'where id = 1 and (origin <> $1 or token < $2) returning term',
        replace: 'where id = 1 returning term',
      },
    ],
    foundBy: ['S5'],
  },
  {
    name: 'never-stands-again',
    bug: 'a master that has lost its leadership never stands for election again',
    edits: [
      {
        file: `${server}/master/elector.ts`,
        find: 'this.#notBeforeMs = this.#now() + backOffMs(farewell.reason, identity.fraction());',
        replace: 'this.#notBeforeMs = this.#now() + 3_600_000 + backOffMs(farewell.reason, identity.fraction());',
      },
    ],
    foundBy: ['L1'],
  },
  {
    name: 'cursor-follows-the-clock',
    bug: 'a change of a schedule after the clock of the store stepped back moves the cursor back with it',
    edits: [
      {
        file: `${server}/master/definition-writes.ts`,
        find: 'row === undefined) return null;\n  const cursor = Math.max(row.cursor, row.now);',
        replace: 'row === undefined) return null;\n  const cursor = row.now;',
      },
      {
        file: `${server}/master/definitions.ts`,
        find: 'stateFrom(spec, anchorAt, Math.max(row.cursor, row.now), pause, compiled, delayed)',
        replace: 'stateFrom(spec, anchorAt, row.now, pause, compiled, delayed)',
      },
    ],
    foundBy: ['S5'],
  },
  {
    name: 'lock-keeps-token',
    bug: 'a lock that changes hands keeps its token, so that it fences nobody',
    edits: [
      {
        file: `${server}/store/locks.ts`,
        find: 'token = case when ${isFree} then token + 1 else token end',
        replace: 'token = token',
      },
    ],
    foundBy: ['K1'],
  },
  {
    name: 'lock-taken-though-held',
    bug: 'a lock is given to whoever asks for it',
    edits: [
      {
        file: `${server}/store/locks.ts`,
        find: 'and ((hold = $3 and owner = $4) or ${isFree})',
        replace: 'and ((hold = $3 and owner = $4) or hold is not null or ${isFree})',
      },
    ],
    foundBy: ['K1'],
  },
  {
    name: 'lock-outlives-worker',
    bug: 'a lock that is bound to a worker is not free when the worker is lost',
    edits: [
      {
        file: `${server}/store/locks.ts`,
        find: 'where s.id = lock.session_id and ${isLive})))`;',
        replace: 'where s.id = lock.session_id)))`;',
      },
      {
        file: `${server}/store/locks.ts`,
        find: 'where s.id = lock.session_id and ${isLive}) returning',
        replace: 'where s.id = lock.session_id) returning',
      },
    ],
    foundBy: ['K2'],
  },
  {
    name: 'cancel-lost-with-worker',
    bug: 'a run whose worker is lost is tried again although its cancel was acknowledged',
    edits: [
      {
        file: `${server}/core/run.ts`,
        find: "if (facts.cancelRequested) return { to: 'final', state: 'canceled' };\n  if (countOf(facts.past, ['lost'])",
        replace: "if (countOf(facts.past, ['lost'])",
      },
    ],
    foundBy: ['S9'],
  },
  {
    name: 'pause-of-nothing',
    bug: 'a pause is acknowledged although the schedule goes on',
    edits: [
      {
        file: `${server}/master/definitions.ts`,
        find: "state === 'paused' ? null : { reason, by: actor }",
        replace: "state === 'paused' || reason !== '' ? null : { reason, by: actor }",
      },
    ],
    foundBy: ['S9'],
  },
  {
    name: 'log-stored-too-early',
    bug: 'a worker is told that its output is stored before the commit',
    edits: [
      {
        file: `${server}/master/reports.ts`,
        find: "      failpoints.reach('report.logs-stored');",
        replace:
          '      for (const { sessionId, log } of batch.logs) this.#sink.logsStored(sessionId, log.attemptId, log.seq);',
      },
    ],
    foundBy: ['S13'],
  },
  {
    name: 'any-namespace',
    bug: 'workers are given runs of other namespaces',
    edits: [
      {
        file: `${server}/core/placement.ts`,
        find: '    worker.namespace === lane.namespace &&\n',
        replace: '',
      },
    ],
    foundBy: ['S14'],
  },
  {
    name: 'any-label',
    bug: 'workers are given runs for which they do not have the labels',
    edits: [
      {
        file: `${server}/core/placement.ts`,
        find: 'worker.labels[key] === value)',
        replace: 'key.length > 0 && value.length > 0)',
      },
    ],
    foundBy: ['S14'],
  },
  {
    name: 'sleeps-over-fires',
    bug: 'firing polls instead of sleeping to the next nominal time',
    edits: [
      {
        file: `${server}/master/firing.ts`,
        find: 'return Math.min(next.at - next.now, settings.pollMs);',
        replace: 'return settings.pollMs;',
      },
    ],
    foundBy: ['L2'],
  },
  {
    name: 'sweeps-without-rest',
    bug: 'a master looks for what is due again and again without a pause',
    edits: [
      {
        file: `${server}/master/sweeping.ts`,
        find: 'return nextMs <= 0 || outlook.stranded ? heldByOthersMs : nextMs;',
        replace: 'return Math.min(nextMs, 1);',
      },
    ],
    foundBy: ['L4'],
  },
  {
    name: 'cordoned-gets-work',
    bug: 'a claim that was under way when its worker was cordoned for a pool gives it a run all the same',
    edits: [
      {
        file: `${server}/store/runs-claim.ts`,
        find: "join session s on s.id = x.session_id and s.state = 'live'",
        replace: "join session s on s.id = x.session_id and s.state <> 'dead'",
      },
    ],
    foundBy: ['S6'],
  },
  {
    name: 'unknown-fields-refused',
    bug: 'a message with a field that this version does not know is refused',
    edits: [
      {
        file: 'packages/protocol/src/wire.ts',
        find: 'export const helloSchema = z.object({',
        replace: 'export const helloSchema = z.strictObject({',
      },
    ],
    foundBy: ['defect'],
  },
];
