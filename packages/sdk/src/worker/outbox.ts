// What has to reach the master: starts, log text and results, each until it is acknowledged.
//
// Of one attempt: its log chunks in order, then its result. A new connection begins again with everything that is not
// acknowledged; so does an answer that does not come. Text is bounded three times: per attempt, waiting in memory, and on its
// way. Over a bound the text is cut, with a mark in its place; a result is never dropped and never waits long for text.

import { limits, type LogMessage, type LogStream, type Result, type WorkerMessage } from '@tidewheel/protocol';
import { utf8Bytes } from './text-size.ts';
import { workerLimits } from './worker-limits.ts';

interface Chunk {
  readonly message: LogMessage;
  readonly bytes: number;
}

interface Outgoing {
  readonly runId: string;
  readonly attemptId: string;
  /** More may come: the attempt has no result yet. The entry stays, because it counts the chunks. */
  open: boolean;
  startDue: boolean;
  /** Not yet stored chunks, in order of seq; the first `sent` of them are on their way. */
  readonly logs: Chunk[];
  sent: number;
  logSentAt: number;
  nextSeq: number;
  logBytes: number;
  /** Bytes that found no room since the last chunk; a mark tells of them. */
  cutBytes: number;
  /** Over the attempt's own bound: the mark is written, nothing more follows. */
  full: boolean;
  result: Result | null;
  /** When it was last sent on this connection. */
  resultSentAt: number | null;
  /** Since when its result could have been sent, were it not for its text. */
  waitsSince: number;
}

export class Outbox {
  readonly #outgoing = new Map<string, Outgoing>();
  /** Those that have something to send now, in the order in which it came up. */
  readonly #due = new Set<Outgoing>();
  #unstoredBytes = 0;
  #inFlightBytes = 0;

  get empty(): boolean {
    return this.#outgoing.size === 0;
  }

  get due(): boolean {
    return this.#due.size > 0;
  }

  started(runId: string, attemptId: string): void {
    const out = this.#of(runId, attemptId);
    out.startDue = true;
    this.#due.add(out);
  }

  log(runId: string, attemptId: string, stream: LogStream, offsetMs: number, text: string): void {
    const out = this.#of(runId, attemptId);
    if (out.full) return;
    const bytes = utf8Bytes(text);
    if (out.logBytes + bytes > limits.logAttemptBytes) {
      out.full = true;
      this.#mark(out, offsetMs, `the output of this attempt is over ${limits.logAttemptBytes} bytes: the rest was cut`);
      return;
    }
    if (this.#unstoredBytes + bytes > workerLimits.logBytesUnstored) {
      out.cutBytes += bytes;
      return;
    }
    this.#tellOfCut(out, offsetMs);
    out.logBytes += bytes;
    this.#append(out, stream, offsetMs, text, bytes);
  }

  result(result: Result, now: number): void {
    const out = this.#of(result.runId, result.attemptId);
    // A start that nobody was told of needs no telling any more: the result says how long it took.
    out.startDue = false;
    this.#tellOfCut(out, result.durationMs);
    out.open = false;
    out.result = result;
    out.waitsSince = now;
    this.#due.add(out);
  }

  /** The result is settled; log text goes on until it is stored. */
  settled(attemptId: string): void {
    const out = this.#outgoing.get(attemptId);
    if (out === undefined) return;
    out.open = false;
    out.result = null;
    out.startDue = false;
    this.#release(out);
  }

  logsStored(attemptId: string, seq: number): void {
    const out = this.#outgoing.get(attemptId);
    if (out === undefined) return;
    const stored = out.logs.findIndex(({ message }) => message.seq > seq);
    const count = stored < 0 ? out.logs.length : stored;
    for (let index = 0; index < count; index += 1) this.#leave(out, index);
    out.logs.splice(0, count);
    out.sent = Math.max(0, out.sent - count);
    if (out.sent < out.logs.length) this.#due.add(out);
    this.#release(out);
  }

  /** Nothing more is said of this attempt. With `keepResult` only its text is dropped: the result is for the record. */
  forget(attemptId: string, keepResult = false): void {
    const out = this.#outgoing.get(attemptId);
    if (out === undefined) return;
    this.#dropText(out, 0);
    out.open = false;
    out.cutBytes = 0;
    out.startDue = false;
    if (!keepResult) out.result = null;
    this.#release(out);
  }

  /** The master asks, by assigning it again, what is known of an attempt. */
  repeat(runId: string, attemptId: string, running: boolean, now: number): void {
    const out = this.#of(runId, attemptId);
    out.startDue = running;
    this.#rewindOne(out, now);
    this.#release(out);
  }

  /** A new connection: nothing is on its way any more. `running` attempts are told of again. */
  rewind(running: Iterable<{ runId: string; attemptId: string }>, now: number): void {
    this.#inFlightBytes = 0;
    for (const { runId, attemptId } of running) this.#of(runId, attemptId).startDue = true;
    for (const out of this.#outgoing.values()) {
      out.sent = 0;
      out.resultSentAt = null;
      // Without a connection it was not the text that held it back.
      out.waitsSince = now;
      if (out.startDue || out.logs.length > 0 || out.result !== null) this.#due.add(out);
    }
  }

