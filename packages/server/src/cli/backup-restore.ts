// `tidewheel backup restore`: a backup becomes a store again, in a fresh place that is then switched over at once.

import { type GapChoice, gapChoices, parseDuration } from '@tidewheel/protocol';
import { Command, Option } from 'commander';
import { silentLog } from '../ports/log.ts';
import type { RestoreTarget } from '../compose/restore.ts';
import { unfinishedOption } from './backup-gap.ts';
import { type TargetOptions, targetOf, withConfigFile, withTarget } from './backup-target.ts';
import type { CommandLine } from './command-line.ts';
import { UsageError } from './failure.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { storeAt } from './store.ts';
import { parseMoment } from './time-text.ts';

interface RestoreOptions extends TargetOptions, OutputOptions {
  readonly to?: string;
  readonly toDirectory?: string;
  readonly until?: string;
  readonly replace?: boolean;
  readonly gap?: GapChoice;
  readonly unfinished: 'again' | 'lost';
}

export function restoreCommand(cli: CommandLine): Command {
  const command = new Command('restore')
    .description('make a store of a backup; its schedules fire when the gap since then is closed')
    .argument('<backup>', 'its id, or `latest`')
    .option('--to <store>', 'sqlite:FILE; or postgres://… for a backup of the kind logical, an empty database')
    .option('--to-directory <dir>', 'a data directory of PostgreSQL, which must not exist or be empty')
    .option(
      '--until <point>',
      'of PostgreSQL: a time, a place in the log such as 0/3000148, or `end` of what is archived',
    )
    .option('--replace', 'a file that is there gives way, and stays beside the new one')
    .addOption(new Option('--gap <choice>', 'close the gap at once: see `tidewheel backup gap`').choices(gapChoices))
    .addOption(unfinishedOption());
  return withOutput(withConfigFile(withTarget(command))).action(async (id: string, options: RestoreOptions) => {
    const { terminal } = cli;
    const to = targetIn(options);
    const config = targetOf(options, terminal);
    const { openRepositories } = await import('../compose/open-backups.ts');
    const { restore } = await import('../compose/restore.ts');
    const repository = (await openRepositories(config))();
    const manifest = await repository.manifest(await repository.idNamed(id));
    const { gap, unfinished } = options;
    const choice = gap === undefined ? null : { gap, unfinished, by: 'restore', reason: 'chosen with the restore' };
    const progress = new ProgressLine(terminal);
    const until = options.until === undefined ? null : pointOf(options.until, terminal.nowMs());
    const tell = (done: number, of: number): void => progress.show('restoring', done, of);
    const found = await restore({ config, repository, manifest, to, until, choice, tell, log: silentLog });
    progress.end();
    const rows = Object.values(found.rows).reduce((sum, n) => sum + n, 0);
    new Output(terminal, options).one(
      `backup/${manifest.id}`,
      { id: manifest.id, ...found },
      () => `restored ${manifest.id}: ${rows} rows\n`,
    );
    const next =
      gap === undefined
        ? 'nothing fires before `tidewheel backup gap --close` has said how'
        : `the gap is closed with: ${gap}`;
    terminal.err(`${next}\n`);
  });
}

function targetIn({ to, toDirectory, replace = false }: RestoreOptions): RestoreTarget {
  if ((to === undefined) === (toDirectory === undefined))
    throw new UsageError('say where to: --to sqlite:FILE or postgres://…, or --to-directory DIR');
  return toDirectory === undefined
    ? { kind: 'store', store: storeAt(to ?? ''), replace }
    : { kind: 'directory', path: toDirectory };
}

/** A moment is given to PostgreSQL in the one way that means the same everywhere. */
function pointOf(text: string, nowMs: number): string {
  if (text === 'end' || /^[0-9A-F]+\/[0-9A-F]+$/i.test(text)) return text;
  const at = parseMoment(text, nowMs, parseDuration);
  if (at === null)
    throw new UsageError(
      `--until is "${text}"; expected a time such as 2026-11-21T08:00:00+08:00, a place in the log, or end`,
    );
  return `${new Date(at).toISOString().replace('T', ' ').replace('Z', '')}+00`;
}
