// Where this master stands among the others: which workers it takes, which it sends on, and what operators have ordered.
//
//            cordon                          drain
//   ACTIVE ──────────► CORDONED          ──────────► DRAINING ── all workers have gone ──► drained
//     ▲  takes workers, │ takes none while others do, │ takes none, sends all on, neither fires nor claims
//     │  sends some on  │ sends idle ones on          │ while another master is active; gives the leadership up
//     └──── uncordon ◄──┴─────────────────────────────┘
//
// Orders come from this master's row in the store. A master that sees no other active one works on whatever was ordered: a
// cluster in which nobody works would be a worse answer.

import { type Hello, Refusal } from '@tidewheel/protocol';
import { isCrowded, isLopsided, type MasterState, targets } from '../core/spread.ts';
import { masterSays, mastersLook, type PeerSign, stepDownTake } from '../store/masters.ts';
import type { MasterContext } from './deps.ts';
import { Loop, type Service } from './service.ts';
import type { SessionLink } from './session-link.ts';

/** Workers moved at one look for the sake of balance: at most 60 a minute. */
const balanceMoves = 3;
/** A worker that has just come is left in peace. */
const settledMs = 60_000;
/** Of a master that empties itself: so many, so often. They come back within moments, and others must take them. */
const emptyMoves = 10;
const emptyEveryMs = 250;
/** Orders come with a signal; without one they are found this many polls later. */
const readPolls = 3;

export interface StationHost {
  /** Workers connected, and those that are saying hello. */
  count(): number;
  links(): Iterable<SessionLink>;
  move(link: SessionLink, prefer: readonly string[]): void;
  stepDown(to: string | null): Promise<boolean>;
}

export class Station implements Service {
  readonly #context: MasterContext;
  readonly #host: StationHost;
  readonly #loop: Loop;
  #unsubscribe: (() => void) | null = null;
  #wanted: MasterState = 'active';
  #others: readonly PeerSign[] = [];
  #moving = false;
  #doomed = false;
  #said = '';
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: MasterContext, host: StationHost) {
    this.#context = context;
    this.#host = host;
    this.#loop = new Loop('station', context, () => this.#look());
  }

  async start(): Promise<void> {
    this.#unsubscribe ??= this.#context.signals.subscribe('masters', () => {
      this.#lookedAtMs = Number.NEGATIVE_INFINITY;
      this.#loop.wake();
    });
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#loop.stop();
  }

  /** Other masters that a worker which says hello shall go to; null: it is welcome here. */
  redirect(hello: Hello): string[] | null {
    const own = this.#host.count();
    if (this.#wanted !== 'active') return someOf(targets(own, this.#others, true));
    // Work in hand is resumed where it arrives, and who was sent here is not sent on.
    if (hello.moved === true || hello.holding.length > 0 || !isCrowded(own, this.#others)) return null;
    return someOf(targets(own, this.#others, false));
  }

  async #look(): Promise<number> {
    const { clock, settings } = this.#context;
    // It moves workers more often than it asks the store.
    if (clock.monotonicMs() - this.#lookedAtMs >= readPolls * settings.pollMs) await this.#read();
    const links = [...this.#host.links()];
    const elsewhere = targets(links.length, this.#others, this.#wanted !== 'active');
    const resting = this.#wanted === 'draining' && this.#others.some((peer) => peer.wanted === 'active');
    this.#context.posture.resting = resting;
    this.#moving = this.#wanted === 'active' && isLopsided(links.length, this.#others, this.#moving);
    const leaving = elsewhere.length === 0 ? [] : this.#chosen(links, resting);
    for (const link of leaving) this.#host.move(link, elsewhere);
    await this.#say(links.length - leaving.length, resting);
    return this.#wanted !== 'active' && leaving.length > 0 ? emptyEveryMs : settings.pollMs;
  }

  async #read(): Promise<void> {
    const { db, clock, masterId, log, settings, fatal } = this.#context;
    const startedMs = clock.monotonicMs();
    const { own, others } = await mastersLook(db, masterId);
    const before = this.#others;
    this.#others = others;
    this.#lookedAtMs = startedMs;
    if (own === null) return;
    const twin = others.find((peer) => isTwin(peer, before, { ...own, id: masterId, address: settings.address }));
    if (twin !== undefined && !this.#doomed) {
      this.#doomed = true;
      const text = `the master ${twin.id} is alive and advertises ${twin.address} too; this one came later and ends`;
      fatal(new Refusal('ADDRESS_TAKEN', text));
      return;
    }
    if (own.wanted !== this.#wanted) log.info(`this master is ${own.wanted} by order`, { reason: own.reason });
    this.#wanted = own.wanted;
    if (own.stepDown) {
      const to = await stepDownTake(db, masterId);
      if (to !== undefined) await this.#host.stepDown(to);
    } else if (own.wanted === 'draining' && others.some((peer) => peer.wanted === 'active'))
      await this.#host.stepDown(null);
  }

  #chosen(links: readonly SessionLink[], resting: boolean): SessionLink[] {
    const before = this.#context.clock.monotonicMs() - settledMs;
    const isIdle = (link: SessionLink) => link.held.size === 0 && link.reserved === 0;
    if (resting) return links.toSorted((a, b) => a.held.size - b.held.size).slice(0, emptyMoves);
    if (this.#wanted !== 'active') return links.filter(isIdle).slice(0, emptyMoves);
    return this.#moving ? links.filter((link) => isIdle(link) && link.sinceMs <= before).slice(0, balanceMoves) : [];
  }

  /** Only what is new: others read it every few seconds. */
  async #say(sessions: number, resting: boolean): Promise<void> {
    const drained = resting && sessions === 0;
    const said = `${sessions} ${drained}`;
    if (said === this.#said) return;
    await masterSays(this.#context.db, this.#context.masterId, { sessions, drained });
    this.#said = said;
  }
}

function someOf(addresses: string[]): string[] | null {
  return addresses.length === 0 ? null : addresses;
}

/**
 * An older master with our address whose row was renewed since we looked last. One that merely has not run out yet is what is left of
 * an earlier life of this very place: a restart after a crash must not wait for it.
 */
function isTwin(
  peer: PeerSign,
  before: readonly PeerSign[],
  own: { id: string; address: string; startedAt: number },
): boolean {
  const isOlder = peer.startedAt < own.startedAt || (peer.startedAt === own.startedAt && peer.id < own.id);
  if (peer.address !== own.address || !isOlder) return false;
  const seen = before.find((one) => one.id === peer.id);
  return seen !== undefined && peer.renewedAt > seen.renewedAt;
}
