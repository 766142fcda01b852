// Does to the store what people fear for it: another server takes over, with all that was confirmed or without the newest of it, or a
// backup takes its place. It writes down what was lost, so that checkers know which history goes on.
//
//   switch      ───────────────────── all connections gone ─ away ─► the same rows, another timeline
//   promotion   ── copy ── behind ─── all connections gone ─ away ─► the copy, another timeline
//   restore     ── copy ── behind ─── masters end, but some ─ away ─► the copy, a gap that is open ── workers' leases end ─► the operator chooses
//
// Between copy and loss nobody changes definitions: what the operator did would be undone, and the oracle could not tell since when.

import type { GapChoice } from '@tidewheel/protocol';
import { gapOpen } from '../store/restore-gap.ts';
import type { ApiClient } from './api-client.ts';
import type { DefinitionKeeper } from './definition-keeper.ts';
import type { Faults } from './faults.ts';
import type { GroundTruth, StoreLossRecord } from './ground-truth.ts';
import type { Network } from './network.ts';
import type { SimOptions, StoreLossMix } from './options.ts';
import type { Random } from './random.ts';
import { simIdentity } from './sim-identity.ts';
import type { SimMaster } from './sim-master.ts';
import type { StoreClock } from './store-clock.ts';
import { copyStore, newestChange, putBack, type StoreCopy } from './store-copy.ts';
import type { StoreServer } from './store-server.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface StoreLossWorld {
  time: VirtualTime;
  store: StoreServer;
  clock: StoreClock;
  network: Network;
  masters: readonly SimMaster[];
  keeper: DefinitionKeeper;
  faults: Faults;
  truth: GroundTruth;
  api: ApiClient;
  /** Whether changes of the store are seen. */
  watch: (seen: boolean) => void;
}

const idleLookMs = 500;
const idleLooksMost = 60;
const againMs = 700;
/** How long it is watched who stays connected, and how lately a master must have asked the store to be expected to know of the loss. */
const linksMs = 6000;
const linksEveryMs = 20;
const askedMs = 3000;
/** After a longer pause its row may have run out, and nobody waits for it. */
const steadyMs = 20_000;
const pauseMs = 4000;
/** After a restore the operator waits until no worker can go on with what it had: as long as its lease, and as a clock may be wrong. */
const leaseShare = 1.3;
const graceMs = 5000;

export class StoreLosses {
  readonly #options: Pick<SimOptions, 'storeLoss' | 'sessionTtlMs'>;
  readonly #random: Random;
  readonly #world: StoreLossWorld;
  #healed = false;

  constructor(options: Pick<SimOptions, 'storeLoss' | 'sessionTtlMs'>, random: Random, world: StoreLossWorld) {
    this.#options = options;
    this.#random = random;
    this.#world = world;
  }

  begin(): void {
    const { storeLoss: mix } = this.#options;
    const random = this.#random;
    if (mix === null) return;
    this.#later(random.between(1, 2 * mix.everyMs), () => this.#begin(mix));
  }

  /** Whatever is open then an operator still closes. */
  heal(): void {
    this.#healed = true;
    this.#world.keeper.goOn();
  }

