// What has to be written so that the stored pools become the wanted ones, and what stands against it. Pure.

import { type Change, type Fault, limits, type PoolDefinition, Refusal } from '@tidewheel/protocol';
import { canonicalJson } from '../canonical-json.ts';
import { refuseFaults } from '../declared.ts';
import { type Difference, differences } from '../definition-diff.ts';
import { overlap } from './pool-lanes.ts';

export interface StoredPool {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly source: string;
  readonly definition: PoolDefinition;
}

export interface PoolPlan {
  readonly action: Change['action'];
  readonly name: string;
  readonly stored: StoredPool | null;
  readonly wanted: PoolDefinition | null;
  readonly source: string;
  readonly differences: Difference[];
}

export interface PoolWish {
  readonly wanted: readonly PoolDefinition[];
  /** Pools that shall go. */
  readonly unwanted: readonly string[];
  /** Null: each keeps its own, and new ones are of `api`. */
  readonly source: string | null;
}

export function planPools(stored: readonly StoredPool[], wish: PoolWish): PoolPlan[] {
  const byName = new Map(stored.map((pool) => [pool.name, pool]));
  const plans = wish.wanted.map((one): PoolPlan => {
    const wanted = JSON.parse(canonicalJson(one)) as PoolDefinition;
    const { name } = wanted;
    const before = byName.get(name) ?? null;
    const source = wish.source ?? before?.source ?? 'api';
    if (before === null) return { action: 'create', name, stored: null, wanted, source, differences: [] };
    const owner = before.source === source ? [] : [{ pointer: '/source', before: before.source, after: source }];
    const found = [...differences(before.definition, wanted), ...owner];
    return {
      action: found.length === 0 ? 'unchanged' : 'update',
      name,
      stored: before,
      wanted,
      source,
      differences: found,
    };
  });
  for (const name of wish.unwanted) {
    const before = byName.get(name);
    if (before === undefined) continue;
    plans.push({ action: 'delete', name, stored: before, wanted: null, source: before.source, differences: [] });
  }
  return plans;
}

export function poolChanges(plans: readonly PoolPlan[]): Change[] {
  return plans.map(({ name, action, differences: found }) => ({ kind: 'pool', name, action, differences: found }));
}

/**
 * What the pools of a namespace may not be together: as they will be. `place` gives the pointer of a wanted pool; a fault always names both
 * sides, of which at least one is wanted.
 */
export function checkPoolsTogether(
  stored: readonly StoredPool[],
  plans: readonly PoolPlan[],
  place: (name: string, below: string) => string | null,
): void {
  const after = new Map(stored.map((pool) => [pool.name, pool.definition]));
  for (const { name, wanted } of plans) {
    if (wanted === null) after.delete(name);
    else after.set(name, wanted);
  }
  if (after.size > limits.poolsPerNamespace) {
    const detail = `${after.size} pools in the namespace; at most ${limits.poolsPerNamespace}`;
    throw new Refusal('VALIDATION_FAILED', detail, { faults: [{ pointer: '/pools', detail }] });
  }
  const pools = [...after.values()];
  const faults: Fault[] = [];
  for (const [index, one] of pools.entries()) {
    for (const other of pools.slice(index + 1)) {
      const found = contradiction(one, other);
      if (found === null) continue;
      // The later of the request is blamed: what was there, or stands first, was there before.
      const pointer = place(other.name, found.below) ?? place(one.name, found.below);
      if (pointer !== null) faults.push({ pointer, detail: found.detail });
    }
  }
  refuseFaults('POOL_CONFLICT', faults);
}

function contradiction(one: PoolDefinition, other: PoolDefinition): { below: string; detail: string } | null {
  if (overlap(one, other))
    return {
      below: '/labels',
      detail: `a worker with the labels ${textOf({ ...one.labels, ...other.labels })} would be of the pool "${one.name}" (${textOf(one.labels)}) and of the pool "${other.name}" (${textOf(other.labels)})`,
    };
  if (one.shared === undefined || other.shared === undefined || one.shared.name !== other.shared.name) return null;
  if (one.shared.max === other.shared.max) return null;
  return {
    below: '/shared/max',
    detail: `"${one.shared.name}" is shared by the pool "${one.name}", which says at most ${one.shared.max}, and by the pool "${other.name}", which says ${other.shared.max}`,
  };
}

function textOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}
