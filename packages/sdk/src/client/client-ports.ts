// What the client needs from its surroundings, so that it runs wherever there is a fetch, and in tests without waiting.

import type { WorkerClock } from '../worker/session-ports.ts';

export interface ClientPorts {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  clock: WorkerClock;
  /** Uniform in [0, 1). */
  fraction(): number;
  uuid(): string;
}

/** Times and bounds of the client. */
export const clientLimits = {
  /** One request, from sending to the end of the answer. */
  requestMs: 30_000,
  /** Bytes of one answer. */
  answerBytes: 64 * 1024 * 1024,
  /** Tries of one request, all masters together. */
  triesMin: 4,
  /** Full jitter between two rounds over all masters: random below base × 2^round, at most max. */
  retryBaseMs: 200,
  retryMaxMs: 5000,
  /** Waits that a master asks for are kept up to here. */
  retryAfterMaxMs: 30_000,
  /** Between two looks at a run whose result is waited for: from first, growing by half, to max. */
  pollFirstMs: 50,
  pollMaxMs: 1000,
  /** A stream that says nothing for as long, not even a ping, is dead; as many times in a row, and it is given up. */
  streamSilenceMs: 45_000,
  streamTries: 8,
  /** Characters of one event of a stream. */
  eventChars: 8 * 1024 * 1024,
} as const;

/** Rejects with the signal's reason when it is aborted. */
export function sleep(clock: WorkerClock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.timer(delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

export function retryDelayMs(ports: ClientPorts, round: number): number {
  return ports.fraction() * Math.min(clientLimits.retryMaxMs, clientLimits.retryBaseMs * 2 ** Math.min(round, 20));
}
