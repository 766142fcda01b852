// `tidewheel store`: moves everything from one store to another, of either engine, while the cluster goes on for all but the last seconds.

import { Command } from 'commander';
import type { StoreConfig } from '../config.ts';
import { readConfig } from '../config.ts';
import { silentLog } from '../ports/log.ts';
import type { CommandLine } from './command-line.ts';
import { UsageError } from './failure.ts';
import { Output, type OutputOptions, type Listing, withOutput } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { storeStatusCommand } from './store-status.ts';

interface CopyOptions extends OutputOptions {
  readonly bulkOnly?: boolean;
  readonly yes?: boolean;
}

interface CopiedRow {
  readonly table: string;
  readonly rows: number;
  readonly late: number;
}

const copiedListing: Listing<CopiedRow> = {
  columns: () => [
    { title: 'TABLE', value: (row) => row.table },
    { title: 'ROWS', value: (row) => String(row.rows), right: true },
    { title: 'WHILE STOPPED', value: (row) => String(row.late), right: true },
  ],
  name: (row) => `table/${row.table}`,
  empty: 'the bulk is copied; the masters go on with the old store',
};

export function storeCommand(cli: CommandLine): Command {
  return new Command('store')
    .description('the place where everything is kept')
    .addCommand(storeStatusCommand(cli))
    .addCommand(copyCommand(cli))
    .addCommand(openCommand(cli));
}

function copyCommand(cli: CommandLine): Command {
  const command = new Command('copy')
    .description('move everything to another store, which must be empty; begun again, it goes on where it was')
    .argument('<from>', 'sqlite:FILE or postgres://…, with or without running masters')
    .argument('<to>', 'sqlite:FILE or postgres://…')
    .option('--bulk-only', 'only what can be copied without stopping masters')
    .option('--yes', 'do not ask before the masters are stopped');
  return withOutput(command).action(async (from: string, to: string, options: CopyOptions) => {
    const { terminal } = cli;
    const [source, target] = [storeAt(from), storeAt(to)];
    const { copyStore } = await import('../compose/store-copy.ts');
    const progress = new ProgressLine(terminal);
    const run = (bulkOnly: boolean) =>
      copyStore(source, target, {
        log: silentLog,
        bulkOnly,
        interrupted: terminal.interruption(),
        tell: (step) => {
          if (step.step === 'bulk' || step.step === 'rest')
            progress.show(
              `${step.step === 'bulk' ? 'copying' : 'copying the rest of'} ${step.table}`,
              step.rows,
              step.of,
            );
          else progress.say(sayings[step.step]('masters' in step ? step.masters : []));
        },
      });
    // The bulk takes long and stops nobody: the question comes when its answer matters.
    if (options.bulkOnly !== true && options.yes !== true) {
      await run(true);
      progress.end();
      const answer = await terminal.ask(
        'Stop the masters of the old store and switch now? They do not come back on it. [y/N] ',
      );
      if (answer === null) throw new UsageError('nobody can be asked here: say --yes, or --bulk-only');
      if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('nothing was switched; begin again whenever you want');
    }
    const copied = await run(options.bulkOnly === true);
    progress.end();
    new Output(terminal, options).list(copiedListing, copied, { items: copied });
    if (copied.length > 0) terminal.err(`moved: start the masters with --store ${to.replace(/:[^:@/]*@/, ':…@')}\n`);
  });
}

const sayings = {
  stopping: (masters: readonly string[]) =>
    `waiting until the masters have stopped: ${masters.join(', ') || 'a process has the store open'}`,
  stopped: () => 'no master works on the old store any more',
  moved: () => 'all rows are compared, and the new store is open',
};

function openCommand(cli: CommandLine): Command {
  return new Command('open')
    .description('take back a move that was broken off, so that masters may work on the store again')
    .argument('<store>', 'sqlite:FILE or postgres://…')
    .action(async (store: string) => {
      const { reopenStore } = await import('../compose/store-copy.ts');
      const was = await reopenStore(storeAt(store), silentLog);
      cli.terminal.err(was === 'open' ? 'it was open\n' : `open again; it was ${was}\n`);
    });
}

export function storeAt(url: string): StoreConfig {
  return readConfig({ flags: { store: url }, env: {}, file: null }).store;
}
