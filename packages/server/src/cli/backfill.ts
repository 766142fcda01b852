// `tidewheel schedule backfill` and `tidewheel backfill`: runs for times that have passed. Counted first, then paced, watched, stopped.

import { type BackfillPreview, type BackfillRequest, type BackfillView, limits, Refusal } from '@tidewheel/protocol';
import type { Client } from '@tidewheel/sdk';
import { Command, Option } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { exitCodes } from './exit-codes.ts';
import { backfillListing, styleOfBackfill } from './listings-times.ts';
import { durationMs, jsonValue, momentOf, wholeNumber } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { renderFields } from './table.ts';

type Options = ConnectionOptions & OutputOptions;

interface BeginOptions extends Options {
  readonly from: string;
  readonly to?: string;
  readonly active: number;
  readonly rate?: number;
  readonly order: 'oldest' | 'newest';
  readonly missingOnly: boolean;
  readonly payload?: string;
  readonly reason?: string;
  readonly dryRun: boolean;
  readonly wait: boolean;
  readonly waitTimeout?: number;
}

/** Stands below `schedule`. */
export function beginBackfillCommand(cli: CommandLine): Command {
  const command = new Command('backfill')
    .description('make runs for the nominal times of a schedule in the past, each with its own time')
    .argument('<name>', 'name of the schedule')
    .requiredOption('--from <time>', 'the first time: 2026-11-01T00:00:00Z, or 3d for three days ago')
    .option('--to <time>', 'times before this; now when absent')
    .option('--active <n>', 'runs that may be unfinished at once', wholeNumber(1, limits.backfillActive), 1)
    .option('--rate <n>', 'runs made per minute', wholeNumber(1, 60_000))
    .addOption(new Option('--order <order>', 'which time first').choices(['oldest', 'newest']).default('oldest'))
    .option('--missing-only', 'leave out times that have a run which succeeded', false)
    .option('-p, --payload <json>', "instead of the schedule's: JSON, @FILE, or - for stdin")
    .option('--reason <text>', 'why, for those who find it')
    .option('--dry-run', 'count the times and show the first; make nothing', false)
    .option('--wait', 'wait for the end; exit code 0 when all succeeded, 10 when some did not, 11 when canceled', false)
    .option('--wait-timeout <duration>', 'give up waiting after this long, with exit code 124', durationMs);
  return withOutput(withConnection(command)).action(async (name: string, options: BeginOptions) => {
    const request = await requestOf(cli, options);
    const { client } = openApi(cli, options);
    const output = new Output(cli.terminal, options);
    if (options.dryRun) {
      const preview = await client.backfills.preview(name, request);
      output.one(`schedule/${name}`, preview, () => previewText(preview));
      return;
    }
    const begun = await client.backfills.begin(name, request);
    if (!options.wait) {
      output.one(`backfill/${begun.id}`, begun, () => `${begun.id}\n`);
      return;
    }
    if (output.forPeople) cli.terminal.err(`backfill ${begun.id}: ${begun.total} times\n`);
    report(cli, output, await ended(cli, client, begun.id, options.waitTimeout));
  });
}

async function requestOf(cli: CommandLine, options: BeginOptions): Promise<Omit<BackfillRequest, 'dryRun'>> {
  const { active, rate, order, missingOnly, reason } = options;
  const from = momentOf('--from', options.from, cli.terminal);
  const to = momentOf('--to', options.to, cli.terminal) ?? cli.terminal.nowMs();
  const payload = await jsonValue('--payload', options.payload, cli.terminal);
  return {
    from: from ?? to,
    to,
    active,
    order,
    missingOnly,
    ...(rate === undefined ? {} : { rate }),
    ...(reason === undefined ? {} : { reason }),
    ...(payload === undefined ? {} : { payload }),
  };
}

function previewText({ schedule, total, fires }: BackfillPreview): string {
  if (total === 0) return `${schedule} has no nominal times in this range\n`;
  const more = total > fires.length ? [`… and ${total - fires.length} more`] : [];
  return [`${total} nominal times of ${schedule}`, ...fires.map((fire) => fire.local), ...more].join('\n').concat('\n');
}

export function backfillCommand(cli: CommandLine): Command {
  return new Command('backfill')
    .description('runs for times that have passed; begin one with `schedule backfill`')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(cancelCommand(cli));
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list')
    .alias('ls')
    .description('list backfills with their progress, newest first')
    .option('--schedule <name>', 'only of this schedule')
    .addOption(new Option('--state <state>', 'only in this state').choices(['running', 'done', 'canceled']));
  return withOutput(withConnection(withPage(command))).action(
    async (options: Options & PageOptions & { schedule?: string; state?: BackfillView['state'] }) => {
      const { schedule, state } = options;
      const { client } = openApi(cli, options);
      const page = await listed(options, (query) => client.backfills.list({ ...query, schedule, state }).page());
      new Output(cli.terminal, options).list(backfillListing, page.items, page);
    },
  );
}

