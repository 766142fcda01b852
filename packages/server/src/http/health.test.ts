import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SelfCheck } from '@tidewheel/protocol';
import { newRun, seedJob } from '../store/testing/seed.ts';
import { runsInsert } from '../store/runs-submit.ts';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
after(() => door.close());

const ready = (query: string) => door.call('GET', `/readyz${query}`, { token: null });

test('a ready master says so, and with ?verbose what it finds, asked of the store every five seconds at most', async () => {
  assert.deepEqual((await ready('')).json(), { ready: true });
  assert.deepEqual((await ready('?verbose')).json(), { ready: true, storeMs: 0, findings: {} });
  const { db } = door.bench.context;
  const job = await seedJob(db);
  await runsInsert(db, [newRun(job)]);
  await db.query('delete from lane where id = $1', [job.laneId]);
  assert.deepEqual((await ready('?verbose=true')).json()['findings'], {});
  await door.bench.clock.advance(5001);
  assert.deepEqual((await ready('?verbose')).json()['findings'], { 'run-without-lane': 1 });
  const { clean, checks } = (await door.call('GET', '/v1/self-check', { token: door.tokens.viewer })).json<SelfCheck>();
  assert.equal(clean, false);
  assert.deepEqual(checks.find(({ check }) => check === 'run-without-lane')?.samples, [job.laneId]);
});
