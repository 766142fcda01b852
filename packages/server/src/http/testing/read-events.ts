// Reads a server-sent event stream in tests: events one by one, as a browser would. Test code only.

import { request, type IncomingMessage } from 'node:http';

export interface ReadEvent {
  event: string;
  id: string | null;
  data: unknown;
}

export interface EventReader {
  status: number;
  headers: IncomingMessage['headers'];
  /** The next event, or null when the stream has ended. */
  next: () => Promise<ReadEvent | null>;
  /** Comment lines so far. */
  comments: () => number;
  /** Stops reading from the socket, as a reader that hangs does. */
  hang: () => void;
  /** Resolves when the connection is gone. */
  ended: Promise<void>;
  close: () => void;
}

export function readEvents(url: string, token: string, lastEventId?: string): Promise<EventReader> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, agent: false }, (response) => resolve(readerOf(response)));
    asked.on('error', reject);
    asked.end();
  });
}

function readerOf(response: IncomingMessage): EventReader {
  const events: ReadEvent[] = [];
  let text = '';
  let comments = 0;
  let wake: () => void = () => undefined;
  let over = false;
  const ended = new Promise<void>((resolve) => {
    response.on('close', () => {
      over = true;
      wake();
      resolve();
    });
  });
  response.on('error', () => undefined);
  response.on('data', (chunk) => {
    text += String(chunk);
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) comments += 1;
      const event = eventOf(block);
      if (event !== null) events.push(event);
    }
    wake();
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    next: async () => {
      while (events.length === 0 && !over) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return events.shift() ?? null;
    },
    comments: () => comments,
    hang: () => void response.pause(),
    ended,
    close: () => response.destroy(),
  };
}

function eventOf(block: string): ReadEvent | null {
  const lines = block.split('\n');
  const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
  const event = field('event');
  return event === null ? null : { event, id: field('id'), data: JSON.parse(field('data') ?? 'null') as unknown };
}