function showCommand(cli: CommandLine): Command {
  const command = new Command('show')
    .description('show one backfill with its progress')
    .argument('<id>', 'id of the backfill')
    .option('--wait', 'wait for the end', false)
    .option('--wait-timeout <duration>', 'give up waiting after this long, with exit code 124', durationMs);
  return withOutput(withConnection(command)).action(
    async (id: string, options: Options & { wait: boolean; waitTimeout?: number }) => {
      const { client } = openApi(cli, options);
      const output = new Output(cli.terminal, options);
      if (options.wait) report(cli, output, await ended(cli, client, bare(id), options.waitTimeout));
      else print(cli, output, await client.backfills.get(bare(id)));
    },
  );
}

function cancelCommand(cli: CommandLine): Command {
  const command = new Command('cancel')
    .description('stop a backfill: it makes no further runs')
    .argument('<id>', 'id of the backfill')
    .option('--runs', 'cancel its unfinished runs too', false)
    .option('--reason <text>', 'why, for those who find it canceled');
  return withOutput(withConnection(command)).action(
    async (id: string, options: Options & { runs: boolean; reason?: string }) => {
      const { runs, reason } = options;
      const canceled = await openApi(cli, options).client.backfills.cancel(bare(id), { runs, reason });
      print(cli, new Output(cli.terminal, options), canceled);
    },
  );
}

function print(cli: CommandLine, output: Output, backfill: BackfillView): void {
  output.one(`backfill/${backfill.id}`, backfill, () => {
    const { from, to, rate, leftOut } = backfill;
    return renderFields(
      [
        ['id', backfill.id],
        ['schedule', backfill.schedule],
        ['job', backfill.job],
        ['state', backfill.state, styleOfBackfill(backfill.state)],
        ['range', `${new Date(from).toISOString()} to ${new Date(to).toISOString()}, ${backfill.order} first`],
        ['at most', `${backfill.active} at once${rate === null ? '' : `, ${rate} a minute`}`],
        ['decided', `${backfill.decided} of ${backfill.total}${leftOut === 0 ? '' : `, ${leftOut} left out`}`],
        ['unfinished', String(backfill.unfinished)],
        ['succeeded', String(backfill.succeeded)],
        ['unsuccessful', String(backfill.unsuccessful), backfill.unsuccessful > 0 ? 'red' : undefined],
        backfill.reason === '' ? null : ['reason', backfill.reason],
        ['begun', `${output.times(backfill.createdAt)} by ${backfill.createdBy}`],
        backfill.finishedAt === null ? null : ['ended', output.times(backfill.finishedAt)],
      ],
      cli.terminal.outColour,
    );
  });
}

const lookMs = 500;

/** Null when the person interrupted the waiting. Throws WAIT_TIMED_OUT. */
async function ended(
  cli: CommandLine,
  client: Client,
  id: string,
  waitTimeout: number | undefined,
): Promise<BackfillView | null> {
  const { terminal } = cli;
  const interrupted = terminal.interruption();
  const giveUpAt = waitTimeout === undefined ? Number.POSITIVE_INFINITY : terminal.nowMs() + waitTimeout;
  for (;;) {
    const backfill = await client.backfills.get(id);
    if (backfill.state !== 'running' && backfill.unfinished === 0) return backfill;
    if (interrupted.aborted) return null;
    const leftMs = giveUpAt - terminal.nowMs();
    if (leftMs <= 0)
      throw new Refusal('WAIT_TIMED_OUT', `${backfill.decided} of ${backfill.total} times are decided; it goes on`);
    await terminal.sleep(Math.min(lookMs, leftMs), interrupted);
  }
}

function report(cli: CommandLine, output: Output, backfill: BackfillView | null): void {
  if (backfill === null) {
    cli.terminal.err('not waiting any longer; the backfill goes on\n');
    cli.exitCode = exitCodes.interrupted;
    return;
  }
  if (backfill.state === 'canceled') cli.exitCode = exitCodes.runCanceled;
  else if (backfill.unsuccessful > 0) cli.exitCode = exitCodes.runFailed;
  print(cli, output, backfill);
}

/** What `-o name` prints is taken too. */
function bare(id: string): string {
  return id.replace(/^backfill\//, '');
}
