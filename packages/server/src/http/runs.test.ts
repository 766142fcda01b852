import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  limits,
  type LogChunkView,
  type Page,
  type RunSummary,
  type RunView,
  type TriggerResult,
  type WorkerView,
} from '@tidewheel/protocol';
import { FakeWorker } from '../master/testing/fake-worker.ts';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
  const jobs = [
    { name: 'noop', task: 'noop' },
    { name: 'idle', task: 'idle' },
    { name: 'off', task: 'noop', enabled: false },
  ];
  assert.equal((await door.call('POST', 'apply', { body: { jobs } })).status, 200);
});
after(() => door.close());

async function trigger(
  body: object,
  headers: Record<string, string> = {},
): Promise<TriggerResult & { status: number }> {
  const answer = await door.call('POST', 'runs', { body, headers });
  return { ...answer.json<TriggerResult>(), status: answer.status };
}

const run = async (id: string) => (await door.call('GET', `runs/${id}`)).json<RunView>();

test('a run is made, seen waiting with its reason, and canceled', async () => {
  const { runId, created, status } = await trigger({ job: 'idle', payload: { n: 1 }, priority: 3 });
  assert.deepEqual([status, created], [201, true]);
  const view = await run(runId);
  assert.deepEqual([view.state, view.payload, view.priority, view.attempts], ['ready', { n: 1 }, 3, []]);
  assert.match(view.waitingFor ?? '', /^No worker is connected|^No connected worker/);
  const canceled = await door.call('POST', `runs/${runId}/cancel`, { body: { reason: 'a test' } });
  assert.deepEqual(canceled.json(), { outcome: 'canceled', state: 'canceled' });
  const twice = await door.call('POST', `runs/${runId}/cancel`);
  assert.deepEqual(twice.json(), { outcome: 'finished', state: 'canceled' });
  assert.equal((await run(runId)).waitingFor, null);
});

test('a run is executed by a worker, its log is read, and it is done again with another payload', async () => {
  const worker = new FakeWorker(door.master.gateway, { worker: 'hand' });
  worker.connect();
  await door.bench.clock.settle();
  const { runId } = await trigger({ job: 'noop' });
  await door.bench.clock.settle();
  const assign = worker.of('assign').find((one) => one.runId === runId);
  assert.ok(assign);
  const running = await run(runId);
  assert.deepEqual([running.state, running.worker, running.attempts.length], ['running', 'hand', 1]);
  const early = await door.call('POST', `runs/${runId}/retry`);
  assert.deepEqual([early.status, early.problem().code], [409, 'CONFLICT']);
  const { attemptId } = assign;
  const line = (seq: number) =>
    ({ type: 'log', runId, attemptId, seq, stream: 'stdout', offsetMs: seq, text: `line ${seq}` }) as const;
  worker.send(line(1), line(2));
  worker.result(assign, { output: '{"sum":3}' });
  await door.bench.clock.settle();
  const done = await run(runId);
  assert.deepEqual([done.state, done.output, done.attempts[0]?.outcome], ['succeeded', { sum: 3 }, 'succeeded']);
  const first = (await door.call('GET', `runs/${runId}/logs?limit=1`)).json<Page<LogChunkView>>();
  assert.deepEqual([first.items[0]?.text, first.nextCursor === null], ['line 1', false]);
  const rest = await door.call('GET', `runs/${runId}/logs?cursor=${first.nextCursor}`);
  assert.deepEqual(
    rest.json<Page<LogChunkView>>().items.map((chunk) => chunk.text),
    ['line 2'],
  );
  const again = await door.call('POST', `runs/${runId}/retry`, { body: { payload: 'new' } });
  assert.equal(again.status, 201);
  const copy = await run(again.json<TriggerResult>().runId);
  assert.deepEqual([copy.retryOf, copy.payload, copy.trigger], [runId, 'new', 'retry']);
  worker.cut();
});

test('an idempotency key, in the field or the header, makes one run of two requests', async () => {
  const first = await trigger({ job: 'idle', idempotencyKey: 'order-1' });
  const second = await trigger({ job: 'idle' }, { 'idempotency-key': '"order-1"' });
  assert.deepEqual([second.status, second.created, second.runId], [200, false, first.runId]);
  const other = await door.call('POST', 'runs', { body: { job: 'idle', priority: 9, idempotencyKey: 'order-1' } });
  assert.deepEqual([other.status, other.problem().code], [422, 'IDEMPOTENCY_MISMATCH']);
  const both = await door.call('POST', 'runs', {
    body: { job: 'idle', idempotencyKey: 'a' },
    headers: { 'idempotency-key': 'b' },
  });
  assert.deepEqual(both.problem().errors?.[0]?.pointer, '/idempotencyKey');
  const long = await door.call('POST', 'runs', {
    body: { job: 'idle' },
    headers: { 'idempotency-key': 'x'.repeat(256) },
  });
  assert.equal(long.problem().code, 'VALIDATION_FAILED');
});

