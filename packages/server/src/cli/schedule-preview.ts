// `tidewheel schedule preview`: when something fires before it is trusted. Expressions and files are worked out here, by the same code
// as in a master, and need no server, unless a calendar is used that only the server has.

import {
  type CalendarDefinition,
  calendarDefinitionSchema,
  limits,
  type Preview,
  Refusal,
  type ScheduleInput,
  type ScheduleSketch,
  scheduleSketchSchema,
} from '@tidewheel/protocol';
import { Command } from 'commander';
import { calendarsNamedBy, calendarsOfSchedule, type CalendarUses, withNested } from '../core/calendar-graph.ts';
import { type CompiledCalendar, compileCalendars } from '../core/calendar.ts';
import { previewOf } from '../core/preview.ts';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { UsageError } from './failure.ts';
import type { Manifest } from './manifest.ts';
import { loadManifest } from './manifest-files.ts';
import { collect, momentOf, wholeNumber } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { previewHead, previewListing, previewRows } from './preview-text.ts';
import { readerLanguage } from './reader-language.ts';

interface PreviewOptions extends OutputOptions, ConnectionOptions {
  readonly tz?: string;
  readonly count: number;
  readonly after?: string;
  readonly schedule?: string;
  readonly file?: string[];
  readonly name?: string;
}

interface Look {
  readonly now: number;
  readonly after: number | undefined;
  readonly count: number;
}

export function previewCommand(cli: CommandLine): Command {
  const command = new Command('preview')
    .description('show when an expression, a schedule of a file or a stored one fires, and what is odd about it')
    .argument('[cron]', "an expression in quotes: '30 6 * * mon-fri'")
    .option('--tz <zone>', 'IANA time zone of the expression; UTC when absent')
    .option('--name <name>', 'name of the schedule, which decides what `H` in the expression means')
    .option('--schedule <name>', 'a stored schedule; with --file only this one of the file')
    .option('-f, --file <path>', 'schedules of a file or directory, - for stdin; may be repeated', collect)
    .option('--count <n>', 'how many fires', wholeNumber(1, limits.pageItems), 10)
    .option('--after <time>', 'from this time on instead of now');
  return withOutput(withConnection(command)).action(async (cron: string | undefined, options: PreviewOptions) => {
    const { terminal } = cli;
    const after = momentOf('--after', options.after, terminal);
    const look = { now: terminal.nowMs(), after, count: options.count };
    if (options.file !== undefined) {
      if (cron !== undefined) throw new UsageError('give an expression or --file, not both');
      return ofFiles(cli, options, look, options.file);
    }
    if (options.schedule !== undefined) {
      if (cron !== undefined) throw new UsageError('give an expression or --schedule, not both');
      const { client } = openApi(cli, options);
      return show(cli, options, await client.schedules.previewOf(options.schedule, { count: look.count, after }));
    }
    if (cron === undefined) throw new UsageError('give an expression in quotes, --schedule NAME, or --file FILE');
    const sketch = scheduleSketchSchema.safeParse({ name: options.name, cron, timezone: options.tz });
    if (!sketch.success) throw new UsageError(sketch.error.issues[0]?.message ?? 'this is no schedule');
    show(cli, options, localPreview(sketch.data, look, new Map()));
  });
}

function localPreview(
  sketch: ScheduleSketch,
  { now, after, count }: Look,
  calendars: ReadonlyMap<string, CompiledCalendar>,
): Preview {
  return previewOf(sketch, { anchorAt: now, now, after, count, calendars });
}

