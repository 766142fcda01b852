// One connection to a worker as the session gateway sees it: a WebSocket in production, a simulated link in the simulator.

import type { MasterMessage, WorkerMessage } from '@tidewheel/protocol';

export interface WorkerConnection {
  /** Queues messages for the next frame; never throws, messages to a closed connection vanish. */
  send(messages: readonly MasterMessage[]): void;
  /** Ends the connection after what was sent; `code` is from the error catalogue. */
  close(code: string, reason: string): void;
  /** Bytes waiting to be written, for back-pressure. */
  bufferedBytes(): number;
}

/** What the carrier calls for one connection, in this order: receive…, closed once. */
export interface WorkerConnectionHandler {
  receive(messages: readonly WorkerMessage[]): void;
  closed(): void;
}
