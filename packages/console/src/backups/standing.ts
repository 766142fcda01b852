// What a list of backups says of how well the store is kept. Pure.

import type { BackupView } from '@tidewheel/protocol';

export function isUnderWay({ state }: Pick<BackupView, 'state'>): boolean {
  return state === 'running' || state === 'verifying';
}

/** Of a list that has the newest first: the newest that was verified and is still there. */
export function newestThatCounts(backups: readonly BackupView[]): BackupView | null {
  return backups.find(({ state }) => state === 'verified') ?? null;
}
