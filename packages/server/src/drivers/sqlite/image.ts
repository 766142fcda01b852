// The file of an SQLite store, copied while it is written to, and put back. The copy sees one moment: its connection has begun to read and
// goes on seeing what it saw. Meanwhile the log file of the store cannot be cut down, so it grows by what is written.

import { createReadStream, existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import { StoreUnavailable } from '../../ports/database.ts';
import type { OpenPlace, RestorePlace, StoreImage } from '../../ports/store-image.ts';
import { SqliteConnection } from './connection.ts';
import { openSqlite } from './database.ts';
import { lockDatabase } from './directory-lock.ts';
import { isSqliteError } from './errors.ts';

const fileName = 'tidewheel.db';
const fileMode = 0o600;

/** `scratch`: a directory with room for a copy of the file; beside the file when absent. */
export function sqliteImage(path: string, scratch: string = dirname(path)): StoreImage {
  return {
    kind: 'sqlite',
    capture: async (sink, size) => {
      await mkdir(scratch, { recursive: true, mode: 0o700 });
      const directory = await mkdtemp(join(scratch, '.tidewheel-copy-'));
      const copy = join(directory, fileName);
      try {
        await copyAtOnce(path, copy, size);
        await sink(fileName, fileMode, createReadStream(copy, { highWaterMark: serverLimits.backupChunkBytes }));
        return {};
      } catch (error) {
        throw fullDisk(error, directory);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

async function copyAtOnce(path: string, copy: string, size: (bytes: number) => void): Promise<void> {
  const reader = new SqliteConnection({
    path,
    readOnly: true,
    busyTimeoutMs: 2000,
    nowMs: () => 0,
    schema: { changes: 0 },
  });
  try {
    const [page] = reader.query('pragma page_size');
    reader.exec('begin');
    reader.query('select count(*) from sqlite_schema');
    let told = false;
    await reader.copyTo(copy, (_done, of) => {
      if (!told) size(of * Number(page?.['page_size'] ?? 0));
      told = true;
    });
  } finally {
    reader.close();
  }
}

export interface SqlitePlaceOptions {
  readonly path: string;
  /** What is at the path gives way, and stays beside it under another name. Else it must be free. */
  readonly replace: boolean;
  /** For the name of what gave way. */
  readonly stamp: string;
  readonly nowMs: () => number;
}

export function sqlitePlace(options: SqlitePlaceOptions): RestorePlace {
  return new SqlitePlace(options);
}

class SqlitePlace implements RestorePlace {
  readonly name: string;
  readonly #path: string;
  readonly #options: SqlitePlaceOptions;
  readonly #staged: string;

  constructor(options: SqlitePlaceOptions) {
    this.#options = options;
    this.#path = resolve(options.path);
    this.#staged = `${this.#path}.restoring`;
    this.name = `sqlite:${this.#path}`;
  }

  readonly write: RestorePlace['write'] = async (path, mode, content) => {
    if (path !== fileName) throw new Refusal('BACKUP_CORRUPT', `a backup of SQLite holds ${path}`);
    await this.discard();
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const file = await open(this.#staged, 'wx', mode);
    try {
      // Not `write`, which may write a part and say so in its answer only, as a disk that fills up does.
      for await (const piece of content) await file.writeFile(piece);
      await file.sync();
    } catch (error) {
      throw fullDisk(error, this.name);
    } finally {
      await file.close();
    }
  };

  open(): Promise<OpenPlace> {
    let at: number | null = null;
    const db = openSqlite({ path: this.#staged, nowMs: () => at ?? this.#options.nowMs() });
    return Promise.resolve({
      db,
      setClock: (now) => {
        at = now;
        return Promise.resolve();
      },
      close: () => db.close(),
    });
  }

  async settle(): Promise<void> {
    // Nobody may have the old file open: it would go on writing to a name that means another one.
    const lock = lockDatabase(this.#path);
    try {
      if (existsSync(this.#path)) {
        if (!this.#options.replace) throw new Refusal('TARGET_NOT_EMPTY', `there is a file ${this.#path}`);
        const kept = `${this.#path}.before-${this.#options.stamp}`;
        settleLog(this.#path);
        await link(this.#path, kept);
        // Left only when the old file is too damaged for its log to be carried into it.
        if (existsSync(`${this.#path}-wal`)) await rename(`${this.#path}-wal`, `${kept}-wal`);
        await rm(`${this.#path}-shm`, { force: true });
      }
      await rename(this.#staged, this.#path);
      const directory = await open(dirname(this.#path), 'r');
      await directory.sync();
      await directory.close();
    } finally {
      lock.release(true);
    }
    await this.discard();
  }

  async discard(): Promise<void> {
    for (const end of ['', '-wal', '-shm', '-lock', '-lock-journal']) await rm(this.#staged + end, { force: true });
  }
}

/** What stands in the log of a file that was not closed in order would be taken for the log of the new one. */
function settleLog(path: string): void {
  const open = { path, readOnly: false, busyTimeoutMs: 0, nowMs: () => 0, schema: { changes: 0 } };
  const writer = new SqliteConnection(open);
  try {
    writer.exec('pragma wal_checkpoint(truncate)');
  } catch (error) {
    // A damaged file is the reason to restore.
    if (!(error instanceof Refusal)) throw error;
  } finally {
    writer.close();
  }
}

function fullDisk(error: unknown, where: string): unknown {
  const cause = error instanceof StoreUnavailable ? error.cause : error;
  const isOfSystem = error instanceof Error && 'syscall' in error;
  if (!isOfSystem && !isSqliteError(cause)) return error;
  const why = error instanceof Error ? error.message : '';
  return new Refusal('BACKUP_FAILED', `${where}: ${why}`, { cause: error });
}
