// Reads a crontab, of a user or of the system, as job definitions. What cron does and Tidewheel does otherwise becomes a note with its line.
//
// As in cron: a variable holds for the lines below it; the rest of a line after its times is handed to SHELL; an unescaped `%` is a
// line break, and the first one ends the command and starts its standard input; `\%` is a percent sign.
// Names come from the command alone, so that importing a file again after lines were added or moved changes nothing else.

import { type Fault, type JobInput, limits, Refusal } from '@tidewheel/protocol';
import { parseCron } from './cron/parse.ts';
import { serverLimits } from './limits.ts';
import { checkTimezone } from './zone.ts';

export interface CrontabOptions {
  /** Whether a user column stands before the command; `auto` looks at the file. */
  readonly system: boolean | 'auto';
  /** Where the text comes from, for descriptions: `/etc/crontab`. */
  readonly source: string;
  /** Zone of lines above which no CRON_TZ or TZ stands: the machine's own, since that is what cron uses. UTC when absent. */
  readonly timezone?: string;
}

export interface CrontabNote {
  readonly line: number;
  readonly text: string;
}

export interface Crontab {
  readonly jobs: JobInput[];
  readonly notes: CrontabNote[];
}

/** Throws INVALID_FILE with line and column of each fault. */
export function parseCrontab(text: string, options: CrontabOptions): Crontab {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const system = options.system === 'auto' ? looksLikeSystem(lines, options.source) : options.system;
  const reader = new Reader({ ...options, system });
  lines.forEach((line, index) => reader.read(line, index + 1));
  if (reader.faults.length > 0) {
    const [first] = reader.faults;
    throw new Refusal('INVALID_FILE', `${options.source}, line ${first?.line}: ${first?.detail}`, {
      faults: reader.faults,
    });
  }
  return { jobs: reader.jobs, notes: reader.notes };
}

interface Entry {
  times: string;
  user: string | null;
  command: string;
  /** Of the command, from 1. */
  column: number;
}

const assignment = /^\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z_]\w*))\s*=(.*)$/;
const mailVariables = new Set(['MAILTO', 'MAILFROM', 'CONTENT_TYPE', 'CONTENT_TRANSFER_ENCODING']);

class Reader {
  readonly jobs: JobInput[] = [];
  readonly notes: CrontabNote[] = [];
  readonly faults: Fault[] = [];
  readonly #options: CrontabOptions & { system: boolean };
  readonly #env = new Map<string, string>();
  readonly #users = new Set<string>();
  readonly #names = new Set<string>();
  #shell = '/bin/sh';
  #cronZone: string | null = null;
  #commandZone: string | null = null;

  constructor(options: CrontabOptions & { system: boolean }) {
    this.#options = options;
  }

