// A user of locks as a process: takes one, renews it, gives it back or dies with it, and writes down for how long it trusted in it.
// Some bind the lock to an attempt that runs just then, so that the end of its worker frees it.

import type { LockOrder } from '@tidewheel/protocol';
import type { Master } from '../master/master.ts';
import { ApiClient } from './api-client.ts';
import type { Answer, GroundTruth, HoldRecord, LastAskRecord } from './ground-truth.ts';
import type { Network } from './network.ts';
import { simIdentity } from './sim-identity.ts';
import type { SimMaster } from './sim-master.ts';
import type { SimProcess } from './sim-process.ts';

export interface HolderWorld {
  network: Network;
  truth: GroundTruth;
  masters: readonly SimMaster[];
  namespaces: readonly string[];
}

export const lockNames = ['ledger', 'report'] as const;
/** As the SDK does it: the last sixth of a life is not trusted. */
const trustShare = 5 / 6;
const boundTtlMs = 60_000;
const triesMost = 3;
const againMs = 500;

type Hold = HoldRecord & { over: boolean };

export class LockHolder {
  readonly process: SimProcess;
  readonly #world: HolderWorld;
  readonly #client: ApiClient;
  #ended = false;

  constructor(process: SimProcess, world: HolderWorld) {
    this.process = process;
    this.#world = world;
    this.#client = new ApiClient(process, world.network, world.truth);
  }

  start(): void {
    if (this.#ended) return;
    this.process.start();
    this.#wantLater();
  }

  /** It dies with whatever it holds, for good. */
  end(): void {
    this.#ended = true;
    this.process.crash();
  }

  get #now(): number {
    return this.#world.network.time.now;
  }

  #wantLater(): void {
    this.process.after(this.process.random.between(200, 6000), 'wants a lock', () => this.#want());
  }

  #want(): void {
    const { random } = this.process;
    const { truth, namespaces } = this.#world;
    const namespace = random.pick(namespaces);
    const running = truth.executions.filter(
      (one) => one.namespace === namespace && one.end === null && one.cutOffAt === null,
    );
    const bound = running.length > 0 && random.chance(0.3) ? random.pick(running) : null;
    const record: Hold = {
      holder: this.process.name,
      namespace,
      name: random.pick(lockNames),
      hold: simIdentity(random, this.process.clock()).random(),
      attemptId: bound?.attemptId ?? null,
      heldFrom: null,
      token: null,
      heldTo: 0,
      over: false,
    };
    truth.holds.push(record);
    this.process.onEnd(() => this.#letGo(record));
    const order: LockOrder = {
      hold: record.hold,
      ttl: bound === null ? random.between(2000, 8000) : boundTtlMs,
      wait: random.pick([0, 0, 1000, 5000]),
      ...(bound === null ? {} : { attempt: { runId: bound.runId, attemptId: bound.attemptId } }),
    };
    if (random.chance(0.08)) this.#force(record);
    this.#take(record, order, triesMost);
  }

  #take(record: Hold, order: LockOrder, tries: number): void {
    const askedAt = this.#now;
    const { namespace, name, holder } = record;
    const work = (master: Master) => master.locks.acquire(namespace, holder, name, order);
    this.#ask(`lock ${name}`, work, (answer) => {
      if (answer.kind === 'unknown' && tries > 1) {
        this.process.after(againMs, 'again', () => this.#take(record, order, tries - 1));
        return;
      }
      this.#wantLater();
      if (answer.kind !== 'done') return;
      record.heldFrom = this.#now;
      record.token = answer.value.token;
      record.heldTo = askedAt + order.ttl * trustShare;
      this.#renewLater(record, order.ttl);
      this.process.after(this.process.random.spread(100, 15_000), 'is done with a lock', () => this.#release(record));
    });
  }

  #renewLater(record: Hold, ttl: number): void {
    this.process.after(ttl / 3, 'renews a lock', () => {
      const { namespace, name, holder: owner, hold, token } = record;
      if (record.over || token === null) return;
      const askedAt = this.#now;
      const work = (master: Master) => master.locks.renew({ namespace, name, owner, hold }, token);
      this.#ask(`renew ${name}`, work, (answer) => {
        if (record.over) return;
        if (answer.kind === 'done') record.heldTo = Math.max(record.heldTo, askedAt + ttl * trustShare);
        else if (answer.kind === 'refused' && answer.code === 'LOCK_LOST') return this.#letGo(record);
        this.#renewLater(record, ttl);
      });
    });
  }

  /** Now and then somebody gives nothing back. */
  #release(record: Hold): void {
    if (record.over) return;
    this.#letGo(record);
    if (this.process.random.chance(0.2)) return;
    const { namespace, name, holder: owner, hold } = record;
    const work = (master: Master) => master.locks.release({ namespace, name, owner, hold });
    this.#ask(`release ${name}`, work, () => undefined);
  }

  #force({ namespace, name, holder }: HoldRecord): void {
    const work = (master: Master) => master.locks.forceRelease(namespace, holder, name, 'in the way');
    this.#ask(`force ${name}`, work, () => undefined);
  }

  #letGo(record: Hold): void {
    record.over = true;
    record.heldTo = Math.min(record.heldTo, this.#now);
  }

  #ask<T>(what: string, work: (master: Master) => Promise<T>, answer: (answer: Answer<T>) => void): void {
    this.#client.call(this.process.random.pick(this.#world.masters), what, work, answer);
  }
}

/**
 * Somebody who wants every lock when those who had them are gone, and asks until it has got them or `patienceMs` are over.
 * Answers with whether it has come to an end.
 */
export function askLast(client: ApiClient, world: HolderWorld, patienceMs: number): () => boolean {
  const { random } = client.process;
  const { time } = world.network;
  const identity = simIdentity(random, client.process.clock());
  const ask = (record: LastAskRecord, order: LockOrder): void => {
    const { namespace, name, askedAt } = record;
    const work = (master: Master) => master.locks.acquire(namespace, 'last', name, order);
    client.call(random.pick(world.masters), `last ${name}`, work, (answer) => {
      if (answer.kind === 'done') record.gotAt = time.now;
      else if (time.now > askedAt + patienceMs) record.gaveUpAt = time.now;
      else client.process.after(againMs, 'again', () => ask(record, order));
    });
  };
  for (const namespace of world.namespaces)
    for (const name of lockNames) {
      const hold = identity.random();
      const record: LastAskRecord = { namespace, name, hold, askedAt: time.now, gotAt: null, gaveUpAt: null };
      world.truth.lastAsks.push(record);
      ask(record, { hold, ttl: boundTtlMs, wait: 2000 });
    }
  return () => world.truth.lastAsks.every(({ gotAt, gaveUpAt }) => gotAt !== null || gaveUpAt !== null);
}
