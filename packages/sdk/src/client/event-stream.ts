// Server-sent events over fetch: read, and followed across broken connections from where they broke off (Last-Event-ID).
// Node has no EventSource, and a browser's cannot carry a bearer token.

import { errorCatalogue, Refusal } from '@tidewheel/protocol';
import type { WorkerTimer } from '../worker/session-ports.ts';
import { clientLimits, retryDelayMs, sleep, type ClientPorts } from './client-ports.ts';
import type { RequestOptions, Requests } from './requests.ts';

export interface ServerEvent {
  /** `message` unless named. */
  readonly event: string;
  readonly data: string;
  /** The last id seen, of this event or one before. */
  readonly id: string;
}

export interface FollowOptions extends Pick<RequestOptions, 'query' | 'signal'> {
  /** Goes on after this event. */
  lastEventId?: string | undefined;
}

/** Ends with an event called `end`; throws when a master refuses, or none answers for long. */
export async function* followEvents(
  requests: Requests,
  path: string,
  options: FollowOptions,
): AsyncGenerator<ServerEvent> {
  const { ports } = requests;
  const { query, signal } = options;
  let lastEventId = options.lastEventId ?? '';
  for (let failures = 0; failures < clientLimits.streamTries; ) {
    const silence = new Silence(ports, signal);
    try {
      const headers: Record<string, string> = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
      const response = await requests.stream(path, { query, headers, signal: silence.signal });
      for await (const event of readEvents(response.body, () => silence.broken())) {
        failures = 0;
        lastEventId = event.id;
        if (event.event === 'end') return;
        yield event;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof Refusal && !errorCatalogue[error.code].retryable) throw error;
    } finally {
      silence.end();
    }
    failures += 1;
    await sleep(ports.clock, retryDelayMs(ports, failures), signal);
  }
  throw new Refusal('UNREACHABLE', `the stream ${path} broke ${clientLimits.streamTries} times without an event`);
}

/** Aborts a stream that does not even ping. */
class Silence {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #ports: ClientPorts;
  #timer: WorkerTimer;

  constructor(ports: ClientPorts, outer: AbortSignal | undefined) {
    this.#ports = ports;
    this.signal = outer === undefined ? this.#controller.signal : AbortSignal.any([outer, this.#controller.signal]);
    this.#timer = this.#wait();
  }

  broken(): void {
    this.#timer.cancel();
    this.#timer = this.#wait();
  }

  /** Also lets go of a connection whose reader has stopped early. */
  end(): void {
    this.#timer.cancel();
    this.#controller.abort();
  }

  #wait(): WorkerTimer {
    return this.#ports.clock.timer(clientLimits.streamSilenceMs, () => {
      this.#controller.abort();
    });
  }
}

/** The events of one connection. `alive` is called for whatever arrives, comments too. */
export async function* readEvents(
  body: AsyncIterable<Uint8Array> | null,
  alive: () => void = () => undefined,
): AsyncGenerator<ServerEvent> {
  let event = '';
  let data: string[] = [];
  let id = '';
  for await (const line of readLines(body ?? empty(), alive)) {
    if (line === '') {
      if (data.length > 0 || event !== '') yield { event: event === '' ? 'message' : event, data: data.join('\n'), id };
      event = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'event') event = value;
    if (field === 'data') data.push(value);
    if (field === 'id') id = value;
  }
}

async function* readLines(body: AsyncIterable<Uint8Array>, alive: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    alive();
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > clientLimits.eventChars)
      throw new Refusal('PAYLOAD_TOO_LARGE', 'an event of the stream is too long');
    // A carriage return at the very end may be half of a line end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

async function* empty(): AsyncGenerator<Uint8Array> {
  // A response without a body has no events.
}
