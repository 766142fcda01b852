// Tells pages that rows have changed, at most four times a second per namespace, whatever the load.

import type { Clock } from '../ports/clock.ts';
import type { Signals, SignalTopics } from '../ports/signals.ts';

type Topic = SignalTopics['changed']['topics'][number];

const quietMs = 250;

export class Changes {
  readonly #clock: Clock;
  readonly #signals: Signals;
  readonly #pending = new Map<string, Set<Topic>>();
  #resting = false;

  constructor(clock: Clock, signals: Signals) {
    this.#clock = clock;
    this.#signals = signals;
  }

  note(namespaces: Iterable<string>, ...topics: Topic[]): void {
    for (const namespace of namespaces) {
      const pending = this.#pending.get(namespace) ?? new Set();
      for (const topic of topics) pending.add(topic);
      this.#pending.set(namespace, pending);
    }
    if (!this.#resting && this.#pending.size > 0) this.#publish();
  }

  #publish(): void {
    for (const [namespace, topics] of this.#pending)
      this.#signals.publish('changed', { namespace, topics: [...topics] });
    this.#pending.clear();
    this.#resting = true;
    this.#clock.timer(
      quietMs,
      () => {
        this.#resting = false;
        if (this.#pending.size > 0) this.#publish();
      },
      { background: true },
    );
  }
}
