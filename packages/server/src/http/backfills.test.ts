import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { BackfillPreview, BackfillView, Page, RunSummary } from '@tidewheel/protocol';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
  const schedules = [
    { name: 'hourly', cron: '0 * * * *', timezone: 'Asia/Shanghai' },
    { name: 'idle', every: '10s' },
  ];
  const apply = await door.call('POST', 'apply', { body: { jobs: [{ name: 'noop', task: 'noop', schedules }] } });
  assert.equal(apply.status, 200);
});
after(() => door.close());

const range = { from: '2026-03-01T00:00:00Z', to: '2026-03-01T05:00:00Z' };
const begin = (body: object, headers: Record<string, string> = {}) =>
  door.call('POST', 'schedules/hourly/backfills', { body: { ...range, ...body }, headers });

test('a dry run counts and shows the first times as the clocks of the schedule show them', async () => {
  const answer = await begin({ dryRun: true });
  assert.deepEqual([answer.status, answer.json<BackfillPreview>().total], [200, 5]);
  assert.deepEqual(answer.json<BackfillPreview>().fires[0], {
    at: Date.parse(range.from),
    local: '2026-03-01T08:00:00+08:00',
  });
  assert.deepEqual((await door.call('GET', 'backfills')).json<Page<BackfillView>>().items, []);
});

test('a backfill is begun, makes its runs, is listed and shown, and is canceled with them', async () => {
  const begun = await begin({ active: 2, reason: 'wrong figures' });
  assert.equal(begun.status, 201);
  const { id, total, state, createdBy } = begun.json<BackfillView>();
  assert.deepEqual([total, state, createdBy], [5, 'running', 'operator-of-default']);
  await door.bench.clock.advance(100);
  const shown = (await door.call('GET', `backfills/${id}`)).json<BackfillView>();
  assert.deepEqual([shown.decided, shown.unfinished, shown.reason], [2, 2, 'wrong figures']);
  const runs = (await door.call('GET', 'runs?schedule=hourly')).json<Page<RunSummary>>();
  assert.deepEqual(
    runs.items.map((run) => [run.trigger, run.fireAt]).toReversed(),
    [0, 1].map((hour) => ['backfill', Date.parse(range.from) + hour * 3_600_000]),
  );
  for (const path of ['backfills?state=running', 'schedules/hourly/backfills', 'backfills?schedule=hourly']) {
    const page = (await door.call('GET', path)).json<Page<BackfillView>>();
    assert.deepEqual(
      page.items.map((one) => one.id),
      [id],
      path,
    );
  }
  assert.deepEqual((await door.call('GET', 'schedules/idle/backfills')).json<Page<BackfillView>>().items, []);
  const canceled = await door.call('POST', `backfills/${id}/cancel`, { body: { runs: true, reason: 'enough' } });
  assert.equal(canceled.json<BackfillView>().state, 'canceled');
  await door.bench.clock.advance(100);
  const over = (await door.call('GET', `backfills/${id}`)).json<BackfillView>();
  assert.deepEqual([over.unfinished, over.unsuccessful, over.finishedAt !== null], [0, 2, true]);
});

test('the same Idempotency-Key begins one backfill', async () => {
  const key = { 'idempotency-key': 'march' };
  const first = (await begin({}, key)).json<BackfillView>();
  assert.equal((await begin({}, key)).json<BackfillView>().id, first.id);
  assert.equal((await begin({ active: 9 }, key)).problem().code, 'IDEMPOTENCY_MISMATCH');
});

test('what makes no sense is refused at its place in the body', async () => {
  const pointer = async (body: object) => (await begin(body)).problem().errors?.[0]?.pointer;
  assert.equal(await pointer({ to: range.from }), '/to');
  assert.equal(await pointer({ to: '2100-01-01T00:00:00Z' }), '/to');
  assert.equal(await pointer({ from: 'yesterday' }), '/from');
  assert.equal(await pointer({ rate: 0 }), '/rate');
  assert.equal(await pointer({ from: '2026-03-01T00:10:00Z', to: '2026-03-01T00:20:00Z' }), '/from');
  const idle = await door.call('POST', 'schedules/idle/backfills', { body: range });
  assert.match(idle.problem().detail, /anchor/);
  assert.equal((await door.call('POST', 'schedules/none/backfills', { body: range })).status, 404);
  const nobody = '01900000-0000-7000-8000-00000000abcd';
  assert.equal((await door.call('GET', `backfills/${nobody}`)).status, 404);
  assert.equal((await door.call('POST', `backfills/${nobody}/cancel`, { body: {} })).status, 404);
});
