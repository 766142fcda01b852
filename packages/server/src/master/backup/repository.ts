// Backups in a target: pieces that are kept once however many backups hold them, and a manifest for each, written when all of its pieces
// are there. So every backup is restored by itself, and costs only what has changed since the ones before.

import { type BackupFile, backupFormat, type BackupManifest, backupManifestSchema, Refusal } from '@tidewheel/protocol';
import { canonicalJson } from '../../core/canonical-json.ts';
import { serverLimits } from '../../core/limits.ts';
import type { BackupTarget } from '../../ports/backup-target.ts';
import type { ChunkSeal } from '../../ports/chunk-seal.ts';
import { AtMost } from './at-most.ts';
import { cutInto } from './byte-pieces.ts';

export type Bytes = AsyncIterable<Uint8Array>;

const idPattern = /^[0-9a-f-]{36}$/;
/** A piece that is younger may be of a file of the log that PostgreSQL is archiving just now, and whose entry comes after its pieces. */
const settledMs = 3_600_000;
const manifestPrefix = 'backups/';
const chunkPrefix = 'chunks/';
const encoder = new TextEncoder();

export interface StoredManifest {
  readonly id: string;
  readonly manifest: BackupManifest | null;
  /** Why it cannot be read. */
  readonly trouble: string | null;
}

export class BackupRepository {
  readonly target: BackupTarget;
  readonly seal: ChunkSeal;
  /** Pieces that are there, once they have been listed. */
  #known: Set<string> | null = null;
  /** Bytes that were sent because no piece held them yet. */
  storedBytes = 0;

  /** `listed: false`: for a few pieces, which are then written even if they are there. */
  constructor(target: BackupTarget, seal: ChunkSeal, { listed = true }: { readonly listed?: boolean } = {}) {
    this.target = target;
    this.seal = seal;
    if (!listed) this.#known = new Set();
  }

  /** Stores what one file holds. `tell`: after each piece, with its bytes. */
  async write(path: string, mode: number, content: Bytes, tell: (bytes: number) => void): Promise<BackupFile> {
    const known = await this.#chunks();
    const chunks: string[] = [];
    let bytes = 0;
    const puts = new AtMost(serverLimits.backupChunksAtOnce);
    for await (const piece of cutInto(content, serverLimits.backupChunkBytes)) {
      const id = this.seal.idOf(piece);
      chunks.push(id);
      bytes += piece.length;
      tell(piece.length);
      const key = chunkKey(this.seal.keyId, id);
      if (known.has(key)) continue;
      known.add(key);
      await puts.run(async () => {
        const sealed = await this.seal.seal(id, piece);
        await this.target.put(key, sealed);
        this.storedBytes += sealed.length;
      });
    }
    await puts.settled();
    return { path, mode, bytes, chunks };
  }

