// One connection between two simulated processes: text frames in order, both ways, until one side closes it or it breaks.
// A side learns of the end when the news reaches it, which after a silent crash is: never, or when it next sends to the restarted host.

import type { Network } from './network.ts';
import type { SimProcess } from './sim-process.ts';

/** What one side does with what arrives. `closed` comes at most once, and not after the side itself has closed. */
export interface Receiver {
  frame(text: string): void;
  closed(reason: string): void;
}

type Side = 0 | 1;
type Item = { text: string } | { closed: string };

interface End {
  process: SimProcess;
  life: number;
  receiver: Receiver;
  open: boolean;
  /** It has sent something. */
  spoken: boolean;
  /** On the way to this end, in order. */
  incoming: Item[];
  incomingBytes: number;
  /** Nothing arrives at this end any more, although neither side knows. */
  silent: boolean;
}

const retransmitMs = 250;

export class Connection {
  readonly openedAt: number;
  readonly #network: Network;
  readonly #ends: [End, End];

  constructor(network: Network, from: SimProcess, to: SimProcess, receivers: readonly [Receiver, Receiver]) {
    this.#network = network;
    this.openedAt = network.time.now;
    this.#ends = [end(from, receivers[0]), end(to, receivers[1])];
    from.onEnd(() => this.#processGone(0));
    to.onEnd(() => this.#processGone(1));
  }

  /** Both sides are there, and what they send arrives. */
  get whole(): boolean {
    return this.#ends.every(({ open, silent, process, life }) => open && !silent && process.lives(life));
  }

  get between(): { from: SimProcess; to: SimProcess } {
    const [from, to] = this.#ends;
    return { from: from.process, to: to.process };
  }

  /** Bytes that `side` has sent and the other has not received. */
  inFlight(side: Side): number {
    return this.#ends[other(side)].incomingBytes;
  }

  send(side: Side, text: string): void {
    const own = this.#ends[side];
    const peer = this.#ends[other(side)];
    if (!own.open) return;
    if (!peer.process.lives(peer.life)) return this.#sendToTheGone(side);
    const { random, mix } = this.#network;
    this.#put(other(side), { text });
    // Not the first, which opens the conversation: it stands for the handshake of the carrier itself.
    if (own.spoken && random.chance(mix.repeat)) this.#put(other(side), { text });
    own.spoken = true;
    if (random.chance(mix.reset)) this.reset();
    else if (random.chance(mix.silence)) peer.silent = true;
  }

  /** Closes after what was sent; the other side learns of it in order. */
  close(side: Side, reason: string): void {
    const own = this.#ends[side];
    if (!own.open) return;
    own.open = false;
    this.#put(other(side), { closed: reason });
  }

  /** Breaks the connection now; what is in flight is lost, and each side notices in its own time. */
  reset(): void {
    for (const side of [0, 1] as const) {
      this.#ends[side].incoming = [];
      this.#ends[side].incomingBytes = 0;
      this.#ends[side].silent = true;
      this.#breakLater(side);
    }
  }

  // The host answers for a process that is not there any more, unless the host itself is down.
  #sendToTheGone(side: Side): void {
    if (this.#ends[other(side)].process.up) this.#breakLater(side);
  }

  #processGone(side: Side): void {
    const own = this.#ends[side];
    if (!own.open) return;
    own.open = false;
    if (!this.#network.random.chance(this.#network.mix.silentCrash)) this.#breakLater(other(side));
  }

  #breakLater(side: Side): void {
    const { process, life } = this.#ends[side];
    if (!process.lives(life)) return;
    process.after(this.#network.delayMs(), 'connection broken', () => this.#closedAt(side, 'the connection was reset'));
  }

  #put(to: Side, item: Item): void {
    const target = this.#ends[to];
    if (!target.process.lives(target.life)) return;
    target.incoming.push(item);
    if ('text' in item) target.incomingBytes += item.text.length;
    this.#arriveLater(to, this.#network.delayMs());
  }

  // Each arrival takes the first item on the way, so that equal or crossed delays never reorder a connection.
  #arriveLater(to: Side, delayMs: number): void {
    this.#ends[to].process.after(delayMs, 'frame', () => this.#arrive(to));
  }

  #arrive(to: Side): void {
    const target = this.#ends[to];
    if (target.silent || !target.open) return;
    if (this.#network.isCut(this.#ends[other(to)].process, target.process)) {
      this.#arriveLater(to, retransmitMs + this.#network.delayMs());
      return;
    }
    const item = target.incoming.shift();
    if (item === undefined) return;
    if ('closed' in item) return this.#closedAt(to, item.closed);
    target.incomingBytes -= item.text.length;
    this.#network.time.trace.add(this.#network.time.now, target.process.name, `← ${item.text}`);
    target.receiver.frame(item.text);
  }

  #closedAt(side: Side, reason: string): void {
    const own = this.#ends[side];
    if (!own.open) return;
    own.open = false;
    own.receiver.closed(reason);
  }
}

function end(process: SimProcess, receiver: Receiver): End {
  return {
    process,
    life: process.life,
    receiver,
    open: true,
    spoken: false,
    incoming: [],
    incomingBytes: 0,
    silent: false,
  };
}

function other(side: Side): Side {
  return side === 0 ? 1 : 0;
}
