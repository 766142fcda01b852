// Makes backups, one at a time over all masters, and lets none count before it was restored into a scratch instance and found whole. Who
// works on the target holds a lease; its loss ends the work, so that what one master prunes no other is relying on.

import { type BackupManifest, Refusal } from '@tidewheel/protocol';
import { backupsToPrune } from '../core/backup-retention.ts';
import { trustedUntil } from '../core/lease.ts';
import type { Timer } from '../ports/clock.ts';
import type { StoreImage } from '../ports/store-image.ts';
import { backupBegin, backupNote, backupsPruned, backupStanding, backupsThere } from '../store/backups.ts';
import { eventsAppend, wholeCell } from '../store/events.ts';
import { leaseAcquire, leaseRelease, leaseRenew } from '../store/leases.ts';
import type { BackupMeans } from './backup/means.ts';
import { type BackupRepository, readable } from './backup/repository.ts';
import { backupVerify } from './backup/restoring.ts';
import { backupTake, bytesOf } from './backup/taking.ts';
import { walRelease } from './backup/wal-archive.ts';
import type { MasterContext } from './deps.ts';
import type { Duty } from './duty.ts';
import { isPassing, type Service } from './service.ts';

export interface BackupOrder {
  readonly kind: 'physical' | 'logical';
  readonly by: string;
}

const leaseMs = 60_000;
const noteMs = 1000;
const dutyMs = 30_000;
/** After a failure, of the interval; at least a minute, at most an hour. */
const retryShare = 0.25;

export class Backups implements Service {
  readonly #context: MasterContext;
  readonly #means: BackupMeans | null;
  #running: Promise<void> | null = null;
  #stopping = false;

  constructor(context: MasterContext) {
    this.#context = context;
    this.#means = context.backups ?? null;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** What is under way is given up with its next piece. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** Resolves when it has begun. Refuses with INVALID_CONFIG when no target is configured, with BACKUP_BUSY. */
  async begin({ kind, by }: BackupOrder): Promise<string> {
    const means = this.#configured();
    const { db, identity } = this.#context;
    const id = identity.next();
    const image = means.image(kind);
    const hold = await Hold.take(this.#context, means.targetName);
    const begun = db.transaction(async (tx) => {
      await backupBegin(tx, { id, kind: image.kind, target: means.targetName, by });
      const event = {
        namespace: wholeCell,
        actor: by,
        action: 'backup.begin',
        subject: id,
        detail: { kind: image.kind },
      };
      await eventsAppend(tx, identity, [event]);
    });
    try {
      await begun;
    } catch (error) {
      // Kept, it would be renewed for ever, and nobody could make another.
      await hold.release();
      throw error;
    }
    this.#running = this.#make(means, image, id, hold).finally(() => {
      this.#running = null;
    });
    return id;
  }

  /** Resolves when what is under way here has ended. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Forgets what the retention does not keep. Refuses as `begin` does. */
  async prune(): Promise<{ pruned: string[]; freedObjects: number }> {
    const means = this.#configured();
    const hold = await Hold.take(this.#context, means.targetName);
    try {
      return await this.#prune(means, hold);
    } finally {
      await hold.release();
    }
  }

  #configured(): BackupMeans {
    if (this.#means !== null) return this.#means;
    throw new Refusal('INVALID_CONFIG', 'this master has no place for backups: set `backup.target`');
  }

  async #make(means: BackupMeans, image: StoreImage, id: string, hold: Hold): Promise<void> {
    const { db, identity, log, metrics } = this.#context;
    const progress = new Progress(this.#context, id, () => {
      if (this.#stopping) throw new Refusal('SHUTTING_DOWN', 'the master stopped');
      hold.assert();
    });
    let manifest: BackupManifest | null = null;
    const repository = means.repository();
    try {
      const source = { db, image, identity, version: this.#context.settings.version };
      manifest = await backupTake(repository, source, id, progress.tell);
      await backupNote(db, id, {
        state: 'verifying',
        bytes: bytesOf(manifest),
        storedBytes: repository.storedBytes,
        position: JSON.stringify(manifest.position),
      });
      const found = await backupVerify(repository, manifest, await means.scratch(manifest), identity, progress.tell);
      await progress.settled();
      await backupNote(db, id, { state: 'verified', verification: JSON.stringify(found) });
      metrics.add('tidewheel_backups_total', 1, { outcome: 'verified' });
      log.info('a backup was made and verified', { id, bytes: bytesOf(manifest), stored: repository.storedBytes });
      await this.#prune(means, hold);
    } catch (error) {
      metrics.add('tidewheel_backups_total', 1, { outcome: 'failed' });
      await this.#failed(id, error, manifest, repository);
    } finally {
      await hold.release();
    }
  }

  async #failed(
    id: string,
    error: unknown,
    manifest: BackupManifest | null,
    repository: BackupRepository,
  ): Promise<void> {
    const { db, fatal, log } = this.#context;
    const why = error instanceof Refusal ? `${error.code}: ${error.message}` : String(error);
    log.error('a backup failed', { id, error });
    if (!isPassing(error)) fatal(error);
    await backupNote(db, id, { state: 'failed', error: why }).catch(() => undefined);
    // Else the next one would believe that the damaged pieces are there.
    if (error instanceof Refusal && error.code === 'BACKUP_CORRUPT' && manifest !== null)
      await repository.heal(manifest).catch(() => undefined);
  }

