// `tidewheel calendar`: which times do not count. Files declare calendars beside jobs; here they are looked at, imported and deleted.

import { Command } from 'commander';
import { stringify } from 'yaml';
import { type CalendarDay, type CalendarImported, type CalendarView, Refusal } from '@tidewheel/protocol';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { exitCodes } from './exit-codes.ts';
import { UsageError } from './failure.ts';
import { calendarListing } from './listings-times.ts';
import type { PlacedFault } from './manifest.ts';
import { readText } from './manifest-files.ts';
import { wholeNumber } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { renderFields } from './table.ts';

type Options = ConnectionOptions & OutputOptions;

export function calendarCommand(cli: CommandLine): Command {
  return new Command('calendar')
    .description('named sets of dates, weekdays and hours that schedules leave out or keep to')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(checkCommand(cli))
    .addCommand(importCommand(cli))
    .addCommand(deleteCommand(cli));
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list')
    .alias('ls')
    .description('list calendars and who uses them')
    .option('--search <text>', 'only names that contain this');
  return withOutput(withConnection(withPage(command))).action(
    async (options: Options & PageOptions & { search?: string }) => {
      const { client } = openApi(cli, options);
      const page = await listed(options, (query) => client.calendars.list({ ...query, q: options.search }).page());
      new Output(cli.terminal, options).list(calendarListing, page.items, page);
    },
  );
}

function showCommand(cli: CommandLine): Command {
  const command = new Command('show').description('show one calendar').argument('<name>', 'name of the calendar');
  return withOutput(withConnection(command)).action(async (name: string, options: Options) => {
    const calendar = await openApi(cli, options).client.calendars.get(bare(name));
    print(cli, options, calendar);
  });
}

export function print(cli: CommandLine, options: OutputOptions, calendar: CalendarView): void {
  const output = new Output(cli.terminal, options);
  output.one(`calendar/${calendar.name}`, calendar, () => {
    const fields = renderFields(
      [
        ['name', calendar.name],
        ['version', String(calendar.version)],
        ['used by', calendar.usedBy.map((user) => `${user.kind}/${user.name}`).join(', ')],
        ['created', output.times(calendar.createdAt)],
        ['changed', output.times(calendar.updatedAt)],
      ],
      cli.terminal.outColour,
    );
    return `${fields}\n${stringify(calendar.definition, { aliasDuplicateObjects: false })}`;
  });
}

function checkCommand(cli: CommandLine): Command {
  const command = new Command('check')
    .description('say what of a day lies in a calendar, nested calendars included')
    .argument('<name>', 'name of the calendar')
    .argument('<date>', 'the day: 2026-10-01')
    .option('--tz <zone>', 'whose day, for a calendar without a time zone of its own', 'UTC');
  return withOutput(withConnection(command)).action(
    async (name: string, date: string, options: Options & { tz: string }) => {
      if (!/^\d{4}-\d\d-\d\d$/.test(date)) throw new UsageError(`"${date}" is not a date; write it as 2026-10-01`);
      const day = await openApi(cli, options).client.calendars.day(bare(name), date, options.tz);
      new Output(cli.terminal, options).one(`calendar/${bare(name)}`, day, () => `${dayText(bare(name), day)}\n`);
    },
  );
}

function dayText(name: string, { date, timezone, inside, hours }: CalendarDay): string {
  if (inside === 'whole') return `${date} (${timezone}) lies in ${name}`;
  if (inside === 'not') return `${date} (${timezone}) does not lie in ${name}`;
  return `${date} (${timezone}) lies in ${name} from ${hours.map(({ from, to }) => `${from} to ${to}`).join(', ')}`;
}

