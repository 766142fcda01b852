// The stream that keeps pages fresh: what kind of thing has changed in a namespace. Pages then ask again. Changes are gathered,
// so a reader gets at most four events a second. Events only hint: nothing is lost with one, because a reader that was away
// is told on its return that everything may have changed.

import { liveTopics, type LiveTopic } from '@tidewheel/protocol';
import type { Clock } from '../ports/clock.ts';
import type { DoorContext } from './door-context.ts';
import type { EventStream } from './event-streams.ts';
import { inNamespace } from './namespace-params.ts';
import { eventStreamType, rawRoute, type Route } from './route.ts';

const gatherMs = 250;

export function liveRoutes({ signals, streams, guard, clock }: DoorContext): Route[] {
  return [
    rawRoute({
      method: 'GET',
      url: '/v1/namespaces/:ns/live',
      permission: 'namespace.read',
      tag: 'Live',
      summary: 'Streams `changed` events whose data is {"topics": […]}, at most four a second.',
      params: inNamespace,
      headers: { 'last-event-id': 'Sent by readers that come back; they are told at once that all may have changed.' },
      contentType: eventStreamType,
      handler: async (request, reply) => {
        const { ns } = inNamespace.parse(request.params);
        const stream = streams.open(reply, () => guard.stillAdmits(request, 'namespace.read', ns));
        const feed = new ChangeFeed(stream, clock);
        const unsubscribe = signals.subscribe('changed', ({ namespace, topics }) => {
          if (namespace === ns) feed.note(topics);
        });
        stream.whenClosed(unsubscribe);
        // Of the cluster there is one for all namespaces: an order, or a leadership that changes hands.
        for (const topic of ['masters', 'leases'] as const)
          stream.whenClosed(signals.subscribe(topic, () => feed.note(['cluster'])));
        if (request.headers['last-event-id'] !== undefined) feed.note(liveTopics);
        return reply;
      },
    }),
  ];
}

/** The first change goes out at once; those that follow wait for the quarter second to pass. */
class ChangeFeed {
  readonly #stream: EventStream;
  readonly #clock: Clock;
  readonly #topics = new Set<LiveTopic>();
  #resting = false;
  #sent = 0;

  constructor(stream: EventStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  note(topics: readonly LiveTopic[]): void {
    for (const topic of topics) this.#topics.add(topic);
    if (!this.#resting) this.#flush();
  }

  #flush(): void {
    if (this.#topics.size === 0 || this.#stream.closed) return;
    this.#sent += 1;
    this.#stream.send({ event: 'changed', id: String(this.#sent), data: { topics: [...this.#topics] } });
    this.#topics.clear();
    this.#resting = true;
    this.#clock.timer(
      gatherMs,
      () => {
        this.#resting = false;
        this.#flush();
      },
      { background: true },
    );
  }
}