  async #prune(means: BackupMeans, hold: Hold): Promise<{ pruned: string[]; freedObjects: number }> {
    const { db } = this.#context;
    const known = new Map((await backupsThere(db, means.targetName)).map((one) => [one.id, one]));
    const repository = means.repository();
    const there = await repository.manifests();
    // Before anything goes: what one that cannot be read needs is not known.
    const manifests = there.map((one) => readable(one));
    // A backup that this store does not know was made before a restore: the target's word that it is whole is all there is.
    const kept = manifests.map((manifest) => ({
      id: manifest.id,
      startedAt: manifest.startedAt,
      verified: known.get(manifest.id)?.verified ?? repository.vouches(manifest),
    }));
    const pruned = backupsToPrune(kept, means.keep);
    const staying = manifests.filter(({ id }) => !pruned.includes(id));
    const assert = (): void => hold.assert();
    const wal = await walRelease(repository, staying, assert);
    const freedObjects = await repository.prune(pruned, wal, assert);
    await backupsPruned(db, pruned);
    return { pruned, freedObjects };
  }
}

/** Tells how far a backup is, into its row, now and then. */
class Progress {
  readonly #context: MasterContext;
  readonly #id: string;
  readonly #check: () => void;
  #notedMs = Number.NEGATIVE_INFINITY;
  #noting: Promise<unknown> = Promise.resolve();

  constructor(context: MasterContext, id: string, check: () => void) {
    this.#context = context;
    this.#id = id;
    this.#check = check;
  }

  readonly tell = (doneBytes: number, bytes: number): void => {
    this.#check();
    const now = this.#context.clock.monotonicMs();
    if (now - this.#notedMs < noteMs) return;
    this.#notedMs = now;
    this.#noting = backupNote(this.#context.db, this.#id, { doneBytes, bytes }).catch(() => undefined);
  };

  async settled(): Promise<void> {
    await this.#noting;
  }
}

/**
 * The lease of a target while somebody works on it. It is trusted for as long as the store has confirmed it, counted from the asking: where the
 * store does not answer, another master may have it by then.
 */
class Hold {
  readonly #context: MasterContext;
  readonly #name: string;
  readonly #holder: string;
  readonly #token: number;
  #lost = false;
  #trustedUntilMs: number;
  #timer: Timer | null = null;

  private constructor(context: MasterContext, name: string, holder: string, token: number, askedMs: number) {
    this.#context = context;
    this.#trustedUntilMs = trustedUntil(askedMs, leaseMs);
    this.#name = name;
    this.#holder = holder;
    this.#token = token;
    this.#again();
  }

  static async take(context: MasterContext, targetName: string): Promise<Hold> {
    const name = `backup ${targetName}`;
    // A holder that asks again would get it: each work is a holder of its own.
    const holder = context.identity.random();
    const askedMs = context.clock.monotonicMs();
    const token = await leaseAcquire(context.db, name, holder, leaseMs);
    if (token === null) throw new Refusal('BACKUP_BUSY', `somebody works on ${targetName}`, { retryAfterSeconds: 30 });
    return new Hold(context, name, holder, token, askedMs);
  }

  assert(): void {
    if (this.#lost || this.#context.clock.monotonicMs() >= this.#trustedUntilMs)
      throw new Refusal('BACKUP_FAILED', 'the lease of the target was lost');
  }

  async release(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    const { db } = this.#context;
    await leaseRelease(db, this.#name, this.#holder, this.#token).catch(() => undefined);
  }

  #again(): void {
    this.#timer = this.#context.clock.timer(leaseMs / 3, () => void this.#renew(), { background: true });
  }

  async #renew(): Promise<void> {
    const askedMs = this.#context.clock.monotonicMs();
    try {
      if (await leaseRenew(this.#context.db, this.#name, this.#holder, this.#token))
        this.#trustedUntilMs = trustedUntil(askedMs, leaseMs);
      else this.#lost = true;
    } catch {
      // Not known: the next renewal says.
    }
    if (this.#timer !== null && !this.#lost) this.#again();
  }
}

/** The leader begins a backup when the newest that counts is too old. */
export function backupDuty(context: MasterContext, backups: Backups): Duty {
  const means = context.backups ?? null;
  return {
    name: 'backups',
    begin: () => async () => {
      if (means === null || means.everyMs === Number.POSITIVE_INFINITY) return dutyMs;
      const { ageMs, triedMs } = await backupStanding(context.db, means.targetName);
      const retryMs = Math.min(3_600_000, Math.max(60_000, means.everyMs * retryShare));
      const isDue = ageMs === null || ageMs >= means.everyMs;
      if (isDue && (triedMs === null || triedMs >= retryMs)) await begin(backups);
      return dutyMs;
    },
  };
}

async function begin(backups: Backups): Promise<void> {
  try {
    await backups.begin({ kind: 'physical', by: 'schedule' });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'BACKUP_BUSY') throw error;
  }
}
