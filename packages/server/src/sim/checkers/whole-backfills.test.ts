import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../evidence.ts';
import { facts, finalRun, kept, row } from './flawless-history.ts';
import { wholeBackfills } from './whole-backfills.ts';

const hour = 3_600_000;
const times = [0, hour, 2 * hour];

/** A backfill of three hours, one run after the other, that is done. */
function done(): Evidence {
  const evidence = kept();
  evidence.truth.erasOf('default', 'hourly').push({
    timing: { kind: 'cron', shape: { second: null, minute: { list: [0] }, hour: { any: true }, zone: 'UTC' } },
    overlap: 'allow',
    misfire: { policy: 'skip', window: 60_000, max: 1, grace: 1000 },
    enabled: true,
    jobEnabled: true,
    sentAt: 0,
    doneAt: 0,
  });
  evidence.truth.backfills.push({
    tag: 'b1',
    namespace: 'default',
    schedule: 'hourly',
    from: 0,
    to: 2 * hour + 1,
    newestFirst: false,
    active: 1,
    sentAt: 5000,
    answers: [
      { kind: 'unknown', why: 'no answer' },
      { kind: 'done', value: { id: 'b' } },
    ],
  });
  const ofTime = (at: number) => facts({ trigger: 'backfill', fireAt: at });
  return {
    ...evidence,
    history: times.flatMap((at, index) => [
      row(6000 + index * 100, 'run+', `r${at}`, { after: ofTime(at) }),
      row(6050 + index * 100, 'run-', `r${at}`, { before: ofTime(at) }),
    ]),
    runs: times.map((at) => ({ ...finalRun(), id: `r${at}`, fireAt: at, trigger: 'backfill' })),
    backfills: [{ id: 'b', state: 'done', live: 0, payload: '{"tag":"b1"}' }],
    backfillFires: times.map((at) => ({ backfillId: 'b', fireAt: at, runId: `r${at}`, endedAs: 'succeeded' })),
  };
}

const found = (changes: (evidence: Evidence) => Partial<Evidence>): string => {
  const evidence = done();
  return wholeBackfills.check({ ...evidence, ...changes(evidence) }).join('\n');
};

test('a backfill that made each of its times once is whole, and so is one that was given up on the way', () => {
  assert.equal(
    found(() => ({})),
    '',
  );
  const first = ({ backfillFires, runs }: Evidence): Partial<Evidence> => ({
    backfills: [{ id: 'b', state: 'canceled', live: 0, payload: '{"tag":"b1"}' }],
    backfillFires: backfillFires.slice(0, 1),
    runs: runs.slice(0, 1),
  });
  assert.equal(found(first), '');
});

test('a time without a run, a run without a time, and one of another time are told', () => {
  assert.match(
    found(({ backfillFires }) => ({ backfillFires: backfillFires.slice(1) })),
    /b1 \(done\) made .*of no backfill/s,
  );
  assert.match(
    found(({ runs }) => ({ runs: runs.slice(1) })),
    /no run of its own at 0/,
  );
  const moved = ({ backfillFires }: Evidence) => ({
    backfillFires: backfillFires.map((one) => (one.fireAt === 0 ? { ...one, fireAt: 60_000 } : one)),
  });
  assert.match(found(moved), /made \[60000 /);
});

test('too many at once, a wrong count, one that never ends and one that was begun twice are told', () => {
  const together = ({ history }: Evidence) => ({ history: history.filter((one) => one.kind === 'run+') });
  assert.match(found(together), /had 3 unfinished runs at once, of at most 1/);
  const failed = ({ backfillFires }: Evidence) => ({
    backfillFires: backfillFires.map((one) => ({ ...one, endedAs: 'failed' })),
  });
  assert.match(found(failed), /counts the run at 0 as failed, but it is succeeded/);
  const live = ({ backfills }: Evidence) => ({ backfills: backfills.map((one) => ({ ...one, live: 1 })) });
  assert.match(found(live), /has not come to an end/);
  const twice = ({ backfills }: Evidence) => ({
    backfills: [...backfills, ...backfills.map((one) => ({ ...one, id: 'c' }))],
  });
  assert.match(found(twice), /was begun 2 times/);
});