  #later(delayMs: number, run: () => void): void {
    this.#world.time.after(delayMs, 'store loss', () => {
      if (!this.#healed) run();
    });
  }

  #begin(mix: StoreLossMix): void {
    const { keeper } = this.#world;
    const random = this.#random;
    if (mix.kind === 'switch') {
      void this.#takeOver(mix, null);
      return this.begin();
    }
    keeper.rest();
    const look = (left: number): void => {
      if (keeper.idle) void this.#fallBehind(mix, random.spread(...mix.behindMs));
      else if (left > 0) this.#later(idleLookMs, () => look(left - 1));
      else {
        keeper.goOn();
        this.begin();
      }
    };
    look(idleLooksMost);
  }

  async #fallBehind(mix: StoreLossMix, behindMs: number): Promise<void> {
    const { store, time } = this.#world;
    const copied = await store.between(async () => ({ copy: await copyStore(store.real), at: time.now }));
    this.#later(behindMs, () => void this.#lose(mix, copied));
  }

  async #lose(mix: StoreLossMix, copied: { copy: StoreCopy; at: number }): Promise<void> {
    const { keeper } = this.#world;
    await this.#takeOver(mix, copied);
    keeper.goOn();
    if (mix.kind === 'promotion') this.begin();
  }

  async #takeOver(mix: StoreLossMix, copied: { copy: StoreCopy; at: number } | null): Promise<void> {
    const { store, time, truth, faults, masters } = this.#world;
    const random = this.#random;
    const { kind } = mix;
    const awayMs = random.spread(...mix.awayMs);
    faults.happened(`store ${kind}`, 'store', words(kind, time.now - (copied?.at ?? time.now), awayMs));
    if (kind === 'restore') for (const { process } of masters) if (random.chance(0.7)) faults.crash(process, awayMs);
    store.outage(awayMs);
    const choice = kind === 'restore' ? this.#drawChoice() : null;
    await store.takeOver(async () => {
      const lostSeq = await newestChange(store.real);
      if (copied !== null) await this.#putBack(copied, kind);
      const links = this.#watchLinks();
      const { seq: keptSeq } = copied?.copy ?? { seq: lostSeq };
      const from = copied?.at ?? time.now;
      const loss = { kind, keptSeq, lostSeq, from, to: time.now, links, choice };
      truth.losses.push(loss);
      if (kind === 'restore') this.#operate(loss);
    });
  }

  async #putBack({ copy, at }: { copy: StoreCopy; at: number }, kind: StoreLossMix['kind']): Promise<void> {
    const { store, watch, clock, api } = this.#world;
    watch(false);
    await putBack(store.real, copy);
    watch(true);
    if (kind !== 'restore') return;
    const from = { backupId: 'backup', at: clock.at(at), choice: null };
    await store.real.transaction((tx) => gapOpen(tx, simIdentity(this.#random, api.process.clock()), from));
  }

  #drawChoice(): NonNullable<StoreLossRecord['choice']> {
    const random = this.#random;
    return {
      gap: random.pick<GapChoice>(['skip', 'last', 'all']),
      unfinished: random.pick(['again', 'again', 'lost'] as const),
    };
  }

  #operate(loss: StoreLossRecord): void {
    const { api, masters } = this.#world;
    const random = this.#random;
    const { choice } = loss;
    if (choice === null) return;
    const ask = (): void => {
      const chosen = { ...choice, by: 'operator', reason: 'a restore' };
      api.call(
        random.pick(masters),
        'close the gap',
        (master) => master.restoreGap.choose(chosen),
        (answer) => {
          const done = answer.kind === 'done' || (answer.kind === 'refused' && settled.includes(answer.code));
          if (!done) api.process.after(againMs, 'again', ask);
        },
      );
    };
    const waitMs = leaseShare * this.#options.sessionTtlMs + graceMs + random.between(0, 20_000);
    api.process.after(waitMs, 'closes the gap', ask);
  }

  /** Connections to masters that work on the store, and for how long they stay whole. */
  #watchLinks(): StoreLossRecord['links'] {
    const { network, time, masters, store } = this.#world;
    const { now } = time;
    const steady = masters.filter(({ process: { name, up, pauses } }) => {
      const away = pauses.filter(({ from, to }) => now - to < steadyMs && to - from > pauseMs);
      return up && now - store.askedAt(name) < askedMs && away.length === 0;
    });
    const names = new Set(steady.map(({ process }) => process.name));
    const links = network.whole().flatMap((connection) => {
      const { from, to } = connection.between;
      const link = { worker: from.name, master: to.name, since: connection.openedAt, wholeUntil: now };
      return names.has(to.name) ? [{ connection, link }] : [];
    });
    const look = (): void => {
      const whole = new Set(network.whole());
      const still = links.filter(({ link, connection }) => link.wholeUntil === lookedAt && whole.has(connection));
      for (const { link } of still) link.wholeUntil = time.now;
      lookedAt = time.now;
      if (time.now - now < linksMs) time.after(linksEveryMs, 'a look at the links', look);
    };
    let lookedAt = now;
    look();
    return links.map(({ link }) => link);
  }
}

const settled = ['CONFLICT', 'NOT_FOUND'];

function words(kind: StoreLossMix['kind'], behindMs: number, awayMs: number): string {
  const away = `and is away for ${awayMs} ms`;
  if (kind === 'switch') return `goes on elsewhere ${away}`;
  return `${kind === 'restore' ? 'is restored' : 'goes on elsewhere'} as it was ${behindMs} ms ago ${away}`;
}
