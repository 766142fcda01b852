// The stream that keeps pages fresh: what kind of thing has changed in a namespace. Pages then ask again. Changes are gathered,
// so a reader gets at most four events a second. Events only hint: nothing is lost with one, because a reader that was away
// is told on its return that everything may have changed.

import { liveTopics, type LiveTopic } from '@tidewheel/protocol';
import type { Clock } from '../ports/clock.ts';
import type { DoorContext } from './door-context.ts';
import type { EventStream } from './event-streams.ts';
import type { ReadDoor } from './read-door.ts';
import { inNamespace } from './namespace-params.ts';
import { eventStreamType, rawRoute, type Route } from './route.ts';

const gatherMs = 250;

export function liveRoutes({ signals, streams, guard, clock, readDoor }: DoorContext): Route[] {
  return [
    rawRoute({
      method: 'GET',
      url: '/v1/namespaces/:ns/live',
      permission: 'namespace.read',
      tag: 'Live',
      summary:
        'Streams `changed` events whose data is {"topics": […]}, at most four a second; where there are replicas also "change", which reads send as tidewheel-change to be answered from what holds the news.',
      params: inNamespace,
      headers: { 'last-event-id': 'Sent by readers that come back; they are told at once that all may have changed.' },
      contentType: eventStreamType,
      handler: async (request, reply) => {
        const { ns } = inNamespace.parse(request.params);
        const stream = streams.open(reply, () => guard.stillAdmits(request, 'namespace.read', ns));
        const feed = new ChangeFeed(stream, clock, readDoor);
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
  readonly #reads: Pick<ReadDoor, 'newest'>;
  readonly #topics = new Set<LiveTopic>();
  #resting = false;
  #sent = 0;

  constructor(stream: EventStream, clock: Clock, reads: Pick<ReadDoor, 'newest'>) {
    this.#stream = stream;
    this.#clock = clock;
    this.#reads = reads;
  }

  note(topics: readonly LiveTopic[]): void {
    for (const topic of topics) this.#topics.add(topic);
    if (!this.#resting) void this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#topics.size === 0 || this.#stream.closed) return;
    this.#sent += 1;
    const id = String(this.#sent);
    const topics = [...this.#topics];
    this.#topics.clear();
    this.#resting = true;
    // A replica may not have yet what the signal tells of.
    const change = await this.#reads.newest();
    this.#stream.send({ event: 'changed', id, data: { topics, ...(change === null ? {} : { change }) } });
    this.#clock.timer(
      gatherMs,
      () => {
        this.#resting = false;
        void this.#flush();
      },
      { background: true },
    );
  }
}
