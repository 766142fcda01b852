// `tidewheel schedule`: when jobs run. Pausing asks for a reason, because somebody else will wonder.

import { type Preview, Refusal, type ScheduleView } from '@tidewheel/protocol';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { openApi } from './api.ts';
import { beginBackfillCommand } from './backfill.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { fireListing, scheduleListing, styleOfState, whenText } from './listings.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { previewListing, previewRows, warningLine } from './preview-text.ts';
import { readerLanguage } from './reader-language.ts';
import { comingCommand } from './schedule-coming.ts';
import { previewCommand } from './schedule-preview.ts';
import { renderFields, renderTable } from './table.ts';

type Options = ConnectionOptions & OutputOptions;

export function scheduleCommand(cli: CommandLine): Command {
  return new Command('schedule')
    .description('when jobs run')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(firesCommand(cli))
    .addCommand(comingCommand(cli))
    .addCommand(pauseCommand(cli))
    .addCommand(resumeCommand(cli))
    .addCommand(triggerCommand(cli))
    .addCommand(previewCommand(cli))
    .addCommand(beginBackfillCommand(cli));
}

interface ListOptions extends Options, PageOptions {
  readonly job?: string;
  readonly state?: ScheduleView['state'];
  readonly search?: string;
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list')
    .alias('ls')
    .description('list schedules with their next fire')
    .option('--job <name>', 'only of this job')
    .addOption(new Option('--state <state>', 'only in this state').choices(['enabled', 'paused', 'finished']))
    .option('--search <text>', 'only names that contain this');
  return withOutput(withConnection(withPage(command))).action(async (options: ListOptions) => {
    const { client } = openApi(cli, options);
    const { job, state, search } = options;
    const page = await listed(options, (query) => client.schedules.list({ ...query, job, state, q: search }).page());
    new Output(cli.terminal, options).list(scheduleListing, page.items, page);
  });
}

const shownFires = 3;

function showCommand(cli: CommandLine): Command {
  const command = new Command('show')
    .description('show one schedule, in words, with its next fires and what is odd about it')
    .argument('<name>', 'name of the schedule');
  return withOutput(withConnection(command)).action(async (name: string, options: Options) => {
    const { client } = openApi(cli, options);
    const schedule = await client.schedules.get(name);
    const preview = await client.schedules.previewOf(name, { count: shownFires }).catch(orNull);
    print(cli, options, schedule, preview);
  });
}

/** A server of before has no previews. */
function orNull(error: unknown): null {
  if (error instanceof Refusal && error.code === 'NOT_FOUND') return null;
  throw error;
}

function print(cli: CommandLine, options: Options, schedule: ScheduleView, preview: Preview | null = null): void {
  const output = new Output(cli.terminal, options);
  const document = preview === null ? schedule : { ...schedule, warnings: preview.warnings };
  output.one(`schedule/${schedule.name}`, document, () => {
    const colour = cli.terminal.outColour;
    const language = readerLanguage(cli.terminal);
    const paused = schedule.state === 'paused';
    const fields = renderFields(
      [
        ['name', schedule.name],
        ['job', schedule.job],
        ['when', whenText(schedule.definition)],
        schedule.words === undefined ? null : ['in words', schedule.words[language]],
        ['state', schedule.state, styleOfState(schedule.state)],
        paused ? ['reason', `${schedule.pausedReason ?? ''} (${schedule.pausedBy ?? 'unknown'})`] : null,
        ['next', output.times(schedule.nextFireAt)],
        ['last', output.times(schedule.lastFireAt)],
        ['last run', schedule.lastRunState ?? '', styleOfState(schedule.lastRunState ?? '')],
        ['version', String(schedule.version)],
      ],
      colour,
    );
    const warnings = preview?.warnings.map((one) => warningLine(one, { language, colour })) ?? [];
    const definition = stringify(schedule.definition, { aliasDuplicateObjects: false });
    return `${fields}${warnings.join('')}${aheadText(cli, output, preview)}\n${definition}`;
  });
}

function aheadText(cli: CommandLine, output: Output, preview: Preview | null): string {
  if (preview === null || preview.fires.length === 0) return '';
  const columns = previewListing(preview).columns(output.times);
  const { outWidth: width, outColour: colour } = cli.terminal;
  return `\n${renderTable(columns, previewRows(preview), { width, colour })}`;
}

function firesCommand(cli: CommandLine): Command {
  const command = new Command('fires')
    .description('show the ledger: each nominal time, fired or skipped and why')
    .argument('<name>', 'name of the schedule');
  return withOutput(withConnection(withPage(command))).action(async (name: string, options: Options & PageOptions) => {
    const { client } = openApi(cli, options);
    const page = await listed(options, (query) => client.schedules.fires(name, query).page());
    new Output(cli.terminal, options).list(fireListing, page.items, page);
  });
}

function pauseCommand(cli: CommandLine): Command {
  const command = new Command('pause')
    .description('stop a schedule until it is resumed')
    .argument('<name>', 'name of the schedule')
    .requiredOption('--reason <text>', 'why, for those who find it paused');
  return withOutput(withConnection(command)).action(async (name: string, options: Options & { reason: string }) => {
    const { client } = openApi(cli, options);
    await client.schedules.pause(name, options.reason);
    print(cli, options, await client.schedules.get(name));
  });
}

function resumeCommand(cli: CommandLine): Command {
  const command = new Command('resume')
    .description('let a paused schedule fire again, from now on')
    .argument('<name>', 'name of the schedule');
  return withOutput(withConnection(command)).action(async (name: string, options: Options) => {
    const { client } = openApi(cli, options);
    await client.schedules.resume(name);
    print(cli, options, await client.schedules.get(name));
  });
}

function triggerCommand(cli: CommandLine): Command {
  const command = new Command('trigger')
    .description("start a run now with the schedule's payload; the schedule itself goes on unchanged")
    .argument('<name>', 'name of the schedule');
  return withOutput(withConnection(command)).action(async (name: string, options: Options) => {
    const result = await openApi(cli, options).client.schedules.trigger(name);
    new Output(cli.terminal, options).one(`run/${result.runId}`, result, () => `${result.runId}\n`);
  });
}
