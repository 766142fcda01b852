// Which backups may go: verified ones beyond the number that is kept, and what is older than all that are kept and never counted.

export interface KeptBackup {
  readonly id: string;
  readonly startedAt: number;
  readonly verified: boolean;
}

/** The newest verified one always stays, and whatever is newer than the oldest that stays. Without a verified one all stay. */
export function backupsToPrune(backups: readonly KeptBackup[], keep: number): string[] {
  const newestFirst = backups.toSorted((a, b) => b.startedAt - a.startedAt);
  const kept = newestFirst.filter(({ verified }) => verified).slice(0, Math.max(1, keep));
  const oldest = kept.at(-1);
  if (oldest === undefined) return [];
  return newestFirst.filter(({ startedAt }) => startedAt < oldest.startedAt).map(({ id }) => id);
}
