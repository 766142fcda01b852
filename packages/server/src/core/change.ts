// A place in the history of a replicated store. Clients carry it as text (protocol/change.ts), in which later places of one history are
// greater: the timeline and the position with leading zeros, then the system that the history belongs to.

import { noChange } from '@tidewheel/protocol';

export interface History {
  /** Of the servers that share it. */
  readonly systemId: string;
  /** Grows with each promotion, and what was at its end is not in the next one. */
  readonly timeline: number;
}

export interface Change extends History {
  /** Bytes of the log. */
  readonly position: bigint;
}

/** Of a change that was made and whose place could not be learned: nobody holds it for sure but the primary. */
export const unknownPlace: Change = { systemId: '0', timeline: 0, position: 0n };

export function changeText({ systemId, timeline, position }: Change): string {
  return `${timeline.toString(16).padStart(8, '0')}-${position.toString(16).padStart(16, '0')}-${systemId}`;
}

/** Null: it is no such text. */
export function readChange(text: string): Change | typeof noChange | null {
  if (text === noChange) return noChange;
  const [, timeline = '', position = '', systemId = ''] = /^([0-9a-f]{8})-([0-9a-f]{16})-(\d{1,20})$/.exec(text) ?? [];
  return systemId === ''
    ? null
    : { systemId, timeline: Number.parseInt(timeline, 16), position: BigInt(`0x${position}`) };
}

export function sameHistory(one: History, other: History): boolean {
  return one.systemId === other.systemId && one.timeline === other.timeline;
}

/** A position as PostgreSQL writes it: two halves in hexadecimal digits, `16/B374D848`. */
export function logPosition(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
