// Takes a backup: the store's files or rows go into the repository, and then the manifest. It does not count before it was verified.

import { backupFormat, type BackupFile, type BackupManifest } from '@tidewheel/protocol';
import type { Database } from '../../ports/database.ts';
import type { Identity } from '../../ports/identity.ts';
import type { StoreImage } from '../../ports/store-image.ts';
import { clusterId } from '../../store/cluster-id.ts';
import { storeNow } from '../../store/jobs.ts';
import { schemaVersion } from '../../store/schema.ts';
import type { BackupRepository } from './repository.ts';

export interface BackupSource {
  readonly db: Database;
  readonly image: StoreImage;
  readonly identity: Identity;
  /** Of Tidewheel. */
  readonly version: string;
}

/** Bytes that are stored or read, and how many there will be as far as anybody knows; 0: nobody does. */
export type BackupProgress = (done: number, of: number) => void;

export async function backupTake(
  repository: BackupRepository,
  { db, image, identity, version }: BackupSource,
  id: string,
  tell: BackupProgress,
): Promise<BackupManifest> {
  const startedAt = await storeNow(db);
  const cluster = await clusterId(db, identity);
  const schema = await schemaVersion(db);
  const files: BackupFile[] = [];
  let [done, of] = [0, 0];
  const position = await image.capture(
    async (path, mode, content) => {
      files.push(
        await repository.write(path, mode, content, (bytes) => {
          done += bytes;
          tell(done, Math.max(of, done));
        }),
      );
    },
    (bytes) => {
      of = bytes;
    },
  );
  const manifest: BackupManifest = {
    format: backupFormat,
    id,
    kind: image.kind,
    clusterId: cluster,
    schemaVersion: schema.version,
    schemaUsableFrom: schema.usableFrom,
    version,
    startedAt,
    position: { ...position, at: await storeNow(db) },
    keyId: repository.seal.keyId,
    files,
  };
  // Whoever may not go on hears of it here at the latest: what it relied on may have been pruned.
  tell(done, Math.max(of, done));
  await repository.publish(manifest);
  return manifest;
}

export function bytesOf({ files }: Pick<BackupManifest, 'files'>): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}
