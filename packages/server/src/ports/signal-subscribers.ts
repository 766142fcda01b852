// Who wants to hear what, within one process. A receiver that throws is a defect and is not caught.

import type { Signal } from './signal-batch.ts';
import type { SignalTopic, SignalTopics } from './signals.ts';

export class SignalSubscribers {
  readonly #receivers = new Map<SignalTopic, Set<(detail: never) => void>>();

  subscribe<T extends SignalTopic>(topic: T, receive: (detail: SignalTopics[T]) => void): () => void {
    // A function of its own each time: the same receiver may subscribe twice and leave once.
    const entry = (detail: SignalTopics[T]): void => receive(detail);
    const receivers = this.#receivers.get(topic) ?? new Set();
    this.#receivers.set(topic, receivers.add(entry));
    return () => {
      receivers.delete(entry);
    };
  }

  deliver([topic, detail]: Signal): void {
    for (const receive of this.#receivers.get(topic) ?? []) receive(detail as never);
  }

  clear(): void {
    this.#receivers.clear();
  }
}
