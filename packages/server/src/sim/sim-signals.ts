// Signals between simulated processes: hints that may be lost, late, repeated or reordered, as the port allows.

import type { Signals, SignalTopic, SignalTopics } from '../ports/signals.ts';
import type { Random } from './random.ts';
import type { SimProcess } from './sim-process.ts';
import { type Make, signalSentBy } from './version-skew.ts';

export interface SignalMix {
  /** Share of deliveries that never come; 1 means that everything must work by polling. */
  loss: number;
  repeat: number;
  delayMs: readonly [low: number, high: number];
}

export const calmSignals: SignalMix = { loss: 0, repeat: 0, delayMs: [0, 5] };

interface Subscription {
  process: SimProcess;
  life: number;
  topic: SignalTopic;
  receive: (detail: unknown) => void;
}

export class SignalHub {
  mix: SignalMix;
  readonly #random: Random;
  #subscriptions: Subscription[] = [];

  constructor(random: Random, mix: SignalMix) {
    this.#random = random;
    this.mix = mix;
  }

  /** The signals of the present life of `process`. */
  of(process: SimProcess, make: Make = 'same'): Signals {
    const life = process.life;
    return {
      publish: (topic, detail) => {
        const sent = signalSentBy(make, topic, detail);
        if (process.lives(life) && sent !== undefined) this.#publish(topic, JSON.stringify(sent));
      },
      subscribe: (topic, receive) => this.#subscribe(process, topic, receive),
      close: () => {
        this.#subscriptions = this.#subscriptions.filter((one) => one.process !== process || one.life !== life);
        return Promise.resolve();
      },
    };
  }

  #subscribe<T extends SignalTopic>(
    process: SimProcess,
    topic: T,
    receive: (detail: SignalTopics[T]) => void,
  ): () => void {
    const subscription: Subscription = {
      process,
      life: process.life,
      topic,
      receive: (detail) => receive(detail as SignalTopics[T]),
    };
    this.#subscriptions.push(subscription);
    return () => {
      this.#subscriptions = this.#subscriptions.filter((one) => one !== subscription);
    };
  }

  #publish(topic: SignalTopic, detail: string): void {
    this.#subscriptions = this.#subscriptions.filter((one) => one.process.lives(one.life));
    for (const subscription of this.#subscriptions) {
      if (subscription.topic !== topic || this.#random.chance(this.mix.loss)) continue;
      this.#deliver(subscription, detail);
      if (this.#random.chance(this.mix.repeat)) this.#deliver(subscription, detail);
    }
  }

  #deliver(subscription: Subscription, detail: string): void {
    subscription.process.after(this.#random.skewed(...this.mix.delayMs), `signal ${subscription.topic}`, () => {
      if (this.#subscriptions.includes(subscription)) subscription.receive(JSON.parse(detail));
    });
  }
}
