// `tidewheel backup wal-push`: PostgreSQL's archive_command. Exit code 0 only when the segment is durable in the target; the server keeps
// and offers it again as long as it gets another one.

import { createReadStream, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Refusal } from '@tidewheel/protocol';
import { Command } from 'commander';
import { type TargetOptions, targetOf, withConfigFile, withTarget } from './backup-target.ts';
import type { CommandLine } from './command-line.ts';

export function walPushCommand(cli: CommandLine): Command {
  const command = new Command('wal-push')
    .description("archive one file of PostgreSQL's log; for archive_command = 'tidewheel backup wal-push %p'")
    .argument('<file>', 'its path, in pg_wal of the data directory');
  return withConfigFile(withTarget(command, ['--backup-target', '--key-file', '--credentials-file'])).action(
    async (file: string, options: TargetOptions) => {
      const path = resolve(cli.terminal.cwd, file);
      const config = targetOf(options, cli.terminal);
      const { openRepositories } = await import('../compose/open-backups.ts');
      const { walPush } = await import('../master/backup/wal-archive.ts');
      const repository = (await openRepositories(config))({ listed: false });
      await walPush(repository, systemIdOf(path), basename(path), createReadStream(path));
    },
  );
}

/** The first eight bytes of the server's control file, whose directory stands beside pg_wal. */
function systemIdOf(path: string): string {
  const control = join(dirname(dirname(path)), 'global', 'pg_control');
  try {
    return readFileSync(control).readBigUInt64LE(0).toString();
  } catch (error) {
    throw new Refusal(
      'INVALID_FILE',
      `${path} does not lie in a data directory of PostgreSQL: ${control} cannot be read`,
      {
        cause: error,
      },
    );
  }
}
