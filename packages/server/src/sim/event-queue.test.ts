import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventQueue, type QueuedEvent } from './event-queue.ts';
import { Random } from './random.ts';

test('events come by time, then by the priority of the seed, then in the order of scheduling', () => {
  const random = new Random(11);
  const queue = new EventQueue<QueuedEvent>();
  const all: QueuedEvent[] = [];
  for (let seq = 0; seq < 2000; seq += 1) {
    const event = { at: random.between(0, 50), priority: random.between(0, 3), seq };
    all.push(event);
    queue.push(event);
    // Taking some out in between must not disturb the rest.
    if (random.chance(0.2)) {
      const first = all.toSorted(order)[0];
      assert.equal(queue.pop(), first);
      all.splice(all.indexOf(first as QueuedEvent), 1);
    }
  }
  const rest: (QueuedEvent | undefined)[] = [];
  while (queue.size > 0) rest.push(queue.pop());
  assert.deepEqual(rest, all.toSorted(order));
  assert.equal(queue.pop(), undefined);
});

function order(a: QueuedEvent, b: QueuedEvent): number {
  return a.at - b.at || a.priority - b.priority || a.seq - b.seq;
}
