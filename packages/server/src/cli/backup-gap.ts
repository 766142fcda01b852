// `tidewheel backup gap`: what a restored store does not know, and the choice of what becomes of it.

import { type GapChoice, gapChoices, type GapView, Refusal } from '@tidewheel/protocol';
import { Command, Option } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { UsageError } from './failure.ts';
import { gapListing } from './listings-backup.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { paint } from './table.ts';
import { visibleLine } from './text-width.ts';

interface GapOptions extends ConnectionOptions, OutputOptions {
  readonly close?: GapChoice;
  readonly unfinished: 'again' | 'lost';
  readonly reason?: string;
}

const lookMs = 250;
const patienceMs = 120_000;

export function unfinishedOption(): Option {
  return new Option(
    '--unfinished <what>',
    'runs that had not ended: again (those that may run once at most end as lost), or all end as lost',
  )
    .choices(['again', 'lost'])
    .default('again');
}

export function gapCommand(cli: CommandLine): Command {
  const command = new Command('gap')
    .description('show what happened after the backup that this store was restored from, as far as it can be told')
    .addOption(
      new Option(
        '--close <choice>',
        'let schedules fire again; of the times since then make up for none, the newest, or all',
      ).choices(gapChoices),
    )
    .addOption(unfinishedOption())
    .option('--reason <text>', 'why, for those who wonder later; needed with --close');
  return withOutput(withConnection(command)).action(async (options: GapOptions) => {
    const { client } = openApi(cli, options);
    const output = new Output(cli.terminal, options);
    if (options.close === undefined) {
      const gap = await client.backups.gap();
      output.list(gapListing, gap.schedules, gap);
      if (output.forPeople) cli.terminal.out(summary(gap, output.times, cli.terminal.outColour));
      return;
    }
    const { reason, unfinished, close } = options;
    if (reason === undefined) throw new UsageError('--close needs a --reason');
    await client.backups.closeGap({ gap: close, unfinished, reason });
    const untilMs = cli.terminal.nowMs() + patienceMs;
    while (await isOpen(() => client.backups.gap())) {
      if (cli.terminal.nowMs() > untilMs)
        throw new Refusal('WAIT_TIMED_OUT', 'chosen, and not carried out yet: that is done by the leader');
      await cli.terminal.sleep(lookMs);
    }
    cli.terminal.err('the gap is closed; schedules fire again\n');
  });
}

async function isOpen(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}

function summary(gap: GapView, times: (at: number) => string, colour: boolean): string {
  const word = (text: string): string => paint(text.padEnd(13), 'dim', colour);
  const unfinished = Object.entries(gap.unfinished).map(([state, n]) => `${n} ${state}`);
  return [
    '',
    `${word('backup')}${gap.backupId}`,
    `${word('holds')}everything up to ${times(gap.from)}`,
    `${word('restored')}${times(gap.restoredAt)}`,
    `${word('unfinished')}${unfinished.join(', ') || 'no runs'}, which may have ended since`,
    ...gap.reports.map(
      ({ worker, attemptId, runId }) =>
        `${word('worker')}${visibleLine(worker)} came back with the attempt ${attemptId} of ${runId === null ? 'a run that began in the gap' : `the run ${runId}`}`,
    ),
    gap.choice === null
      ? `${word('chosen')}nothing yet: nothing fires before`
      : `${word('chosen')}${gap.choice.gap}, unfinished ${gap.choice.unfinished}, by ${visibleLine(gap.choice.by)}`,
    '',
  ].join('\n');
}
