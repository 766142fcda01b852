// A data directory put together from a backup, and a server started on it that nobody but this process can reach: it listens on no port,
// only on a socket in a directory of its own, archives nothing and follows nobody.
//
//   files ──► DIRECTORY.restoring ──► scratch server recovers, to the end or to a point ──► stopped in order ──► DIRECTORY

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type BackupManifest, Refusal } from '@tidewheel/protocol';
import { type Clock, sleep } from '../../ports/clock.ts';
import { type Database, StoreUnavailable } from '../../ports/database.ts';
import type { Identity } from '../../ports/identity.ts';
import type { Log } from '../../ports/log.ts';
import type { OpenPlace, RestorePlace } from '../../ports/store-image.ts';
import { openPostgres } from './database.ts';
import { dataPrefix } from './image.ts';
import { type Owner, type ProgramPlace, programOf, type Running, runProgram, serverOwner } from './programs.ts';

export interface RecoveryGoal {
  /** A moment such as 2026-11-30T12:00:00Z, or a place in the log such as 0/3000148; null: as far as the archive goes. */
  readonly until: string | null;
  /** Puts every file of the archive that may be needed into this directory. */
  readonly fetchAll: (directory: string) => Promise<void>;
}

export interface PostgresPlaceOptions {
  /** Must not exist, or be empty. */
  readonly directory: string;
  /** A directory around it that is ours, and has to be passed by the user that the server runs as. */
  readonly around: string | null;
  readonly position: NonNullable<BackupManifest['position']['postgres']>;
  readonly programs: ProgramPlace;
  /** Null: to where the backup itself is consistent. */
  readonly goal: RecoveryGoal | null;
  /** How long recovery may take. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly identity: Identity;
  readonly log: Log;
}

const lookMs = 100;
const socketPort = '5432';

export function postgresPlace(options: PostgresPlaceOptions): RestorePlace {
  return new PostgresPlace(options);
}

class PostgresPlace implements RestorePlace {
  readonly name: string;
  readonly #options: PostgresPlaceOptions;
  readonly #directory: string;
  readonly #staged: string;
  readonly #owner: Owner | null = serverOwner();
  #begun = false;
  #side: string | null = null;
  #server: Running | null = null;

  constructor(options: PostgresPlaceOptions) {
    this.#options = options;
    this.#directory = resolve(options.directory);
    this.#staged = `${this.#directory}.restoring`;
    this.name = `the directory ${this.#directory}`;
  }

  readonly write: RestorePlace['write'] = async (path, mode, content) => {
    await this.#begin();
    if (!path.startsWith(dataPrefix)) throw new Refusal('BACKUP_CORRUPT', `a backup of PostgreSQL holds ${path}`);
    const place = join(this.#staged, path.slice(dataPrefix.length));
    try {
      if (path.endsWith('/')) {
        await mkdir(place, { recursive: true, mode: 0o700 });
        await this.#give(place);
        return;
      }
      const file = await open(place, 'wx', mode);
      try {
        // Not `write`, which may write a part and say so in its answer only, as a disk that fills up does.
        for await (const piece of content) await file.writeFile(piece);
        if (this.#owner !== null) await file.chown(this.#owner.uid, this.#owner.gid);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw failure(error, this.name);
    }
  };

  async open(): Promise<OpenPlace> {
    const side = await this.#prepare();
    this.#server = this.#start(side);
    const { database, user } = this.#options.position;
    const url = `postgres://${encodeURIComponent(user)}@localhost:${socketPort}/${encodeURIComponent(database)}?host=${encodeURIComponent(side)}`;
    const db = await this.#answers(url);
    return {
      db,
      setClock: (at) => setClock(db, at),
      close: async () => {
        await db.close();
        await this.#stop();
      },
    };
  }

  async settle(): Promise<void> {
    try {
      if (existsSync(this.#directory) && readdirSync(this.#directory).length > 0)
        throw new Refusal('TARGET_NOT_EMPTY', `there is something in ${this.#directory}`);
      await rename(this.#staged, this.#directory);
      const parent = await open(dirname(this.#directory), 'r');
      await parent.sync();
      await parent.close();
    } catch (error) {
      throw failure(error, this.name);
    }
  }

  async discard(): Promise<void> {
    await this.#stop();
    if (this.#begun) await rm(this.#staged, { recursive: true, force: true });
    if (this.#side !== null) await rm(this.#side, { recursive: true, force: true });
    this.#begun = false;
  }

  async #begin(): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    try {
      if (this.#options.around !== null) await this.#give(this.#options.around);
      if (existsSync(this.#directory) && readdirSync(this.#directory).length > 0)
        throw new Refusal('TARGET_NOT_EMPTY', `there is something in ${this.#directory}`);
      await rm(this.#staged, { recursive: true, force: true });
      await mkdir(this.#staged, { recursive: true, mode: 0o700 });
      await this.#give(this.#staged);
    } catch (error) {
      throw failure(error, this.name);
    }
  }

  /** Settings and access of the scratch server, and the log that it is to recover from. Answers the directory of its socket. */
  async #prepare(): Promise<string> {
    const side = await mkdtemp(join(tmpdir(), 'tidewheel-scratch-'));
    this.#side = side;
    await this.#give(side);
    const { goal } = this.#options;
    const lines = [
      `listen_addresses = ''`,
      `unix_socket_directories = '${side}'`,
      `port = ${socketPort}`,
      `hba_file = '${side}/hba'`,
      `ident_file = '${side}/ident'`,
      `archive_mode = off`,
      `hot_standby = off`,
      `max_wal_senders = 0`,
      `max_connections = 20`,
      `shared_buffers = 64MB`,
      `logging_collector = off`,
      `log_destination = 'stderr'`,
      ...(goal === null ? [] : await this.#recovery(goal, side)),
    ];
    const files = { hba: 'local all all trust\n', ident: '', conf: `${lines.join('\n')}\n` };
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(side, name), text, { mode: 0o600 });
      await this.#give(join(side, name));
    }
    return side;
  }

  async #recovery({ until, fetchAll }: RecoveryGoal, side: string): Promise<string[]> {
    const spool = join(side, 'wal');
    await mkdir(spool, { mode: 0o700 });
    await fetchAll(spool);
    await this.#give(spool);
    for (const name of readdirSync(spool)) await this.#give(join(spool, name));
    const signal = join(this.#staged, 'recovery.signal');
    await writeFile(signal, '', { mode: 0o600 });
    await this.#give(signal);
    const isPlace = until !== null && /^[0-9A-F]+\/[0-9A-F]+$/i.test(until);
    return [
      `restore_command = 'cp "${spool}/%f" "%p"'`,
      `recovery_target_timeline = 'latest'`,
      `recovery_target_action = 'promote'`,
      ...(until === null ? [] : [`recovery_target_${isPlace ? 'lsn' : 'time'} = '${until}'`]),
    ];
  }

  #start(side: string): Running {
    const major = Number.parseInt(readFileSync(join(this.#staged, 'PG_VERSION'), 'utf8'), 10);
    const program = programOf('postgres', major, this.#options.programs);
    return runProgram(program, ['-D', this.#staged, '-c', `config_file=${side}/conf`], {
      ...this.#owner,
      cwd: side,
      env: { LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  async #answers(url: string): Promise<Database> {
    const { clock, identity, log, patienceMs } = this.#options;
    const server = this.#server;
    const untilMs = clock.monotonicMs() + patienceMs;
    let over = false;
    void server?.ended.then(() => {
      over = true;
    });
    for (;;) {
      try {
        const db = await openPostgres({ url, clock, identity, log, poolSize: 4 });
        const [row] = await db.query<{ recovering: number }>('select pg_is_in_recovery() as recovering');
        if (row?.recovering === 0) return db;
        await db.close();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        if (over || clock.monotonicMs() > untilMs) throw notUp(server?.said() ?? '', error);
      }
      await sleep(clock, lookMs);
    }
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    // Smart enough for us: nobody else is connected, and a checkpoint is written.
    server.child.kill('SIGINT');
    await server.ended;
  }

  async #give(path: string): Promise<void> {
    if (this.#owner !== null) await chown(path, this.#owner.uid, this.#owner.gid);
  }
}

/** A full disk says nothing of the backup. */
function notUp(said: string, cause: unknown): Refusal {
  const code = /no space left on device/i.test(said) ? 'BACKUP_FAILED' : 'BACKUP_CORRUPT';
  return new Refusal(code, `the scratch server did not come up: ${said}`, { cause });
}

async function setClock(db: Database, at: number | null): Promise<void> {
  const value = at === null ? 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint' : `${at}::bigint`;
  await db.query(
    `create or replace function now_ms() returns bigint language sql stable parallel safe as 'select ${value}'`,
  );
}

function failure(error: unknown, where: string): unknown {
  if (error instanceof Refusal || !(error instanceof Error) || !('syscall' in error)) return error;
  return new Refusal('BACKUP_FAILED', `${where}: ${error.message}`, { cause: error });
}
