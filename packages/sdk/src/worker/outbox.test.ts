import assert from 'node:assert/strict';
import test from 'node:test';
import { limits, type LogMessage, type Result, type WorkerMessage } from '@tidewheel/protocol';
import { Outbox } from './outbox.ts';
import { workerLimits } from './worker-limits.ts';

const run = 'r';
const chunk = 'x'.repeat(limits.logChunkBytes);
const resultOf = (attemptId: string): Result => ({
  type: 'result',
  runId: run,
  attemptId,
  outcome: 'succeeded',
  output: null,
  error: null,
  durationMs: 1,
});
const logsIn = (messages: WorkerMessage[]): LogMessage[] => messages.filter((message) => message.type === 'log');
const seqs = (messages: WorkerMessage[]): number[] => logsIn(messages).map(({ seq }) => seq);

test('chunks are numbered without gaps and go before their result', () => {
  const outbox = new Outbox();
  outbox.log(run, 'a', 'stdout', 0, 'one\n');
  outbox.log(run, 'a', 'stderr', 1, 'two\n');
  outbox.result(resultOf('a'), 0);
  const messages = outbox.take(0);
  assert.deepEqual(seqs(messages), [1, 2]);
  assert.equal(messages.at(-1)?.type, 'result');
  assert.deepEqual(outbox.take(0), []);
});

test('text that is stored is forgotten, the rest is sent again on a new connection', () => {
  const outbox = new Outbox();
  for (const text of ['1', '2', '3']) outbox.log(run, 'a', 'stdout', 0, text);
  outbox.result(resultOf('a'), 0);
  outbox.take(0);
  outbox.logsStored('a', 2);
  outbox.rewind([], 0);
  assert.deepEqual(seqs(outbox.take(0)), [3]);
  outbox.settled('a');
  assert.equal(outbox.empty, false);
  outbox.logsStored('a', 3);
  assert.equal(outbox.empty, true);
});

test('an attempt that writes without end keeps the beginning of its output and a mark', () => {
  const outbox = new Outbox();
  const chunks = limits.logAttemptBytes / limits.logChunkBytes;
  for (let count = 0; count < chunks + 5; count += 1) {
    outbox.log(run, 'a', 'stdout', 0, chunk);
    for (const { seq } of logsIn(outbox.take(0))) outbox.logsStored('a', seq);
  }
  outbox.log(run, 'a', 'stdout', 0, 'more');
  outbox.result(resultOf('a'), 0);
  assert.equal(outbox.take(0).length, 1);
});

test('the mark of a cut output is the last chunk, and the result follows it', () => {
  const outbox = new Outbox();
  const chunks = limits.logAttemptBytes / limits.logChunkBytes;
  for (let count = 0; count < chunks + 2; count += 1) outbox.log(run, 'a', 'stdout', 0, chunk);
  outbox.result(resultOf('a'), 0);
  const messages = outbox.take(0);
  // The window holds exactly one attempt's worth of text; the mark comes after it.
  assert.equal(logsIn(messages).length, chunks);
  outbox.logsStored('a', chunks);
  const rest = outbox.take(0);
  assert.deepEqual(
    rest.map((message) => (message.type === 'log' ? `${message.stream} ${message.seq}` : message.type)),
    [`system ${chunks + 1}`, 'result'],
  );
});

test('text of all attempts together is bounded while no master stores it, and the cut is told where it was', () => {
  const outbox = new Outbox();
  const room = workerLimits.logBytesUnstored / limits.logChunkBytes;
  for (let count = 0; count < room + 3; count += 1) outbox.log(run, `a${count % 16}`, 'stdout', 0, chunk);
  let stored = 0;
  for (let turn = 0; turn < 100; turn += 1) {
    for (const log of logsIn(outbox.take(0))) {
      stored += 1;
      outbox.logsStored(log.attemptId, log.seq);
    }
  }
  assert.equal(stored, room);
  outbox.log(run, 'a0', 'stdout', 7, 'after\n');
  const [mark, after] = logsIn(outbox.take(0));
  assert.match(mark?.text ?? '', new RegExp(`^${limits.logChunkBytes} bytes .* cut here`));
  assert.equal(after?.text, 'after\n');
  assert.equal(after.seq, (mark?.seq ?? 0) + 1);
});

test('only so much text is on its way that a heartbeat behind it is not late', () => {
  const outbox = new Outbox();
  const window = workerLimits.logBytesInFlight / limits.logChunkBytes;
  for (let count = 0; count < 2 * window; count += 1) outbox.log(run, `a${count % 4}`, 'stdout', 0, chunk);
  const first = logsIn(outbox.take(0));
  assert.equal(first.length, window);
  assert.deepEqual(outbox.take(0), []);
  for (const log of first) outbox.logsStored(log.attemptId, log.seq);
  assert.equal(logsIn(outbox.take(0)).length, window);
});

test('a result does not wait for ever for its text: the text is cut instead', () => {
  const outbox = new Outbox();
  const window = workerLimits.logBytesInFlight / limits.logChunkBytes;
  for (let count = 0; count < window; count += 1) outbox.log(run, 'loud', 'stdout', 0, chunk);
  outbox.log(run, 'quiet', 'stdout', 0, 'a few words\n');
  outbox.result(resultOf('quiet'), 1000);
  assert.equal(logsIn(outbox.take(1000)).length, window);
  outbox.retryLate(6000, 6000);
  assert.equal(
    outbox.take(6000).some((message) => message.type === 'result'),
    false,
  );
  outbox.logsStored('loud', 1);
  outbox.retryLate(8000, 6000);
  const messages = outbox.take(8000).filter((message) => 'attemptId' in message && message.attemptId === 'quiet');
  assert.deepEqual(
    messages.map((message) => (message.type === 'log' ? message.text : message.type)),
    ['12 bytes of output were cut here: the master did not take them in time\n', 'result'],
  );
});

test('text that waited for a connection is not cut for it, however long that took', () => {
  const outbox = new Outbox();
  outbox.log(run, 'a', 'stdout', 0, 'a few words\n');
  outbox.result(resultOf('a'), 1000);
  outbox.take(1000);
  outbox.rewind([], 60_000);
  outbox.retryLate(60_001, 6000);
  assert.deepEqual(
    outbox.take(60_001).map((message) => (message.type === 'log' ? message.text : message.type)),
    ['a few words\n', 'result'],
  );
});

test('text that was sent and not answered is sent again, not cut', () => {
  const outbox = new Outbox();
  outbox.log(run, 'a', 'stdout', 0, 'a few words\n');
  outbox.result(resultOf('a'), 1000);
  outbox.take(1000);
  outbox.retryLate(8000, 6000);
  assert.deepEqual(
    outbox.take(8000).map((message) => (message.type === 'log' ? message.text : message.type)),
    ['a few words\n', 'result'],
  );
});

test('what is taken away is forgotten; for the record only the result is kept', () => {
  const outbox = new Outbox();
  outbox.log(run, 'a', 'stdout', 0, 'x');
  outbox.result(resultOf('a'), 0);
  outbox.log(run, 'b', 'stdout', 0, 'x');
  outbox.forget('a', true);
  outbox.forget('b');
  assert.deepEqual(
    outbox.take(0).map(({ type }) => type),
    ['result'],
  );
  outbox.settled('a');
  assert.equal(outbox.empty, true);
});