async function ofFiles(cli: CommandLine, options: PreviewOptions, look: Look, files: readonly string[]): Promise<void> {
  const manifest = await loadManifest(files, cli.terminal);
  const calendars = new FileCalendars(manifest);
  const found: { job: string; schedule: string; preview: Preview }[] = [];
  for (const { job, schedule, pointer } of declaredSchedules(manifest, options.schedule)) {
    const preview = await placedAt(manifest, pointer, async () => {
      const sketch = scheduleSketchSchema.parse(schedule);
      const compiled = calendars.of(sketch);
      if (compiled !== null) return localPreview(sketch, look, compiled);
      const asked = { schedule, calendars: calendars.declaredFor(sketch) };
      return openApi(cli, options).client.schedules.preview(asked, { count: look.count, after: look.after });
    });
    found.push({ job, schedule: schedule.name, preview });
  }
  const { forPeople } = new Output(cli.terminal, options);
  const [only] = found;
  if (only !== undefined && options.schedule !== undefined && !forPeople) return show(cli, options, only.preview);
  if (forPeople) {
    for (const { schedule, preview } of found) show(cli, options, preview, schedule);
    return;
  }
  const rows = found.map(({ job, schedule, preview }) => ({ job, schedule, ...preview }));
  const listing = { name: (row: { schedule: string }) => `schedule/${row.schedule}`, empty: '', columns: () => [] };
  new Output(cli.terminal, options).list(listing, rows, { items: rows });
}

interface Declared {
  readonly job: string;
  readonly schedule: ScheduleInput;
  readonly pointer: string;
}

function declaredSchedules({ jobs }: Manifest, name: string | undefined): Declared[] {
  const found = jobs.flatMap((job, at) =>
    (job.schedules ?? [])
      .map((schedule, index) => ({ job: job.name, schedule, pointer: `/jobs/${at}/schedules/${index}` }))
      .filter(({ schedule }) => name === undefined || schedule.name === name),
  );
  if (found.length > 0) return found;
  throw new UsageError(`no schedule ${name === undefined ? '' : `"${name}" `}is declared there`);
}

/** The calendars of the files, compiled as far as they do not need those of the server. */
class FileCalendars {
  readonly #declared: ReadonlyMap<string, CalendarDefinition>;
  readonly #uses: CalendarUses;

  constructor({ calendars }: Manifest) {
    this.#declared = new Map(calendars.map((one) => [one.name, calendarDefinitionSchema.parse(one)]));
    this.#uses = new Map([...this.#declared.values()].map((one) => [one.name, calendarsNamedBy(one)]));
  }

  /** Those that a schedule needs, nested ones included; null when only the server knows all of them. */
  of(sketch: ScheduleSketch): ReadonlyMap<string, CompiledCalendar> | null {
    const declared = this.declaredFor(sketch);
    const known = new Set(declared.map((one) => one.name));
    const named = [...calendarsOfSchedule(sketch), ...declared.flatMap(calendarsNamedBy)];
    return named.every((name) => known.has(name)) ? compileCalendars(declared) : null;
  }

  declaredFor(sketch: ScheduleSketch): CalendarDefinition[] {
    return withNested(calendarsOfSchedule(sketch), this.#uses).flatMap((name) => this.#declared.get(name) ?? []);
  }
}

/** Faults within the schedule get their place in its file; those of calendars are told as they are. */
async function placedAt<T>(manifest: Manifest, pointer: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const own = error.faults.map((one) => ({ ...one, pointer: pointer + one.pointer.replace(/^\/schedule/, '') }));
    throw new Refusal(error.code, error.message, { faults: manifest.place(own), cause: error });
  }
}

function show(cli: CommandLine, options: OutputOptions, preview: Preview, schedule?: string): void {
  const { terminal } = cli;
  const output = new Output(terminal, options);
  if (output.forPeople) {
    const head = previewHead(preview, { language: readerLanguage(terminal), colour: terminal.outColour });
    terminal.out(schedule === undefined ? head : `${schedule}: ${head}`);
  }
  const rows = previewRows(preview);
  output.list(
    previewListing(preview),
    output.format === 'name' ? rows.filter((row) => row.kind === 'fire') : rows,
    preview,
  );
  if (output.forPeople && preview.leftOutMore) terminal.err('calendars take out more times than are shown\n');
}