  read(line: string, number: number): void {
    if (/^\s*(?:#|$)/.test(line)) return;
    const variable = assignment.exec(line);
    if (variable !== null) {
      this.#assign(variable[1] ?? variable[2] ?? variable[3] ?? '', unquoted((variable[4] ?? '').trim()), number);
      return;
    }
    const entry = entryOf(line, this.#options.system);
    if (typeof entry === 'string') this.#fault(number, 1, entry);
    else this.#add(entry, number, line.length - line.trimStart().length + 1);
  }

  #assign(name: string, value: string, line: number): void {
    if (mailVariables.has(name)) {
      this.#note(line, `${name} is ignored: output is kept with each run, no mail is sent`);
    } else if (name === 'RANDOM_DELAY') {
      this.#note(line, 'RANDOM_DELAY is ignored: jobs start at their times');
    } else if (name === 'CRON_TZ') {
      const trouble = value === '' ? null : troubleWithZone(value);
      if (trouble === null) this.#cronZone = value === '' ? null : value;
      else this.#fault(line, 1, trouble);
    } else if (!/^[A-Za-z_]\w*$/.test(name)) {
      this.#fault(line, 1, `"${name}" is not a name of a variable`);
    } else {
      if (name === 'SHELL') this.#shell = value;
      if (name === 'TZ') this.#assignTz(value, line);
      this.#env.set(name, value);
    }
  }

  /** Some crons read the times in TZ, others only hand it to the command. Whoever sets it means a zone, so both. */
  #assignTz(value: string, line: number): void {
    const trouble = troubleWithZone(value);
    this.#commandZone = trouble === null ? value : null;
    if (trouble !== null) this.#note(line, `TZ is handed to the commands only: ${trouble}`);
    else if (this.#cronZone === null)
      this.#note(line, `the times below are read in ${value}; set CRON_TZ to have another zone`);
  }

  #add(entry: Entry, line: number, column: number): void {
    if (entry.times.toLowerCase() === '@reboot') {
      this.#note(line, 'left out: @reboot has no time; trigger the job from whatever starts up');
      return;
    }
    const timezone = this.#cronZone ?? this.#commandZone ?? this.#options.timezone ?? 'UTC';
    try {
      parseCron(entry.times, timezone);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#fault(line, column, error.message);
      return;
    }
    if (entry.command === '') {
      this.#fault(line, entry.column, 'the command is missing');
      return;
    }
    if (entry.user !== null && !this.#users.has(entry.user)) {
      this.#users.add(entry.user);
      this.#note(line, `the user "${entry.user}" is ignored here and below: commands run as the worker's own user`);
    }
    this.#addJob(entry, timezone);
  }

  #addJob(entry: Entry, timezone: string): void {
    const name = uniqueName(entry.command, this.#names);
    const { command, input } = splitInput(entry.command);
    const home = this.#env.get('HOME');
    const env = Object.fromEntries(this.#env);
    this.jobs.push({
      name,
      description: `from ${this.#options.source}`,
      shell: {
        ...(input === null
          ? { script: `${command}\n`, interpreter: [this.#shell] }
          : { script: withInput(this.#shell, command, input), interpreter: ['/bin/sh'] }),
        ...(this.#env.size === 0 ? {} : { env }),
        // cron starts commands in the home directory.
        ...(home === undefined || home === '' ? {} : { cwd: home }),
      },
      schedules: [{ name, cron: entry.times, timezone }],
    });
  }

  #note(line: number, text: string): void {
    this.notes.push({ line, text });
  }

  #fault(line: number, column: number, detail: string): void {
    if (this.faults.length < serverLimits.faults) this.faults.push({ pointer: '', detail, line, column });
  }
}

/** The parts of a line, or what is wrong with it. */
function entryOf(line: string, system: boolean): Entry | string {
  const shape = system
    ? /^\s*(@\S+|\S+(?:\s+\S+){4})\s+(\S+)(?:\s+(.*))?$/
    : /^\s*(@\S+|\S+(?:\s+\S+){4})(?:\s+(.*))?$/;
  const match = shape.exec(line);
  if (match === null) {
    return `expected five fields or a nickname such as @daily, ${system ? 'a user, ' : ''}then a command`;
  }
  const command = (system ? match[3] : match[2]) ?? '';
  return {
    times: match[1] ?? '',
    user: system ? (match[2] ?? null) : null,
    command: command.trimEnd(),
    column: line.length - command.length + 1,
  };
}

/** /etc/crontab and /etc/cron.d say so by their place; else a header with a user column, or lines that all name a user, root among them. */
function looksLikeSystem(lines: readonly string[], source: string): boolean {
  if (/^\/etc\/(?:crontab$|cron\.d\/)/.test(source)) return true;
  if (lines.some((line) => /^\s*#.*\bdow\s+user(?:-name)?\s+command\b/i.test(line))) return true;
  const entries = lines
    .filter((line) => !/^\s*(?:#|$)/.test(line) && !assignment.test(line))
    .map((line) => entryOf(line, true));
  const users = entries.map((entry) => (typeof entry === 'string' || entry.command === '' ? null : entry.user));
  return users.includes('root') && users.every((user) => user !== null && /^[a-z_][a-z0-9_-]*$/.test(user));
}

function troubleWithZone(zone: string): string | null {
  try {
    checkTimezone(zone);
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

function unquoted(value: string): string {
  const quoted = /^"([^"]*)"$|^'([^']*)'$/.exec(value);
  return quoted === null ? value : (quoted[1] ?? quoted[2] ?? '');
}

function splitInput(text: string): { command: string; input: string | null } {
  const parts = [''];
  for (const [piece] of text.matchAll(/\\[^]|%|[^\\%]+|\\$/g)) {
    if (piece === '%') parts.push('');
    else parts[parts.length - 1] += piece === '\\%' ? '%' : piece;
  }
  const [command = '', ...input] = parts;
  return { command, input: input.length === 0 ? null : input.join('\n') };
}

/** Any shell, its command by `-c` as cron does, its input from a here-document that the outer sh makes. */
function withInput(shell: string, command: string, input: string): string {
  let end = 'INPUT';
  while (input.split('\n').includes(end)) end += '_';
  const document = input === '' ? '' : `${input}\n`;
  return `exec ${quoted(shell)} -c ${quoted(command)} <<'${end}'\n${document}${end}\n`;
}

function quoted(word: string): string {
  return /^[\w/.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const nameChars = 48;

/** `cd /srv && /usr/bin/php artisan schedule:run >/dev/null 2>&1` → `php-artisan-schedule-run`. */
function nameOf(command: string): string {
  const words = splitInput(command)
    .command.replace(/^(?:\s*(?:cd\s+\S+\s*(?:&&|;)|[A-Za-z_]\w*=\S*))+/, '')
    .replaceAll(/\d*(?:>>?|<|&>)\s*(?:&\d|\S+)/g, ' ')
    .split(/\s+/)
    .map((word) => word.replace(/^.*\/(?=.)/, ''));
  const slug = words.join('-').replaceAll(/[^A-Za-z0-9._]+/g, '-');
  return slug.slice(0, nameChars).replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '') || 'command';
}

/** Another command of the same short name gets a mark made of its text, a repetition a number. */
function uniqueName(command: string, taken: Set<string>): string {
  const base = nameOf(command);
  let name = base;
  if (taken.has(name)) name = `${base}-${markOf(command)}`;
  for (let count = 2; taken.has(name); count += 1) name = `${base}-${markOf(command)}-${count}`;
  taken.add(name);
  return name.slice(0, limits.nameChars);
}

/** FNV-1a: six hexadecimal digits are plenty within one file, and what still collides is numbered. */
function markOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0').slice(0, 6);
}