interface ImportOptions extends Options {
  readonly name: string;
  readonly description?: string;
  readonly tz?: string;
  readonly from?: string;
  readonly to?: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

function importCommand(cli: CommandLine): Command {
  const command = new Command('import')
    .description('make or replace a calendar by the events of an iCalendar file')
    .argument('<file>', 'the .ics file, - for stdin')
    .requiredOption('--name <name>', 'name of the calendar')
    .option('--description <text>', 'what it is')
    .option('--tz <zone>', 'whose days these are, where the file does not say')
    .option('--from <date>', 'the first day that recurring events are written out for; that of this year when absent')
    .option('--to <date>', 'the last day; the end of the fifth year after when absent')
    .option('--dry-run', 'show what would be stored', false)
    .option('-y, --yes', 'do not ask', false);
  return withOutput(withConnection(command)).action(async (file: string, options: ImportOptions) => {
    const { terminal } = cli;
    const text = file === '-' ? await terminal.stdin() : readText(file);
    const name = bare(options.name);
    const { description, tz: timezone, from, to } = options;
    const order = { text, description, timezone, from, to };
    const { client, describe } = openApi(cli, options);
    const run = (dryRun: boolean, ifVersion: number | 'none'): Promise<CalendarImported> =>
      placingLines(file, text, () => client.calendars.import(name, { ...order, dryRun }, ifVersion));
    const before = await versionOf(() => client.calendars.get(name));
    const read = await run(true, before?.version ?? 'none');
    terminal.err(importText(name, read, before));
    if (options.dryRun) {
      new Output(terminal, options).one(`calendar/${name}`, read, () => stringify(read.definition));
      return;
    }
    if (!options.yes) {
      const answer = await terminal.ask(`Store this at ${describe}? [y/N] `);
      if (answer === null) throw new UsageError('nobody can be asked here; look at it with --dry-run, then use --yes');
      if (!/^y(es)?$/i.test(answer.trim())) {
        terminal.err('nothing was changed\n');
        cli.exitCode = exitCodes.error;
        return;
      }
    }
    const { calendar } = await run(false, before?.version ?? 'none');
    if (calendar !== null) print(cli, options, calendar);
  });
}

async function versionOf(get: () => Promise<CalendarView>): Promise<CalendarView | null> {
  try {
    return await get();
  } catch (error) {
    if (error instanceof Refusal && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

function importText(name: string, read: CalendarImported, before: CalendarView | null): string {
  const count = (key: string): number => {
    const entries: unknown = read.definition[key];
    return Array.isArray(entries) ? entries.length : 0;
  };
  const users = before === null ? [] : before.usedBy.filter((user) => user.kind === 'schedule');
  const replaces =
    before === null
      ? `makes the calendar ${name}`
      : `replaces the calendar ${name}, version ${before.version}${users.length === 0 ? '' : `, on which schedules depend`}`;
  const lines = [
    `${read.events} events, ${count('dates')} single days and ${count('ranges')} ranges: ${replaces}`,
    ...(read.leftOut === 0 ? [] : [`${read.leftOut} events were left out:`]),
    ...read.notes.map((note) => `  line ${note.line}: ${note.detail}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Faults that the server finds in the text get the name of the file. */
async function placingLines<T>(file: string, text: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const lines = text.split(/\r\n|\n|\r/);
    const faults = error.faults.map((fault): PlacedFault | typeof fault =>
      fault.line === undefined
        ? fault
        : {
            ...fault,
            file: file === '-' ? 'stdin' : file,
            column: fault.column ?? 1,
            excerpt: lines[fault.line - 1] ?? '',
          },
    );
    throw new Refusal(error.code, error.message, { faults, cause: error });
  }
}

function deleteCommand(cli: CommandLine): Command {
  const command = new Command('delete')
    .description('delete calendars that nobody uses')
    .argument('<names...>', 'names of calendars')
    .option('--if-version <n>', 'only when it still has this version', wholeNumber(1, 999_999_999));
  return withConnection(command).action(
    async (names: string[], options: ConnectionOptions & { ifVersion?: number }) => {
      const { client } = openApi(cli, options);
      for (const name of names.map(bare)) {
        await client.calendars.delete(name, options.ifVersion ?? (await client.calendars.get(name)).version);
        cli.terminal.err(`deleted calendar ${name}\n`);
      }
    },
  );
}

/** What `-o name` prints is taken too. */
function bare(name: string): string {
  return name.replace(/^calendar\//, '');
}
