// A min-heap of what is to happen, by (time, seeded priority, order of scheduling).
// Two events of the same millisecond come in an order that the seed chooses: that is where races are found.

export interface QueuedEvent {
  readonly at: number;
  readonly priority: number;
  readonly seq: number;
}

export class EventQueue<T extends QueuedEvent> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): T | undefined {
    return this.#heap[0];
  }

  push(event: T): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !before(event, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = event;
  }

  pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    this.#sink(last);
    return first;
  }

  #sink(event: T): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const leftIndex = index * 2 + 1;
      const left = heap[leftIndex];
      if (left === undefined) break;
      const right = heap[leftIndex + 1];
      const smaller = right !== undefined && before(right, left) ? right : left;
      if (!before(smaller, event)) break;
      heap[index] = smaller;
      index = smaller === left ? leftIndex : leftIndex + 1;
    }
    heap[index] = event;
  }
}

function before(a: QueuedEvent, b: QueuedEvent): boolean {
  if (a.at !== b.at) return a.at < b.at;
  if (a.priority !== b.priority) return a.priority < b.priority;
  return a.seq < b.seq;
}