  /** What a file held. Refuses with BACKUP_CORRUPT, naming the file, when a piece is damaged or missing; it is then taken out. */
  async *read({ keyId }: Pick<BackupManifest, 'keyId'>, file: BackupFile): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for (const id of file.chunks) {
      const sealed = await this.target.get(chunkKey(keyId, id));
      if (sealed === null) throw new Refusal('BACKUP_CORRUPT', `${file.path}: the piece ${id} is missing`);
      const piece = await this.#opened(keyId, id, sealed, file.path);
      bytes += piece.length;
      yield piece;
    }
    if (bytes !== file.bytes)
      throw new Refusal('BACKUP_CORRUPT', `${file.path} has ${bytes} bytes instead of ${file.bytes}`);
  }

  async #opened(keyId: string | null, id: string, sealed: Uint8Array, path: string): Promise<Uint8Array> {
    try {
      return await this.seal.open(keyId, id, sealed);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'BACKUP_CORRUPT') throw error;
      throw new Refusal('BACKUP_CORRUPT', `${path}: ${error.message}`, { cause: error });
    }
  }

  /** Takes out pieces of these files that are damaged: the next backup would believe that they are there. Answers how many. */
  async heal(manifest: BackupManifest): Promise<number> {
    let healed = 0;
    for (const file of manifest.files)
      for (const id of file.chunks) {
        const key = chunkKey(manifest.keyId, id);
        const sealed = await this.target.get(key);
        const whole =
          sealed !== null && (await this.#opened(manifest.keyId, id, sealed, file.path).then(() => true, isDamage));
        if (whole || sealed === null) continue;
        await this.target.delete(key);
        healed += 1;
      }
    this.#known = null;
    return healed;
  }

  /** Makes the backup one. Refused when the key is not the one that its pieces are sealed with. */
  async publish(manifest: BackupManifest): Promise<void> {
    const text = canonicalJson(manifest);
    const mark = this.seal.mark(manifest.keyId, text);
    const isNew = await this.target.putNew(
      manifestKey(manifest.id),
      encoder.encode(JSON.stringify({ mark, manifest })),
    );
    if (!isNew) throw new Refusal('BACKUP_FAILED', `there is a backup ${manifest.id} already`);
  }

  /** Refuses with NOT_FOUND, BACKUP_CORRUPT, BACKUP_NEWER, BACKUP_KEY. */
  async manifest(id: string): Promise<BackupManifest> {
    // What is no id could lead out of the target.
    if (!idPattern.test(id)) throw new Refusal('NOT_FOUND', `"${id}" is not the id of a backup`);
    const stored = await this.target.get(manifestKey(id));
    if (stored === null) throw new Refusal('NOT_FOUND', `there is no backup ${id} in ${this.target.name}`);
    const manifest = manifestIn(stored, id);
    const { mark, manifest: asStored } = JSON.parse(new TextDecoder().decode(stored)) as {
      mark: unknown;
      manifest: unknown;
    };
    if (mark !== this.seal.mark(manifest.keyId, canonicalJson(asStored)) || manifest.id !== id)
      throw new Refusal('BACKUP_CORRUPT', `the manifest of ${id} is not what it was`);
    return manifest;
  }

  /** `latest`: the newest that can be read. Refuses with NOT_FOUND. */
  async idNamed(name: string): Promise<string> {
    if (name !== 'latest') return name.replace(/^backup\//, '');
    const newest = (await this.manifests()).findLast(({ manifest }) => manifest !== null && this.vouches(manifest));
    if (newest === undefined) throw new Refusal('NOT_FOUND', `there is no backup in ${this.target.name}`);
    return newest.id;
  }

  /** Whether it was made by somebody with a key of ours. Without a key that anybody has, whoever may write to the target could have made it. */
  vouches({ keyId }: { readonly keyId: string | null }): boolean {
    return this.seal.keyId === null || keyId !== null;
  }

  /** Before anything is made of it. Refuses with BACKUP_KEY. */
  assertVouched(what: string, sealed: { readonly keyId: string | null }): void {
    if (this.vouches(sealed)) return;
    const remedy = 'if you know that it is yours, read it without the key';
    throw new Refusal('BACKUP_KEY', `${what} is not sealed, though there is a key: ${remedy}`);
  }

  /** By id, which is by time. What cannot be read is told with why. */
  async manifests(): Promise<StoredManifest[]> {
    const ids: string[] = [];
    for await (const key of this.target.list(manifestPrefix)) {
      const [, id] = /^backups\/([0-9a-f-]{36})\.json$/.exec(key) ?? [];
      if (id !== undefined) ids.push(id);
    }
    return Promise.all(
      ids.toSorted().map(async (id) => {
        try {
          return { id, manifest: await this.manifest(id), trouble: null };
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          return { id, manifest: null, trouble: `${error.code}: ${error.message}` };
        }
      }),
    );
  }

  /**
   * Forgets backups, and then the pieces that none holds any more. Nobody may make or prune backups meanwhile: `assert` throws when that is
   * not sure any longer. PostgreSQL may go on archiving.
   */
  async prune(
    ids: readonly string[],
    alsoHeld: readonly { keyId: string | null; file: BackupFile }[],
    assert: () => void = () => undefined,
  ): Promise<number> {
    for (const id of ids) {
      assert();
      await this.target.delete(manifestKey(id));
    }
    const held = new Set<string>();
    const hold = ({ keyId, files }: { keyId: string | null; files: readonly BackupFile[] }): void => {
      for (const file of files) for (const id of file.chunks) held.add(chunkKey(keyId, id));
    };
    for (const one of await this.manifests()) hold(readable(one));
    for (const { keyId, file } of alsoHeld) hold({ keyId, files: [file] });
    let freed = 0;
    for await (const key of this.target.list(chunkPrefix)) {
      if (held.has(key)) continue;
      const ageMs = await this.target.ageMs(key);
      if (ageMs === null || ageMs < settledMs) continue;
      assert();
      await this.target.delete(key);
      freed += 1;
    }
    this.#known = null;
    return freed;
  }

  async #chunks(): Promise<Set<string>> {
    if (this.#known !== null) return this.#known;
    const known = new Set<string>();
    for await (const key of this.target.list(chunkPrefix)) known.add(key);
    this.#known = known;
    return known;
  }
}

/** What a backup holds that cannot be read is not known, so nothing may be thought to be free. Refuses with BACKUP_CORRUPT. */
export function readable({ id, manifest, trouble }: StoredManifest): BackupManifest {
  if (manifest === null) throw new Refusal('BACKUP_CORRUPT', `nothing is freed while ${id} cannot be read: ${trouble}`);
  return manifest;
}

const isDamage = (error: unknown): boolean => {
  if (error instanceof Refusal && error.code === 'BACKUP_CORRUPT') return false;
  throw error;
};

function chunkKey(keyId: string | null, id: string): string {
  return `${chunkPrefix}${keyId ?? 'plain'}/${id.slice(0, 2)}/${id}`;
}

function manifestKey(id: string): string {
  return `${manifestPrefix}${id}.json`;
}

function manifestIn(stored: Uint8Array, id: string): BackupManifest {
  const damaged = (why: string): Refusal => new Refusal('BACKUP_CORRUPT', `the manifest of ${id} ${why}`);
  if (stored.length > serverLimits.backupManifestBytes) throw damaged('is too large');
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(stored));
  } catch {
    throw damaged('cannot be read');
  }
  const inside: unknown = typeof found === 'object' && found !== null && 'manifest' in found ? found.manifest : null;
  const format = typeof inside === 'object' && inside !== null && 'format' in inside ? inside.format : null;
  if (typeof format === 'number' && format > backupFormat)
    throw new Refusal('BACKUP_NEWER', `${id} is of format ${format}; this binary reads up to ${backupFormat}`);
  const parsed = backupManifestSchema.safeParse(inside);
  if (!parsed.success) throw damaged('has not the shape of one');
  return parsed.data;
}
