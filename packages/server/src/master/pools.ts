// Pools one by one: put, delete, and what people order of them by hand. Sets of pools travel with jobs, through Definitions.apply. The leader's
// duty (master/scaling.ts) acts on what is written here.

import {
  limits,
  type PoolDefinition,
  type PoolOrder,
  type PoolOrderView,
  type PoolView,
  Refusal,
} from '@tidewheel/protocol';
import type { PoolWish } from '../core/pools/pool-plan.ts';
import type { Tx } from '../ports/database.ts';
import { eventsAppend } from '../store/events.ts';
import { storeNow } from '../store/jobs.ts';
import { poolOrderEnd, poolOrderPut, poolOrdersOpen } from '../store/pool-orders.ts';
import { poolView } from '../store/pool-views.ts';
import { poolIdNamed, poolsStored } from '../store/pools.ts';
import { CalendarBook } from './calendar-book.ts';
import { type Change, writePlans } from './definition-writes.ts';
import {
  checkPrecondition,
  type Definitions,
  type DefinitionsDeps,
  type Outcome,
  type Precondition,
} from './definitions.ts';
import { PoolBook } from './pool-book.ts';

export class Pools {
  readonly #deps: DefinitionsDeps;
  readonly #definitions: Pick<Definitions, 'change'>;

  constructor(deps: DefinitionsDeps, definitions: Pick<Definitions, 'change'>) {
    this.#deps = deps;
    this.#definitions = definitions;
  }

  /** Refusals: VERSION_REQUIRED, STALE_VERSION, VALIDATION_FAILED, POOL_CONFLICT, SCALER_NOT_ALLOWED. */
  async put(
    namespace: string,
    actor: string,
    definition: PoolDefinition,
    precondition: Precondition,
  ): Promise<{ pool: PoolView; created: boolean }> {
    return this.#definitions.change(namespace, actor, async (tx, change) => {
      const before = (await poolsStored(tx, namespace)).find((pool) => pool.name === definition.name);
      checkPrecondition('pool', definition.name, before?.version ?? null, precondition);
      const written = await this.#write(tx, change, { wanted: [definition], unwanted: [], source: null });
      const pool = await poolView(tx, namespace, definition.name);
      if (pool === null) throw new Error(`the pool ${definition.name} vanished within a transaction`);
      return { ...written, value: { pool, created: before === undefined } };
    });
  }

  /** Its workers go on; those that its driver started end when their work is done. Refusals: NOT_FOUND, VERSION_REQUIRED, STALE_VERSION. */
  async delete(
    namespace: string,
    actor: string,
    name: string,
    precondition: Pick<Precondition, 'ifMatch'>,
  ): Promise<void> {
    return this.#definitions.change(namespace, actor, async (tx, change) => {
      const before = (await poolsStored(tx, namespace)).find((pool) => pool.name === name);
      if (before === undefined) throw noPool(namespace, name);
      checkPrecondition('pool', name, before.version, precondition);
      return this.#write(tx, change, { wanted: [], unwanted: [name], source: null });
    });
  }

  /** Refusals: NOT_FOUND, VALIDATION_FAILED (a time that has passed), CONFLICT (too many). */
  async order(namespace: string, actor: string, name: string, order: PoolOrder): Promise<PoolOrderView> {
    return this.#change(namespace, actor, async (tx, change) => {
      const poolId = await poolIdNamed(tx, namespace, name);
      if (poolId === null) throw noPool(namespace, name);
      const { from, until } = spanOf(order, await storeNow(tx));
      const open = (await poolOrdersOpen(tx, [poolId])).get(poolId) ?? [];
      if (open.length >= limits.poolOrders)
        throw new Refusal('CONFLICT', `the pool "${name}" has ${open.length} orders already; end some first`);
      await poolOrderPut(tx, { id: change.eventId, poolId, order, createdBy: actor, from, until });
      await this.#event(tx, change, `pool.${order.kind}`, name, order);
      const view = (await poolOrdersOpen(tx, [poolId])).get(poolId)?.find(({ id }) => id === change.eventId);
      if (view === undefined) throw new Error(`an order of the pool ${name} vanished within a transaction`);
      return view;
    });
  }

  /** Refusals: NOT_FOUND. */
  async endOrder(namespace: string, actor: string, name: string, id: string, reason: string): Promise<void> {
    return this.#change(namespace, actor, async (tx, change) => {
      const poolId = await poolIdNamed(tx, namespace, name);
      if (poolId === null) throw noPool(namespace, name);
      if (!(await poolOrderEnd(tx, poolId, id, 'ended')))
        throw new Refusal('NOT_FOUND', `the pool "${name}" has no order ${id} that still holds`);
      await this.#event(tx, change, 'pool.order-end', name, { order: id, reason });
    });
  }

  async #change<T>(namespace: string, actor: string, work: (tx: Tx, change: Change) => Promise<T>): Promise<T> {
    return this.#definitions.change(namespace, actor, async (tx, change): Promise<Outcome<T>> => {
      return { value: await work(tx, change), written: true, decided: [], pools: true };
    });
  }

  async #event(tx: Tx, change: Change, action: string, subject: string, detail: unknown): Promise<void> {
    const { eventId: id, namespace, actor } = change;
    await eventsAppend(tx, this.#deps.identity, [{ id, namespace, actor, action, subject, detail }]);
  }

  async #write(tx: Tx, change: Change, wish: PoolWish): Promise<Outcome<undefined>> {
    const pools = await PoolBook.open(tx, change.namespace, wish, this.#deps.scalers ?? {}, '');
    const calendars = await CalendarBook.open(tx, change.namespace, []);
    const decided = await writePlans(tx, this.#deps, change, { jobs: [], calendars, pools }, await storeNow(tx));
    return { value: undefined, written: pools.changed, decided, pools: pools.changed };
  }
}

/** When an order holds. What is over already was meant otherwise. */
function spanOf(order: PoolOrder, now: number): { from: number; until: number | null } {
  switch (order.kind) {
    case 'scale':
    case 'freeze':
      return { from: now, until: order.for === undefined ? null : now + order.for };
    case 'maintenance':
      if (order.to <= order.from) refuse('/to', 'is not later than `from`');
      if (order.to <= now) refuse('/to', 'has passed');
      return { from: order.from, until: order.to };
    case 'reserve':
      if (order.at + order.over <= now) refuse('/at', 'has passed');
      return { from: now, until: order.at + order.over };
    case 'rollout':
      return { from: now, until: null };
  }
}

function refuse(pointer: string, detail: string): never {
  throw new Refusal('VALIDATION_FAILED', `${pointer.slice(1)} ${detail}`, { faults: [{ pointer, detail }] });
}

export function noPool(namespace: string, name: string): Refusal {
  return new Refusal('NOT_FOUND', `there is no pool "${name}" in the namespace "${namespace}"`);
}
