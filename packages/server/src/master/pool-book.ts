// The pools of a namespace within one change of its definitions: as they are, and as they will be.

import { type Fault, Refusal, type Role } from '@tidewheel/protocol';
import {
  checkPoolsTogether,
  planPools,
  type PoolPlan,
  type PoolWish,
  type StoredPool,
} from '../core/pools/pool-plan.ts';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import type { Scalers } from '../ports/scaler.ts';
import { poolsDelete, poolsStored, poolsWrite } from '../store/pools.ts';

/** With `pruneSource`, pools of that source which are not wanted shall go. */
export interface PoolsOfSource extends PoolWish {
  readonly pruneSource: string | null;
}

export class PoolBook {
  readonly plans: readonly PoolPlan[];

  private constructor(plans: readonly PoolPlan[]) {
    this.plans = plans;
  }

  static readonly none = new PoolBook([]);

  /**
   * Reads what the change needs; nothing when no pool is concerned. `pointer`: where the wanted pools stand in the request, '' when the
   * one pool is the request itself. Refusals: POOL_CONFLICT, SCALER_NOT_ALLOWED, VALIDATION_FAILED.
   */
  static async open(
    tx: Tx,
    namespace: string,
    wish: PoolWish | PoolsOfSource,
    scalers: Scalers,
    pointer = '/pools',
  ): Promise<PoolBook> {
    const pruneSource = 'pruneSource' in wish ? wish.pruneSource : null;
    if (wish.wanted.length + wish.unwanted.length === 0 && pruneSource === null) return PoolBook.none;
    const stored = await poolsStored(tx, namespace);
    const plans = planPools(stored, { ...wish, unwanted: unwantedOf(stored, wish, pruneSource) });
    const place = (name: string, below: string): string | null => {
      const index = wish.wanted.findIndex((one) => one.name === name);
      if (index < 0) return null;
      return pointer === '' ? below : `${pointer}/${index}${below}`;
    };
    checkPoolsTogether(stored, plans, place);
    refuseAbsentDrivers(plans, scalers, place);
    return new PoolBook(plans);
  }

  get changed(): boolean {
    return this.plans.some((plan) => plan.action !== 'unchanged');
  }

  async write(tx: Tx, namespace: string, identity: Pick<Identity, 'next'>): Promise<void> {
    const writes = this.plans.flatMap(({ action, wanted, source }) =>
      wanted === null || action === 'unchanged' ? [] : { id: identity.next(), definition: wanted, source },
    );
    const gone = this.plans.filter((plan) => plan.action === 'delete').map((plan) => plan.name);
    await poolsDelete(tx, namespace, gone);
    await poolsWrite(tx, namespace, writes);
  }
}

function unwantedOf(stored: readonly StoredPool[], wish: PoolWish, pruneSource: string | null): readonly string[] {
  if (pruneSource === null) return wish.unwanted;
  const wanted = new Set(wish.wanted.map((one) => one.name));
  const own = stored.filter((one) => one.source === pruneSource && !wanted.has(one.name));
  return [...wish.unwanted, ...own.map((one) => one.name)];
}

/** A driver reaches beyond the cluster, so each must have been switched on by whoever runs the masters. */
function refuseAbsentDrivers(
  plans: readonly PoolPlan[],
  scalers: Scalers,
  place: (name: string, below: string) => string | null,
): void {
  const faults = plans.flatMap(({ name, wanted, action }): Fault[] => {
    if (action === 'unchanged' || wanted === null || wanted.driver.kind === 'none') return [];
    const { kind } = wanted.driver;
    const scaler = scalers[kind];
    const why = scaler === undefined ? 'is not switched on at this server' : (scaler.refuses?.(wanted.driver) ?? null);
    if (why === null) return [];
    const detail = `the driver "${kind}" of the pool "${name}" ${why}`;
    return [{ pointer: place(name, '/driver/kind') ?? '', detail }];
  });
  const [first] = faults;
  if (first !== undefined) throw new Refusal('SCALER_NOT_ALLOWED', `${first.pointer}: ${first.detail}`, { faults });
}

/** What starts machines is not for a worker's token. */
export function checkPoolRole({ plans }: PoolBook, role: Role): void {
  if (role !== 'worker' || plans.every((plan) => plan.action === 'unchanged')) return;
  const detail = "a worker's token may define tasks only, not pools";
  throw new Refusal('FORBIDDEN', detail, { faults: [{ pointer: '/pools', detail }] });
}
