// Signals within one process, for a master that is alone with its store. Delivered at the end of the tick.

import { serverLimits } from '../../core/limits.ts';
import { type Signal, SignalBatch } from '../../ports/signal-batch.ts';
import { SignalSubscribers } from '../../ports/signal-subscribers.ts';
import type { Signals } from '../../ports/signals.ts';

export function localSignals(): Signals {
  const subscribers = new SignalSubscribers();
  const batch = new SignalBatch();
  let flushing = false;
  let closed = false;

  function flush(): void {
    flushing = false;
    if (closed) return;
    for (const signal of batch.take(serverLimits.signalNames)) subscribers.deliver(signal);
  }

  return {
    publish: (topic, detail) => {
      if (closed) return;
      batch.add([topic, detail] as Signal);
      if (flushing) return;
      flushing = true;
      queueMicrotask(flush);
    },
    subscribe: (topic, receive) => subscribers.subscribe(topic, receive),
    close: () => {
      closed = true;
      subscribers.clear();
      return Promise.resolve();
    },
  };
}