test('a thousand runs are made at once, and the same batch under its key makes none', async () => {
  const body = { runs: Array.from({ length: limits.batchRuns }, (_, n) => ({ job: 'idle', payload: n })) };
  const headers = { 'idempotency-key': 'nightly-2026-11-20' };
  const first = await door.call('POST', 'runs/batch', { body, headers });
  assert.equal(first.status, 201);
  const { runs } = first.json<{ runs: TriggerResult[] }>();
  assert.equal(new Set(runs.map((one) => one.runId)).size, limits.batchRuns);
  const repeated = await door.call('POST', 'runs/batch', { body, headers });
  assert.equal(repeated.status, 200);
  const again = repeated.json<{ runs: TriggerResult[] }>();
  assert.deepEqual(
    again.runs,
    runs.map(({ runId }) => ({ runId, created: false })),
  );
  const other = await door.call('POST', 'runs/batch', { body: { runs: [{ job: 'idle' }] }, headers });
  assert.deepEqual([other.status, other.problem().code], [422, 'IDEMPOTENCY_MISMATCH']);
  const over = await door.call('POST', 'runs/batch', { body: { runs: [...body.runs, { job: 'idle' }] } });
  assert.deepEqual([over.status, over.problem().errors?.[0]?.pointer], [422, '/runs']);
});

test('a batch with one bad run makes none and points at it', async () => {
  const total = async () => (await door.call('GET', 'runs?job=noop&limit=200')).json<Page<RunSummary>>().items.length;
  const before = await total();
  const runs = [{ job: 'noop' }, { job: 'noop' }, { job: 'missing' }];
  const unknown = await door.call('POST', 'runs/batch', { body: { runs } });
  assert.deepEqual([unknown.status, unknown.problem().code], [404, 'UNKNOWN_JOB']);
  assert.equal(unknown.problem().errors?.[0]?.pointer, '/runs/2/job');
  const only = await door.call('POST', 'runs/batch', { body: { runs: [{ job: 'missing' }] } });
  assert.equal(only.problem().errors?.[0]?.pointer, '/runs/0/job');
  assert.equal(await total(), before);
});

test('a single run is refused with pointers into its own body', async () => {
  const unknown = await door.call('POST', 'runs', { body: { job: 'missing' } });
  assert.deepEqual([unknown.problem().code, unknown.problem().errors?.[0]?.pointer], ['UNKNOWN_JOB', '/job']);
  const disabled = await door.call('POST', 'runs', { body: { job: 'off' } });
  assert.deepEqual([disabled.status, disabled.problem().code], [409, 'CONFLICT']);
  const large = await door.call('POST', 'runs', { body: { job: 'noop', payload: 'x'.repeat(limits.payloadBytes) } });
  assert.deepEqual([large.problem().code, large.problem().errors?.[0]?.pointer], ['PAYLOAD_TOO_LARGE', '/payload']);
});

test('a run with a delay is scheduled', async () => {
  const { runId } = await trigger({ job: 'noop', delay: '1h' });
  const view = await run(runId);
  assert.deepEqual([view.state, view.dueAt - view.createdAt], ['scheduled', 3_600_000]);
  assert.match(view.waitingFor ?? '', /^It is scheduled for/);
  const listed = (await door.call('GET', 'runs?state=scheduled,blocked')).json<Page<RunSummary>>();
  assert.deepEqual(
    listed.items.map((one) => one.id),
    [runId],
  );
});

test('runs are listed in pages through an opaque cursor', async () => {
  const ids: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const path: string = `runs?job=idle&state=ready&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page: Page<RunSummary> = (await door.call('GET', path)).json();
    ids.push(...page.items.map((one) => one.id));
    cursor = page.nextCursor;
  }
  assert.equal(ids.length, limits.batchRuns + 1);
  assert.deepEqual(ids, [...new Set(ids)].toSorted().toReversed());
  assert.deepEqual((await door.call('GET', 'runs?job=never-was')).json(), { items: [], nextCursor: null });
});

test('a worker is listed and drained; then it gets no more work', async () => {
  const worker = new FakeWorker(door.master.gateway, { worker: 'to-drain', handlers: ['task:drained'] });
  worker.connect();
  await door.bench.clock.settle();
  const listed = (await door.call('GET', 'workers')).json<Page<WorkerView>>().items;
  const mine = listed.find((one) => one.worker === 'to-drain');
  assert.deepEqual([mine?.state, mine?.slots, mine?.handlers], ['live', 5, ['task:drained']]);
  const drain = () => door.call('POST', `workers/${mine?.sessionId}/drain`);
  assert.deepEqual((await drain()).json(), { state: 'draining' });
  assert.deepEqual((await drain()).json(), { state: 'draining' });
  assert.equal(worker.of('drain').length, 1);
  worker.send({ type: 'bye', reason: 'done' });
  await door.bench.clock.settle();
  assert.equal((await drain()).problem().code, 'CONFLICT');
  const nobody = '01900000-0000-7000-8000-00000000abcd';
  assert.equal((await door.call('POST', `workers/${nobody}/drain`)).problem().code, 'NOT_FOUND');
});
