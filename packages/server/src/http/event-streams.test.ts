import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Assign, LogChunkView, TriggerResult } from '@tidewheel/protocol';
import type { FastifyReply } from 'fastify';
import { FakeWorker } from '../master/testing/fake-worker.ts';
import { ManualClock } from '../ports/testing/manual-clock.ts';
import { EventStreams, pingMs, type EventStream } from './event-streams.ts';
import { openDoor, type OpenDoor } from './testing/open-door.ts';
import { readEvents, type EventReader } from './testing/read-events.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
  await door.call('POST', 'apply', {
    body: { jobs: [{ name: 'noop', task: 'noop', retry: { attempts: 2, initial: 0 } }] },
  });
  // What the preparation changed is told before any stream is open.
  await door.bench.clock.advance(1000);
});
after(() => door.close());

const open = (path: string, lastEventId?: string, token = door.tokens.viewer): Promise<EventReader> =>
  readEvents(`${door.door.address}/v1/namespaces/default/${path}`, token, lastEventId);

const changed = (topics: ('runs' | 'jobs' | 'workers')[], namespace = 'default') =>
  door.bench.context.signals.publish('changed', { namespace, topics });

test('the live stream tells topics that changed, gathered to at most four events a second', async () => {
  const live = await open('live');
  assert.equal(live.status, 200);
  assert.equal(live.headers['content-type'], 'text/event-stream; charset=utf-8');
  changed(['runs']);
  changed(['jobs'], 'foreign');
  changed(['workers']);
  changed(['runs']);
  assert.deepEqual((await live.next())?.data, { topics: ['runs'] });
  await door.bench.clock.advance(250);
  assert.deepEqual((await live.next())?.data, { topics: ['workers', 'runs'] });
  await door.bench.clock.advance(1000);
  changed(['jobs']);
  assert.deepEqual((await live.next())?.data, { topics: ['jobs'] });
  live.close();
});

test('a reader that comes back is told that everything may have changed', async () => {
  const live = await open('live', '7');
  assert.deepEqual((await live.next())?.data, {
    topics: ['runs', 'schedules', 'jobs', 'workers', 'locks', 'cluster', 'pools'],
  });
  live.close();
});

test('a quiet stream is pinged, and ends when its token is revoked', async () => {
  const token = await door.token('viewer', 'default');
  const live = await open('live', undefined, token);
  await door.bench.clock.advance(pingMs);
  changed(['runs']);
  await live.next();
  assert.equal(live.comments(), 1);
  await door.bench.context.db.query(`update api_token set revoked_at = now_ms() where prefix = $1`, [
    token.slice(0, 11),
  ]);
  await door.bench.clock.advance(pingMs);
  assert.equal(await live.next(), null);
});

