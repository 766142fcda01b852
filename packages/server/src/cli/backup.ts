// `tidewheel backup`: makes, lists and prunes backups through a master; reads, verifies and restores them without one, since a backup is
// wanted most when there is none.

import type { BackupManifest, BackupView } from '@tidewheel/protocol';
import { Command, Option } from 'commander';
import { silentLog } from '../ports/log.ts';
import { openApi } from './api.ts';
import { gapCommand } from './backup-gap.ts';
import { restoreCommand } from './backup-restore.ts';
import { type TargetOptions, targetOf, withConfigFile, withTarget } from './backup-target.ts';
import { walPushCommand } from './backup-wal.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { exitCodes } from './exit-codes.ts';
import { backupListing, storedListing } from './listings-backup.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { ProgressLine } from './progress-line.ts';

type Options = ConnectionOptions & OutputOptions;

const lookMs = 500;

export function backupCommand(cli: CommandLine): Command {
  return new Command('backup')
    .description('copies of everything that are known to be whole')
    .addCommand(createCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(verifyCommand(cli))
    .addCommand(restoreCommand(cli))
    .addCommand(gapCommand(cli))
    .addCommand(pruneCommand(cli))
    .addCommand(walPushCommand(cli));
}

interface CreateOptions extends Options {
  readonly kind: 'physical' | 'logical';
  readonly wait: boolean;
}

function createCommand(cli: CommandLine): Command {
  const command = new Command('create')
    .description('make a backup now, and wait until it is verified')
    .addOption(
      new Option('--kind <kind>', 'the file or server as it is, or rows for a store of either engine')
        .choices(['physical', 'logical'])
        .default('physical'),
    )
    .option('--no-wait', 'do not wait');
  return withOutput(withConnection(command)).action(async (options: CreateOptions) => {
    const { client } = openApi(cli, options);
    const { id } = await client.backups.create(options.kind);
    const output = new Output(cli.terminal, options);
    if (!options.wait) return output.one(`backup/${id}`, { id }, () => `${id}\n`);
    const progress = new ProgressLine(cli.terminal);
    for (;;) {
      const view = (await client.backups.list({ limit: 20 }).page()).items.find((one) => one.id === id);
      if (view?.state !== 'running' && view?.state !== 'verifying') {
        progress.end();
        if (view !== undefined) told(cli, output, view);
        return undefined;
      }
      progress.show(view.state === 'running' ? 'storing' : 'verifying', view.doneBytes, view.bytes);
      await cli.terminal.sleep(lookMs);
    }
  });
}

function told(cli: CommandLine, output: Output, view: BackupView): void {
  output.list(backupListing, [view], view);
  if (view.state === 'verified') return;
  cli.terminal.err(`it does not count: ${view.error ?? view.state}\n`);
  cli.exitCode = exitCodes.error;
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list')
    .alias('ls')
    .description('list backups, newest first; with --backup-target those that lie there, without a master');
  return withOutput(withConnection(withPage(withTarget(command)))).action(
    async (options: Options & PageOptions & TargetOptions) => {
      const output = new Output(cli.terminal, options);
      if (options.backupTarget === undefined) {
        const { client } = openApi(cli, options);
        const page = await listed(options, (query) => client.backups.list(query).page());
        return output.list(backupListing, page.items, page);
      }
      const { openRepositories } = await import('../compose/open-backups.ts');
      const repository = (await openRepositories(targetOf(options, cli.terminal)))();
      const items = (await repository.manifests()).toReversed();
      return output.list(storedListing, items, {
        items: items.map(({ id, manifest, trouble }) => ({ id, ...shown(manifest), trouble })),
      });
    },
  );
}

/** Without the pieces, of which there may be many thousands. */
function shown(manifest: BackupManifest | null): object {
  if (manifest === null) return {};
  const { files, ...rest } = manifest;
  return { ...rest, files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function verifyCommand(cli: CommandLine): Command {
  const command = new Command('verify')
    .description('restore a backup into a scratch instance on this machine, and see whether it is whole')
    .argument('<backup>', 'its id, or `latest`');
  return withOutput(withConfigFile(withTarget(command))).action(
    async (id: string, options: OutputOptions & TargetOptions) => {
      const config = targetOf(options, cli.terminal);
      const { openRepositories } = await import('../compose/open-backups.ts');
      const { verify } = await import('../compose/restore.ts');
      const repository = (await openRepositories(config))();
      const manifest = await repository.manifest(await repository.idNamed(id));
      const progress = new ProgressLine(cli.terminal);
      const tell = (done: number, of: number): void => progress.show('verifying', done, of);
      const found = await verify({ config, repository, manifest, log: silentLog, tell });
      progress.end();
      const rows = Object.values(found.rows).reduce((sum, n) => sum + n, 0);
      new Output(cli.terminal, options).one(
        `backup/${manifest.id}`,
        { id: manifest.id, ...found },
        () => `${manifest.id} is whole: ${rows} rows, ${found.firesAudited} fires of its last day audited\n`,
      );
    },
  );
}

function pruneCommand(cli: CommandLine): Command {
  const command = new Command('prune').description(
    'forget what the retention does not keep, and free what only that held',
  );
  return withOutput(withConnection(command)).action(async (options: Options) => {
    const result = await openApi(cli, options).client.backups.prune();
    const text = `pruned ${result.pruned.length}, freed ${result.freedObjects} objects\n`;
    new Output(cli.terminal, options).one('backups', result, () => text);
  });
}
