import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../evidence.ts';
import { cleanAudit } from './clean-audit.ts';
import { epochMs, finalRun, kept, row } from './flawless-history.ts';

const pausedAt = 11_000;

/** The schedule is one of fixed delay, and paused while its run goes on; by the clock the run ends at `finishedAt`. */
function paused(finishedAt: number, missing: readonly number[]): Evidence {
  const evidence = kept();
  const [era] = evidence.truth.erasOf('default', 'tick');
  assert.ok(era);
  evidence.truth.eras.set('default tick', [{ ...era, timing: { kind: 'delay', delayMs: 500 } }]);
  const pause = evidence.history.findIndex(({ when }) => when > pausedAt);
  evidence.history.splice(pause, 0, row(pausedAt, 'version+', 'sch', { version: { version: 2 } }));
  const [version] = evidence.versions;
  const [audited] = evidence.audit;
  assert.ok(version && audited);
  const samples = missing.map((at) => ({ fireAt: epochMs + at, finding: 'missing' as const }));
  return {
    ...evidence,
    runs: [finalRun({ finishedAt: epochMs + finishedAt })],
    versions: [version, { ...version, version: 2, state: 'paused', validFrom: epochMs + pausedAt }],
    audit: [{ ...audited, missing: missing.length, samples }],
  };
}

const found = (evidence: Evidence): string[] => cleanAudit.check(evidence).filter((what) => what.includes('missing'));

test('a time that a fixed delay never had, because its run ended before the pause by a clock that went back, is not missing', () => {
  assert.deepEqual(found(paused(10_300, [10_800])), []);
});

test('a time is missing when the run had not ended before the pause, or when the time lies outside, or when there are more', () => {
  assert.equal(found(paused(12_000, [10_800])).length, 1);
  assert.equal(found(paused(10_300, [9000])).length, 1);
  assert.equal(found(paused(10_300, [11_500])).length, 1);
  assert.equal(found(paused(10_300, [10_700, 10_800])).length, 1);
});
