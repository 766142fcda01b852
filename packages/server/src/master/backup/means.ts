// What a master is given to make backups with, and how often and how many.

import type { BackupManifest } from '@tidewheel/protocol';
import type { RestorePlace, StoreImage } from '../../ports/store-image.ts';
import type { BackupRepository } from './repository.ts';

/** What a master makes backups with. */
export interface BackupMeans {
  readonly targetName: string;
  /** Infinity: none by themselves. */
  readonly everyMs: number;
  readonly keep: number;
  /** Made anew for each backup, since it remembers what it has seen. */
  repository(): BackupRepository;
  image(kind: 'physical' | 'logical'): StoreImage;
  /** A scratch instance, for this backup. */
  scratch(manifest: BackupManifest): Promise<RestorePlace>;
}
