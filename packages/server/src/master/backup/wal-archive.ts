// PostgreSQL's log in the repository, segment by segment, for a restore to any point in time. A name that is taken is never written over:
// the same content again is fine, since the server asks again when it did not hear the answer; other content is refused.

import { type BackupFile, backupFileSchema, type BackupManifest, Refusal } from '@tidewheel/protocol';
import type { BackupRepository, Bytes } from './repository.ts';

const prefix = 'wal/';
const nothing = (): void => undefined;
const fileMode = 0o600;
/** Segments, histories of timelines, and notes of backups. */
const walName = /^([0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history)$/;

export interface ArchivedWal {
  readonly name: string;
  readonly keyId: string | null;
  readonly file: BackupFile;
}

/** Durable when it resolves. False: it was there already, the same. Refuses with WAL_CONFLICT. */
export async function walPush(
  repository: BackupRepository,
  systemId: string,
  name: string,
  content: Bytes,
): Promise<boolean> {
  if (!walName.test(name)) throw new Refusal('BAD_REQUEST', `"${name}" is not the name of a file of the log`);
  const { target, seal } = repository;
  const file = await repository.write(name, fileMode, content, nothing);
  const entry = JSON.stringify({ keyId: seal.keyId, file });
  const stored = new TextEncoder().encode(JSON.stringify({ mark: seal.mark(seal.keyId, entry), entry }));
  if (await target.putNew(keyOf(systemId, name), stored)) return true;
  const there = await walEntry(repository, systemId, name);
  if (there?.keyId === seal.keyId && JSON.stringify(there.file.chunks) === JSON.stringify(file.chunks)) return false;
  if (there !== null && (await sameContent(repository, there, file))) return false;
  throw new Refusal('WAL_CONFLICT', `${name} of the server ${systemId} is in ${target.name} with other content`);
}

/** Under another key the pieces have other names: then the bytes are compared. */
async function sameContent(repository: BackupRepository, there: ArchivedWal, file: BackupFile): Promise<boolean> {
  if (there.keyId === repository.seal.keyId || there.file.bytes !== file.bytes) return false;
  const [a, b] = [[], []] as [Uint8Array[], Uint8Array[]];
  for await (const piece of repository.read(there, there.file)) a.push(piece);
  for await (const piece of repository.read(repository.seal, file)) b.push(piece);
  return a.every((piece, index) => piece.every((byte, at) => byte === b[index]?.[at]));
}

export async function walEntry(
  repository: BackupRepository,
  systemId: string,
  name: string,
): Promise<ArchivedWal | null> {
  const stored = await repository.target.get(keyOf(systemId, name));
  if (stored === null) return null;
  try {
    const { mark, entry } = JSON.parse(new TextDecoder().decode(stored)) as { mark: string; entry: string };
    const { keyId, file } = JSON.parse(entry) as { keyId: string | null; file: unknown };
    if (repository.seal.mark(keyId, entry) === mark) return { name, keyId, file: backupFileSchema.parse(file) };
  } catch (error) {
    if (error instanceof Refusal) throw error;
  }
  throw new Refusal('BACKUP_CORRUPT', `the entry of ${name} in the archive is not what it was`);
}

/** Names of what is archived of a server, in the order of the log; from that of a backup on when `from` is given. */
export async function walNames(repository: BackupRepository, systemId: string, from = ''): Promise<string[]> {
  const names: string[] = [];
  const start = from.slice(8);
  for await (const key of repository.target.list(`${prefix}${systemId}/`)) {
    const name = key.slice(key.lastIndexOf('/') + 1, -'.json'.length);
    // A later timeline may begin in an earlier segment, so the number of the segment alone counts.
    if (name.endsWith('.history') || name.slice(8, 24) >= start) names.push(name);
  }
  return names.toSorted();
}

/** Forgets what lies before the oldest of these backups, of the servers that they are of. Answers what stays. */
export async function walRelease(
  repository: BackupRepository,
  staying: readonly BackupManifest[],
  assert: () => void = nothing,
): Promise<ArchivedWal[]> {
  const oldest = new Map<string, string>();
  for (const { position } of staying) {
    if (position.postgres === undefined) continue;
    const { systemId, startWal } = position.postgres;
    const known = oldest.get(systemId);
    if (known === undefined || startWal.slice(8) < known.slice(8)) oldest.set(systemId, startWal);
  }
  const kept: ArchivedWal[] = [];
  const servers = new Set<string>();
  for await (const key of repository.target.list(prefix)) servers.add(key.split('/')[1] ?? '');
  for (const systemId of servers) {
    const needed = new Set(await walNames(repository, systemId, oldest.get(systemId)));
    for (const name of await walNames(repository, systemId)) {
      const entry = needed.has(name) ? await walEntry(repository, systemId, name) : null;
      if (entry !== null) kept.push(entry);
      else {
        assert();
        await repository.target.delete(keyOf(systemId, name));
      }
    }
  }
  return kept;
}

function keyOf(systemId: string, name: string): string {
  return `${prefix}${systemId}/${name}.json`;
}
