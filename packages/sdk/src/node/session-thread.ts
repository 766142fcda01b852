// The main thread's end of the I/O thread: starts it, passes assignments to the runner and reports back to the session, in
// batches of one turn each. Measured on two cores: 0.8 to 0.9 million assignments and results a second each way with
// batches of 10 and more, 0.14 million one by one; so this is never what limits a worker.

import { Worker } from 'node:worker_threads';
import { errorCatalogue, limits, Refusal, type ErrorCode } from '@tidewheel/protocol';
import type { AttemptRunner, RunnerReports } from '../worker/attempt-runner.ts';
import type { SessionEnd, WorkerLog, WorkerSettings } from '../worker/session-ports.ts';
import { Batch, type ThreadData, type ThreadEnd, type ToIo, type ToMain } from './io-messages.ts';
import { Inbox } from './inbox.ts';
import { newPulse, startPulse } from './pulse.ts';
import type { SocketOptions } from './socket-transport.ts';

export type HangCare = Pick<ThreadData, 'onHang' | 'notesFd'>;

export class SessionThread {
  readonly #thread: Worker;
  readonly #toIo: Batch<ToIo>;
  readonly #inbox: Inbox;
  readonly #log: WorkerLog;
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<SessionEnd>();
  readonly #stopPulse: () => void;
  #runner: AttemptRunner | null = null;

  constructor(settings: WorkerSettings, connection: SocketOptions, care: HangCare, log: WorkerLog) {
    this.#log = log;
    const pulse = newPulse();
    const { namespace, token } = connection;
    const workerData: ThreadData = { settings, namespace, token, pulse, ...care };
    // From source this file ends in .ts, from dist in .js; its neighbour does too.
    const entry = new URL(`./io-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url);
    this.#thread = new Worker(entry, { workerData, name: 'tidewheel-io', execArgv: conditionsOf(process.execArgv) });
    this.#toIo = new Batch((messages) => this.#thread.postMessage(messages));
    this.#stopPulse = startPulse(pulse);
    this.#inbox = new Inbox((message) => this.#take(message));
    this.#thread.on('message', (messages: ToMain[]) => this.#inbox.receive(messages));
    this.#thread.on('error', (error) => this.#broken(error));
    this.#thread.on('exit', () => this.#broken(new Error('the I/O thread has ended')));
    this.#ready.promise.catch(() => undefined);
    this.#closed.promise.catch(() => undefined);
  }

  /** Resolves with the first welcome, rejects with the Refusal when no master will have this worker. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Rejects when the thread breaks: then nobody keeps the lease, and nothing may go on running. */
  get closed(): Promise<SessionEnd> {
    return this.#closed.promise;
  }

  runBy(runner: AttemptRunner): void {
    this.#runner = runner;
  }

  drain(): void {
    this.#toIo.add({ type: 'drain' });
  }

  stop(): void {
    this.#toIo.add({ type: 'stop' });
  }

  /** What the runner reports. Texts of one attempt and turn become one. */
  get reports(): RunnerReports {
    const toIo = this.#toIo;
    return {
      started: (attemptId) => toIo.add({ type: 'started', attemptId }),
      log: (attemptId, stream, offsetMs, text) => {
        const { last } = toIo;
        const joins = last?.type === 'log' && last.attemptId === attemptId && last.stream === stream;
        if (joins && last.text.length + text.length <= limits.logChunkBytes / 4) last.text += text;
        else toIo.add({ type: 'log', attemptId, stream, offsetMs, text });
      },
      result: (result) => toIo.add({ type: 'result', result }),
      spawned: (attemptId, pid) => toIo.add({ type: 'spawned', attemptId, pid }),
      gone: (attemptId) => toIo.add({ type: 'gone', attemptId }),
    };
  }

  #take(message: ToMain): void {
    switch (message.type) {
      case 'start':
        this.#runner?.start(message.assign);
        return;
      case 'cancel':
        this.#runner?.cancel(message.attemptId, message.reason, message.graceMs);
        return;
      case 'abandon':
        this.#runner?.abandon(message.attemptId);
        return;
      case 'welcomed':
        this.#ready.resolve();
        return;
      case 'closed':
        this.#end(sessionEndOf(message.end));
        return;
      case 'note':
        this.#log[message.level](message.message, message.fields);
        return;
    }
  }

  #end(end: SessionEnd): void {
    this.#stopPulse();
    if (end.kind === 'refused') this.#ready.reject(end.refusal);
    else this.#ready.resolve();
    this.#closed.resolve(end);
    void this.#thread.terminate();
  }

  #broken(error: unknown): void {
    this.#stopPulse();
    this.#ready.reject(error as Error);
    this.#closed.reject(error as Error);
  }
}

/** How packages are resolved must be the same in both threads; other flags (a loader, an input type) are the program's own. */
function conditionsOf(flags: readonly string[]): string[] {
  return flags.flatMap((flag, index) => {
    if (/^(--conditions|-C)=/.test(flag)) return [flag];
    const next = flags[index + 1];
    return (flag === '--conditions' || flag === '-C') && next !== undefined ? [`--conditions=${next}`] : [];
  });
}

function sessionEndOf(end: ThreadEnd): SessionEnd {
  if (end.kind !== 'refused') return end;
  const code = end.code in errorCatalogue ? (end.code as ErrorCode) : 'PROTOCOL_ERROR';
  return { kind: 'refused', refusal: new Refusal(code, end.detail) };
}
