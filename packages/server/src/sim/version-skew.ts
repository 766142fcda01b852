// Masters and workers of neighbouring versions, as frames show them: an older make leaves out what was added as optional, a newer
// one says things that nobody knows yet. Neither may disturb the other side (docs/decisions/compatibility.md).

import type { MasterMessage, WorkerMessage } from '@tidewheel/protocol';
import type { SignalTopic } from '../ports/signals.ts';

export const makes = ['same', 'older', 'newer'] as const;
export type Make = (typeof makes)[number];

/** Fields that a receiver must do without, by kind of message. */
const optional: Readonly<Record<string, readonly string[]>> = {
  hello: ['moved', 'cluster', 'minor'],
  welcome: ['cluster', 'minor'],
  assign: ['heartbeatTimeoutMs'],
  heartbeatAck: ['masters'],
  bye: ['prefer'],
};
/** Topics of signals that the first version did not have. */
const newTopics: readonly SignalTopic[] = ['leases', 'masters', 'locks', 'logs'];
const laterMinor = 99;

/** A message as a sender of that make would have put it. */
export function asSentBy(make: Make, message: WorkerMessage | MasterMessage): object {
  switch (make) {
    case 'same':
      return message;
    case 'older': {
      const without = optional[message.type] ?? [];
      const kept = Object.entries(message).filter(([field]) => !without.includes(field));
      return { ...Object.fromEntries(kept), ...(message.type === 'heartbeat' ? { stats: {} } : {}) };
    }
    case 'newer': {
      const later = { later: { said: [message.type, null] }, zeal: 7 };
      if (message.type === 'heartbeat') return { ...message, ...later, stats: { ...message.stats, ...later } };
      return { ...message, ...later, ...('minor' in message ? { minor: laterMinor } : {}) };
    }
  }
}

/** The detail of a signal as a master of that make sends it; undefined: it does not know the topic. */
export function signalSentBy(make: Make, topic: SignalTopic, detail: object | null): object | null | undefined {
  if (make === 'older' && newTopics.includes(topic)) return undefined;
  return make === 'newer' ? { ...detail, later: ['unknown'] } : detail;
}
