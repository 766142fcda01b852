// A store moves to another one, of either engine: everything that never changes while masters go on working, then the rest while none
// does. Both stores say in their own rows what is going on, so that no master begins on half a store, or on one that was left.
//
//   source   open ─────────────────► moving: masters stop ──► the rest ──► moved
//   target   filling ── bulk copy ────────────────────────────────────────► open
//
// Broken off anywhere it may be begun again, or taken back by opening the source.

import { Refusal } from '@tidewheel/protocol';
import type { Clock } from '../ports/clock.ts';
import { sleep } from '../ports/clock.ts';
import type { Database } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import { clusterId } from '../store/cluster-id.ts';
import { mastersAlive } from '../store/sessions.ts';
import { storeState, storeStateSet } from '../store/store-state.ts';
import { rowsCount } from '../store/table-rows.ts';
import { type Synced, tableSync, tableSyncKeys } from '../store/table-sync.ts';
import { tableInUse, type TableShape, tablesInBoth } from '../store/tables.ts';

export interface CopySource {
  /** For messages and for the marks in both stores: without secrets. */
  readonly name: string;
  /** Usable beside running masters. */
  readonly db: Database;
  /** Once no master runs: for this process alone; null while another one has it. */
  claim(): Promise<Database | null>;
}

export interface StoreCopyDeps {
  readonly source: CopySource;
  readonly target: { readonly name: string; readonly db: Database };
  readonly clock: Clock;
  readonly identity: Identity;
  readonly tell: (step: CopyStep) => void;
  /** Aborted: nothing is switched any more. */
  readonly interrupted: AbortSignal;
}

export type CopyStep =
  | { readonly step: 'bulk' | 'rest'; readonly table: string; readonly rows: number; readonly of: number }
  | { readonly step: 'stopping'; readonly masters: readonly string[] }
  | { readonly step: 'stopped' | 'moved' };

export interface CopiedTable {
  readonly table: string;
  readonly rows: number;
  /** Rows that were written while no master ran. */
  readonly late: number;
}

/** Rows of these are inserted and forgotten, never changed. */
const unchanging: ReadonlySet<string> = new Set([
  'run_archive',
  'log_chunk',
  'fire',
  'event',
  'orphan',
  'job_version',
  'schedule_version',
  'calendar_version',
]);
const lookMs = 250;

/** Refusals: DATABASE_CHANGED, TARGET_NOT_EMPTY, INTERRUPTED. */
export async function storeCopyPrepare(deps: StoreCopyDeps): Promise<TableShape[]> {
  const { source, target, identity } = deps;
  const shapes = await tablesInBoth(source.db, target.db);
  const mark = `from ${source.name}, cluster ${await clusterId(source.db, identity)}`;
  const found = await storeState(target.db);
  if (found.state === 'filling' && found.detail === mark) return shapes;
  if (found.state !== 'open') throw new Refusal('TARGET_NOT_EMPTY', `${target.name} is being filled ${found.detail}`);
  const table = await tableInUse(target.db);
  if (table !== null) throw new Refusal('TARGET_NOT_EMPTY', `the table ${table} of ${target.name} has rows`);
  await target.db.transaction((tx) => storeStateSet(tx, 'filling', mark));
  return shapes;
}

/** Beside running masters. May be broken off and begun again. */
export async function storeCopyBulk(deps: StoreCopyDeps, shapes: readonly TableShape[]): Promise<void> {
  for (const shape of shapes.filter(({ name }) => unchanging.has(name))) {
    const sync = { source: deps.source.db, target: deps.target.db, identity: deps.identity };
    const of = await rowsCount(deps.source.db, shape);
    await tableSync({ ...sync, progress: counting(deps, 'bulk', shape, of) }, shape);
  }
}

/** Stops the masters, copies the rest and switches. `wake`: makes masters look at their store now rather than in some seconds. */
export async function storeCopySwitch(
  deps: StoreCopyDeps,
  shapes: readonly TableShape[],
  wake: () => void,
): Promise<CopiedTable[]> {
  const { source, target, tell } = deps;
  await source.db.transaction((tx) => storeStateSet(tx, 'moving', `to ${target.name}`));
  wake();
  const own = await claimed(deps);
  tell({ step: 'stopped' });
  const copied: CopiedTable[] = [];
  for (const shape of shapes) copied.push(await copyRest(deps, own, shape));
  const late = await mastersAlive(own);
  if (late.length > 0)
    throw new Refusal(
      'CONFLICT',
      `a master has worked on ${source.name} meanwhile: ${late.map(({ address }) => address).join(', ')}`,
    );
  throwIfInterrupted(deps.interrupted);
  await own.transaction((tx) => storeStateSet(tx, 'moved', `to ${target.name}`));
  await target.db.transaction((tx) => storeStateSet(tx, 'open', ''));
  tell({ step: 'moved' });
  return copied;
}

async function copyRest(deps: StoreCopyDeps, own: Database, shape: TableShape): Promise<CopiedTable> {
  const { identity, target } = deps;
  const of = await rowsCount(own, shape);
  const sync = { source: own, target: target.db, identity, progress: counting(deps, 'rest', shape, of) };
  const { rows, written }: Synced = await (unchanging.has(shape.name) ? tableSyncKeys : tableSync)(sync, shape);
  const there = await rowsCount(target.db, shape);
  if (rows !== of || there !== of)
    throw new Refusal('CONFLICT', `${shape.name} has ${of} rows, of which ${rows} were copied and ${there} are there`);
  return { table: shape.name, rows, late: written };
}

async function claimed({ source, clock, tell, interrupted }: StoreCopyDeps): Promise<Database> {
  let told = '';
  for (;;) {
    const masters = (await mastersAlive(source.db)).map(({ address }) => address);
    const own = masters.length === 0 ? await source.claim() : null;
    if (own !== null) return own;
    if (masters.join() !== told || told === '') tell({ step: 'stopping', masters });
    told = masters.join() || 'a process that has it open';
    throwIfInterrupted(interrupted);
    await sleep(clock, lookMs);
  }
}

function counting(deps: StoreCopyDeps, step: 'bulk' | 'rest', { name }: TableShape, of: number) {
  let done = 0;
  return (rows: number): void => {
    throwIfInterrupted(deps.interrupted);
    done += rows;
    deps.tell({ step, table: name, rows: done, of: Math.max(of, done) });
  };
}

function throwIfInterrupted(interrupted: AbortSignal): void {
  if (interrupted.aborted) throw new Refusal('INTERRUPTED', 'stopped before anything was switched');
}
