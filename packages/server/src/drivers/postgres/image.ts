// A base backup of the whole server, taken by pg_basebackup over the replication protocol and cut into its files, so that what has not
// changed since the last one is not stored again. It holds the log that it needs to be consistent by itself.

import type { BackupPosition } from '@tidewheel/protocol';
import { Refusal } from '@tidewheel/protocol';
import type { Database } from '../../ports/database.ts';
import type { StoreImage } from '../../ports/store-image.ts';
import { type ProgramPlace, programOf, runProgram } from './programs.ts';
import { type TarEntry, tarEntries } from './tar-entries.ts';

export interface PostgresImageOptions {
  readonly url: string;
  readonly db: Database;
  readonly programs: ProgramPlace;
}

interface ServerRow {
  version: number;
  bytes: number;
  systemId: string;
  database: string;
  user: string;
}

/** Paths of the data directory stand below this. */
export const dataPrefix = 'data/';

export function postgresImage({ url, db, programs }: PostgresImageOptions): StoreImage {
  return {
    kind: 'postgres',
    capture: async (sink, size) => {
      const [server] = await db.query<ServerRow>(
        `select current_setting('server_version_num')::integer / 10000 as version,
           (select sum(pg_database_size(oid)) from pg_database)::float8 as bytes,
           (select system_identifier::text from pg_control_system()) as "systemId",
           current_database() as database, current_user as user`,
      );
      if (server === undefined) throw new Error('PostgreSQL does not tell what it is');
      size(server.bytes);
      const kept = new Map<string, string>();
      await baseBackup(programOf('pg_basebackup', server.version, programs, true), url, async (entry) => {
        const { path, kind, mode, content } = entry;
        if (kind === 'link') throw new Refusal('BACKUP_FAILED', `tablespaces are not supported: ${path} is a link`);
        if (kind === 'directory') return sink(`${dataPrefix}${path.replace(/\/?$/, '/')}`, mode, content);
        const isTold = path === 'backup_label' || path === 'backup_manifest';
        return sink(`${dataPrefix}${path}`, mode, isTold ? watched(content, (text) => kept.set(path, text)) : content);
      });
      const { database, user, systemId } = server;
      return { postgres: { systemId, database, user, ...positionIn(kept) } };
    },
  };
}

async function baseBackup(program: string, url: string, take: (entry: TarEntry) => Promise<void>): Promise<void> {
  const address = new URL(url);
  const { password } = address;
  address.password = '';
  const args = ['-d', address.href, '-D', '-', '-F', 'tar', '-X', 'fetch', '-c', 'fast', '--no-password'];
  const { child, said, ended } = runProgram(program, args, {
    // The password would be seen by everybody among the arguments.
    env: { PGPASSWORD: decodeURIComponent(password), PGAPPNAME: 'tidewheel backup' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    if (child.stdout === null) throw new Error('a pipe was asked for');
    for await (const entry of tarEntries(child.stdout as AsyncIterable<Uint8Array>)) await take(entry);
    child.stdout.resume();
    if ((await ended) !== 0) throw new Error('it did not end well');
  } catch (error) {
    child.kill('SIGTERM');
    child.stdout?.resume();
    await ended;
    if (error instanceof Refusal) throw error;
    const why = said() || (error instanceof Error ? error.message : String(error));
    throw new Refusal('BACKUP_FAILED', `pg_basebackup: ${why}`, { cause: error });
  }
}

/** Passes a small text on, and gives it to `tell` when it is whole. */
async function* watched(content: AsyncIterable<Uint8Array>, tell: (text: string) => void): AsyncGenerator<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of content) {
    parts.push(part);
    yield part;
  }
  tell(Buffer.concat(parts).toString('utf8'));
}

interface ServerManifest {
  readonly 'WAL-Ranges'?: readonly {
    readonly Timeline: number;
    readonly 'Start-LSN': string;
    readonly 'End-LSN': string;
  }[];
}

function positionIn(
  kept: ReadonlyMap<string, string>,
): Pick<NonNullable<BackupPosition['postgres']>, 'timeline' | 'startLsn' | 'endLsn' | 'startWal'> {
  const [, startLsn, startWal] =
    /^START WAL LOCATION: (\S+) \(file ([0-9A-F]{24})\)/m.exec(kept.get('backup_label') ?? '') ?? [];
  const { 'WAL-Ranges': ranges } = JSON.parse(kept.get('backup_manifest') ?? '{}') as ServerManifest;
  const last = ranges?.at(-1);
  if (startLsn === undefined || startWal === undefined || last === undefined)
    throw new Refusal('BACKUP_FAILED', 'pg_basebackup did not say where the backup begins and ends');
  return { timeline: last.Timeline, startLsn, endLsn: last['End-LSN'], startWal };
}
