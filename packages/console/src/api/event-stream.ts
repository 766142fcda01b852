// Server-sent events read with fetch. The browser's EventSource hides the status of a refusal and the pings that tell a quiet
// connection from a dead one; both matter here, and the format is ten lines.

import { ApiProblem } from './request.ts';

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  /** The last id that was sent, for going on after a break. */
  readonly id: string | null;
}

/** Cuts a stream of text into events, whatever the pieces in which it arrives. */
export class EventParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | null = null;

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line === '') {
        if (this.#data.length > 0)
          events.push({ event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id });
        this.#event = '';
        this.#data = [];
      } else this.#field(line);
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id') this.#id = value;
  }
}

export interface Reading {
  readonly signal: AbortSignal;
  readonly lastEventId?: string | null;
  readonly onOpen: () => void;
  readonly onEvent: (event: ServerEvent) => void;
}

/** Without any byte for this long (the server pings every 15 s) the connection counts as dead. */
const silenceMs = 40_000;

/** Resolves when the server ends the stream, rejects when it refuses, the connection breaks, stays silent or is aborted. */
export async function readEvents(path: string, { signal, lastEventId, onOpen, onEvent }: Reading): Promise<void> {
  const silence = new AbortController();
  let timer = window.setTimeout(() => silence.abort(), silenceMs);
  try {
    const response = await fetch(path, {
      headers: { accept: 'text/event-stream', ...(lastEventId ? { 'last-event-id': lastEventId } : {}) },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok || response.body === null) throw refused(response.status);
    onOpen();
    const parser = new EventParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(timer);
      timer = window.setTimeout(() => silence.abort(), silenceMs);
      for (const event of parser.push(piece.value)) onEvent(event);
    }
  } finally {
    clearTimeout(timer);
  }
}

function refused(status: number): ApiProblem {
  const code = status === 401 ? 'UNAUTHENTICATED' : 'UNAVAILABLE';
  return new ApiProblem({ status, code, title: `HTTP ${status}`, detail: `HTTP ${status}`, remedy: '' });
}