/** A stream whose reader has hung, on a real socket. */
async function hungStream() {
  const clock = new ManualClock();
  const streams = new EventStreams(clock);
  let stream: EventStream | undefined;
  const server = createServer((_request, raw) => {
    const reply = { raw, hijack: () => reply, getHeaders: () => ({}) } as unknown as FastifyReply;
    stream = streams.open(reply, () => Promise.resolve(true));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const reader = await readEvents(`http://127.0.0.1:${port}/`, '');
  reader.hang();
  assert.ok(stream);
  const close = async () => {
    reader.close();
    server.close();
    await once(server, 'close');
  };
  return { clock, streams, stream, close };
}

const block = { event: 'log', data: 'x'.repeat(64 * 1024) };

test('a reader that does not read is cut off when its buffer is full', async () => {
  const { streams, stream, close } = await hungStream();
  const cut = new Promise<void>((resolve) => stream.whenClosed(resolve));
  // The kernel takes some megabytes before anything waits here.
  for (let sent = 0; sent < 1000 && !stream.closed; sent += 1) {
    stream.send(block);
    await setImmediate();
  }
  await cut;
  assert.equal(streams.count, 0);
  await close();
});

test('a reader that has not read what was sent before the last ping is cut off', async () => {
  const { clock, stream, close } = await hungStream();
  const small = { ...block, data: 'x'.repeat(16 * 1024) };
  for (let round = 0; round < 50 && !stream.closed; round += 1) {
    // Fill what the kernel takes, until something waits here.
    let drained = true;
    while (drained && !stream.closed) {
      stream.send(small);
      const turns = (async () => {
        for (let turn = 0; turn < 5; turn += 1) await setImmediate();
        return false;
      })();
      drained = await Promise.race([stream.drained().then(() => true), turns]);
    }
    await clock.advance(pingMs);
  }
  assert.ok(stream.closed);
  await close();
});

async function startRun(worker: FakeWorker): Promise<{ runId: string; assign: Assign }> {
  const { runId } = (await door.call('POST', 'runs', { body: { job: 'noop' } })).json<TriggerResult>();
  await door.bench.clock.settle();
  const assign = worker.of('assign').find((one) => one.runId === runId);
  assert.ok(assign);
  return { runId, assign };
}

function line(worker: FakeWorker, { runId, attemptId }: Assign, seq: number, text: string): void {
  worker.send({ type: 'log', runId, attemptId, seq, stream: 'stdout', offsetMs: seq, text });
}

const textOf = (event: Awaited<ReturnType<EventReader['next']>>) => (event?.data as LogChunkView | undefined)?.text;

test('a log is followed over retries to its end, and resumed where the reader left', async () => {
  const worker = new FakeWorker(door.master.gateway);
  worker.connect();
  await door.bench.clock.settle();
  const { runId, assign } = await startRun(worker);
  line(worker, assign, 1, 'one');
  await door.bench.clock.settle();
  const log = await open(`runs/${runId}/logs/stream`);
  assert.equal(textOf(await log.next()), 'one');
  line(worker, assign, 2, 'two');
  const second = await log.next();
  assert.equal(textOf(second), 'two');
  worker.result(assign, { outcome: 'failed', error: { kind: 'exit', message: '1' } });
  await door.bench.clock.settle();
  const retried = worker.of('assign').findLast((one) => one.runId === runId);
  assert.ok(retried !== undefined && retried.attempt === 2);
  line(worker, retried, 1, 'three');
  assert.equal(textOf(await log.next()), 'three');
  worker.result(retried);
  assert.deepEqual(await log.next(), { event: 'end', id: null, data: { state: 'succeeded' } });
  assert.equal(await log.next(), null);
  const resumed = await open(`runs/${runId}/logs/stream`, second?.id ?? undefined);
  assert.equal(textOf(await resumed.next()), 'three');
  assert.equal((await resumed.next())?.event, 'end');
  worker.cut();
});

test('a log is followed without any signal, by looking', async () => {
  const worker = new FakeWorker(door.master.gateway);
  worker.connect();
  await door.bench.clock.settle();
  const { runId, assign } = await startRun(worker);
  const log = await open(`runs/${runId}/logs/stream`);
  await door.bench.context.db.query(
    `insert into log_chunk (run_id, attempt_id, seq, attempt, at, stream, text) values ($1, $2, 1, 1, 0, 'stdout', 'silent')`,
    [runId, assign.attemptId],
  );
  await door.bench.clock.advance(1000);
  assert.equal(textOf(await log.next()), 'silent');
  worker.result(assign);
  assert.equal((await log.next())?.event, 'end');
  worker.cut();
});

test('the log of an unknown run is refused before the stream begins', async () => {
  const id = '01900000-0000-7000-8000-00000000abcd';
  assert.equal((await door.call('GET', `runs/${id}/logs/stream`)).problem().code, 'NOT_FOUND');
  assert.equal((await door.call('GET', `runs/${id}/logs`)).problem().code, 'NOT_FOUND');
  const cursor = await door.call('GET', `runs/${id}/logs/stream`, { headers: { 'last-event-id': 'nonsense' } });
  assert.equal(cursor.problem().code, 'VALIDATION_FAILED');
});

test('asking only for the head of a stream opens none', async () => {
  assert.equal((await door.call('HEAD', 'live')).status, 404);
  assert.equal((await door.call('HEAD', 'jobs')).status, 200);
});

test('streams end when the door closes, and the door does not wait for them', async () => {
  const own = await openDoor();
  const live = await readEvents(`${own.door.address}/v1/namespaces/default/live`, own.tokens.viewer);
  const closing = own.close();
  assert.equal(await live.next(), null);
  await closing;
});
