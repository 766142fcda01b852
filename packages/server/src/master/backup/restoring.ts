// A backup becomes a store again: in a scratch instance, to see what it is worth, or in a place of its own that is then switched over.
// Nothing outside of the place changes before everything in it has been found whole.

import { type BackupFile, type BackupManifest, Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import type { Database } from '../../ports/database.ts';
import type { Identity } from '../../ports/identity.ts';
import type { OpenPlace, RestorePlace } from '../../ports/store-image.ts';
import { clusterId } from '../../store/cluster-id.ts';
import { type Examined, storeExamine } from '../../store/examine.ts';
import { migrate, readMigrations } from '../../store/migrate.ts';
import { type ChosenGap, gapOpen } from '../../store/restore-gap.ts';
import { auditFires } from '../fire-audit.ts';
import { AtMost } from './at-most.ts';
import type { BackupRepository } from './repository.ts';
import type { BackupProgress } from './taking.ts';

export interface Verification extends Examined {
  /** Nominal times of the last day of the backup that were held against the ledger. */
  readonly firesAudited: number;
}

/** What a backup is worth, and nothing stays of the place. Refuses with BACKUP_CORRUPT when it is worth nothing. */
export async function backupVerify(
  repository: BackupRepository,
  manifest: BackupManifest,
  place: RestorePlace,
  identity: Identity,
  tell: BackupProgress,
): Promise<Verification> {
  try {
    await fill(repository, manifest, place, tell);
    const open = await place.open();
    try {
      return await examine(open, manifest, identity);
    } finally {
      await open.close();
    }
  } finally {
    await place.discard();
  }
}

export interface RestoreOrder {
  readonly choice: ChosenGap | null;
  /** Refuses when what is at the place must not give way. Asked before anything is written. */
  readonly permit: () => Promise<void>;
}

export async function backupRestore(
  repository: BackupRepository,
  manifest: BackupManifest,
  place: RestorePlace,
  identity: Identity,
  tell: BackupProgress,
  { choice, permit }: RestoreOrder,
): Promise<Verification> {
  await permit();
  try {
    await fill(repository, manifest, place, tell);
    const open = await place.open();
    let found: Verification;
    try {
      found = await examine(open, manifest, identity);
      await open.setClock(null);
      const from = { backupId: manifest.id, at: manifest.position.at, choice };
      await open.db.transaction((tx) => gapOpen(tx, identity, from), { patient: true });
    } finally {
      await open.close();
    }
    await place.settle();
    return found;
  } finally {
    await place.discard();
  }
}

async function fill(
  repository: BackupRepository,
  manifest: BackupManifest,
  place: RestorePlace,
  tell: BackupProgress,
): Promise<void> {
  const newest = readMigrations().length;
  if (manifest.schemaVersion > newest && manifest.schemaUsableFrom > newest)
    throw new Refusal(
      'BACKUP_NEWER',
      `${manifest.id} needs a binary that knows migration ${manifest.schemaUsableFrom}; this one knows up to ${newest}`,
    );
  const of = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  let done = 0;
  async function* content(file: BackupFile): AsyncGenerator<Uint8Array> {
    for await (const piece of repository.read(manifest, file)) {
      yield piece;
      done += piece.length;
      tell(done, of);
    }
  }
  // Directories first. Rows go in order; files may go side by side.
  const writes = new AtMost(manifest.kind === 'postgres' ? serverLimits.backupChunksAtOnce : 1);
  const sorted = manifest.files.toSorted((a, b) => Number(b.path.endsWith('/')) - Number(a.path.endsWith('/')));
  try {
    for (const file of sorted)
      await (file.path.endsWith('/')
        ? place.write(file.path, file.mode, content(file))
        : writes.run(() => place.write(file.path, file.mode, content(file))));
  } finally {
    // The place is about to be discarded: nobody may write to it any more.
    await writes.ended();
  }
  await writes.settled();
}

async function examine(
  { db, setClock }: OpenPlace,
  manifest: BackupManifest,
  identity: Identity,
): Promise<Verification> {
  await migrate(db);
  // Nothing is overdue in a backup: its clock stands where it was made.
  await setClock(manifest.position.at);
  const found = await clusterId(db, identity);
  const findings = found === manifest.clusterId ? [] : [`it is of the cluster ${found}`];
  const examined = await storeExamine(db);
  const audited = await auditAll(db);
  findings.push(...examined.findings, ...audited.findings);
  if (findings.length > 0) throw new Refusal('BACKUP_CORRUPT', `${manifest.id} is not whole: ${findings.join('; ')}`);
  return { rows: examined.rows, findings, firesAudited: audited.fires };
}

async function auditAll(db: Database): Promise<{ fires: number; findings: string[] }> {
  const namespaces = await db.query<{ name: string }>('select distinct namespace as name from schedule order by 1');
  const findings: string[] = [];
  let fires = 0;
  for (const { name } of namespaces) {
    const audit = await auditFires(db, { namespace: name });
    for (const row of audit.schedules) {
      fires += row.expected;
      const amiss = row.missing + row.doubled + row.unexpected;
      if (amiss > 0) findings.push(`fires of ${name}/${row.schedule}: ${amiss} amiss`);
    }
  }
  return { fires, findings };
}
