// Backups in a directory, such as a disk of its own or a mounted share. An object is written beside its place, made durable, and then
// renamed, so that a full disk or a power cut leaves no half of one.

import { chmod, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { Refusal } from '@tidewheel/protocol';
import type { BackupTarget } from '../../ports/backup-target.ts';

const unfinished = '.part';

/** `unique`: a name that no other process on the same directory has. */
export function directoryTarget(root: string, unique: () => string, nowMs: () => number): BackupTarget {
  return new DirectoryTarget(root, unique, nowMs);
}

class DirectoryTarget implements BackupTarget {
  readonly name: string;
  readonly #root: string;
  readonly #unique: () => string;
  readonly #nowMs: () => number;
  /** Directories that are there. */
  readonly #made = new Set<string>();

  constructor(root: string, unique: () => string, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#root = root;
    this.#unique = unique;
    this.name = `dir:${root}`;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#reached(() => this.#place(key, bytes, rename));
  }

  async putNew(key: string, bytes: Uint8Array): Promise<boolean> {
    // A link refuses a name that is taken; a rename would take its place.
    return this.#reached(async () => {
      try {
        await this.#place(key, bytes, link);
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        throw error;
      }
    });
  }

  async get(key: string): Promise<Uint8Array | null> {
    return this.#reached(async () => {
      try {
        return await readFile(this.#pathOf(key));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw error;
      }
    });
  }

  async *list(prefix: string): AsyncGenerator<string> {
    const base = this.#pathOf(prefix.slice(0, prefix.lastIndexOf('/') + 1));
    // A place that is not there must not look like one that is empty.
    await this.#reached(async () => stat(this.#root));
    for (const path of await this.#reached(() => filesBelow(base))) {
      const key = relative(this.#root, path).split(sep).join('/');
      if (key.startsWith(prefix) && !key.endsWith(unfinished)) yield key;
    }
  }

  async ageMs(key: string): Promise<number | null> {
    return this.#reached(async () => {
      try {
        return this.#nowMs() - (await stat(this.#pathOf(key))).mtimeMs;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw error;
      }
    });
  }

  async delete(key: string): Promise<void> {
    await this.#reached(() => rm(this.#pathOf(key), { force: true }));
  }

  #pathOf(key: string): string {
    return join(this.#root, key);
  }

  async #place(key: string, bytes: Uint8Array, put: (from: string, to: string) => Promise<void>): Promise<void> {
    const path = this.#pathOf(key);
    const directory = dirname(path);
    const mode = await this.#makeDirectories(directory);
    const part = `${path}.${this.#unique()}${unfinished}`;
    try {
      const file = await open(part, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.chmod(mode & 0o666);
        await file.sync();
      } finally {
        await file.close();
      }
      await put(part, path);
    } finally {
      await rm(part, { force: true });
    }
    await syncDirectory(directory);
  }

  /**
   * All that is made may be used by those who may use the root: masters and PostgreSQL are different users, and share a group. Answers that
   * mode. The root itself is not made: a disk that is not mounted must not look like an empty one.
   */
  async #makeDirectories(directory: string): Promise<number> {
    const mode = (await stat(this.#root)).mode & 0o7777;
    let path = this.#root;
    for (const part of relative(this.#root, directory).split(sep)) {
      path = join(path, part);
      if (this.#made.has(path)) continue;
      try {
        await mkdir(path);
        await chmod(path, mode);
        await syncDirectory(dirname(path));
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
      this.#made.add(path);
    }
    return mode;
  }

  async #reached<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refusal) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new Refusal('BACKUP_TARGET', `${this.name}: ${why}`, { cause: error });
    }
  }
}

/** A new name is durable only when its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function filesBelow(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