  /** Sends again what has waited for its answer longer than `patienceMs`, and lets no result wait longer than that for its text. */
  retryLate(now: number, patienceMs: number): void {
    for (const out of this.#outgoing.values()) {
      const logsLate = out.sent > 0 && now - out.logSentAt > patienceMs;
      const resultLate = out.resultSentAt !== null && out.result !== null && now - out.resultSentAt > patienceMs;
      if (logsLate || resultLate) this.#rewindOne(out, now);
      if (out.result !== null && out.resultSentAt === null && now - out.waitsSince > patienceMs) this.#cutUnsent(out);
    }
  }

  /** Everything that can be sent now, in order. */
  take(now: number): WorkerMessage[] {
    const messages: WorkerMessage[] = [];
    for (const out of this.#due) {
      if (out.startDue) {
        messages.push({ type: 'started', runId: out.runId, attemptId: out.attemptId });
        out.startDue = false;
      }
      const blocked = this.#takeLogs(out, now, messages);
      if (!blocked && out.result !== null && out.resultSentAt === null) {
        messages.push(out.result);
        out.resultSentAt = now;
      }
      this.#due.delete(out);
      if (blocked) {
        // The window is full for all of them; the next stored text opens it.
        this.#due.add(out);
        break;
      }
      this.#release(out);
    }
    return messages;
  }

  #takeLogs(out: Outgoing, now: number, into: WorkerMessage[]): boolean {
    for (let chunk = out.logs[out.sent]; chunk !== undefined; chunk = out.logs[out.sent]) {
      if (this.#inFlightBytes > 0 && this.#inFlightBytes + chunk.bytes > workerLimits.logBytesInFlight) return true;
      this.#inFlightBytes += chunk.bytes;
      out.sent += 1;
      out.logSentAt = now;
      into.push(chunk.message);
    }
    return false;
  }

  #of(runId: string, attemptId: string): Outgoing {
    let out = this.#outgoing.get(attemptId);
    if (out === undefined) {
      out = {
        runId,
        attemptId,
        open: true,
        startDue: false,
        logs: [],
        sent: 0,
        logSentAt: 0,
        nextSeq: 1,
        logBytes: 0,
        cutBytes: 0,
        full: false,
        result: null,
        resultSentAt: null,
        waitsSince: 0,
      };
      this.#outgoing.set(attemptId, out);
    }
    return out;
  }

  #append(out: Outgoing, stream: LogStream, offsetMs: number, text: string, bytes = utf8Bytes(text)): void {
    const { runId, attemptId } = out;
    out.logs.push({ message: { type: 'log', runId, attemptId, seq: out.nextSeq, stream, offsetMs, text }, bytes });
    out.nextSeq += 1;
    this.#unstoredBytes += bytes;
    this.#due.add(out);
  }

  #mark(out: Outgoing, offsetMs: number, text: string): void {
    this.#append(out, 'system', offsetMs, `${text}\n`);
  }

  #tellOfCut(out: Outgoing, offsetMs: number): void {
    if (out.cutBytes === 0) return;
    this.#mark(out, offsetMs, `${out.cutBytes} bytes of output were cut here: the master did not take them in time`);
    out.cutBytes = 0;
  }

  /** Text that has not been sent gives way to a mark, so that the result can go. */
  #cutUnsent(out: Outgoing): void {
    const first = out.logs[out.sent];
    if (first === undefined) return;
    for (const chunk of out.logs.slice(out.sent)) out.cutBytes += chunk.bytes;
    this.#dropText(out, out.sent);
    out.nextSeq = first.message.seq;
    this.#tellOfCut(out, first.message.offsetMs);
  }

  #dropText(out: Outgoing, from: number): void {
    for (let index = from; index < out.logs.length; index += 1) this.#leave(out, index);
    out.logs.splice(from);
    out.sent = Math.min(out.sent, from);
  }

  /** A chunk leaves memory; the caller takes it out of `logs`. */
  #leave(out: Outgoing, index: number): void {
    const bytes = out.logs[index]?.bytes ?? 0;
    this.#unstoredBytes -= bytes;
    if (index < out.sent) this.#inFlightBytes -= bytes;
  }

  #rewindOne(out: Outgoing, now: number): void {
    for (const chunk of out.logs.slice(0, out.sent)) this.#inFlightBytes -= chunk.bytes;
    out.sent = 0;
    out.resultSentAt = null;
    out.waitsSince = now;
    this.#due.add(out);
  }

  #release(out: Outgoing): void {
    if (out.open || out.startDue || out.logs.length > 0 || out.result !== null) return;
    this.#due.delete(out);
    this.#outgoing.delete(out.attemptId);
  }
}
