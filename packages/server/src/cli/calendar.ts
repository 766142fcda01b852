// `tidewheel calendar`: which times do not count. Files declare calendars beside jobs; here they are looked at, imported and deleted.

import { Command } from 'commander';
import { stringify } from 'yaml';
import type { CalendarDay, CalendarView } from '@tidewheel/protocol';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { UsageError } from './failure.ts';
import { calendarListing } from './listings-times.ts';
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
