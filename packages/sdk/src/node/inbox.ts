// What the I/O thread has said while the main loop was busy. All of it is taken in before any of it is acted upon: after a long stand-still
// an attempt may lie there together with the word that it belongs to somebody else by now, and then it must not begin.

import type { ToMain } from './io-messages.ts';

export class Inbox {
  readonly #act: (message: ToMain) => void;
  #waiting: ToMain[] = [];

  constructor(act: (message: ToMain) => void) {
    this.#act = act;
  }

  receive(messages: readonly ToMain[]): void {
    // Messages that have arrived are handed over in one phase of the loop, immediates run in the next.
    if (this.#waiting.length === 0) setImmediate(() => this.#empty());
    this.#waiting.push(...messages);
  }

  #empty(): void {
    const messages = this.#waiting;
    this.#waiting = [];
    const abandoned = new Set<string>();
    for (const message of messages) if (message.type === 'abandon') abandoned.add(message.attemptId);
    for (const message of messages) {
      if (message.type === 'start' && abandoned.has(message.assign.attemptId)) continue;
      this.#act(message);
    }
  }
}
