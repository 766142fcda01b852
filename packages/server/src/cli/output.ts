// What commands print as data: the API's own JSON in five machine shapes, or a table for people.

import { Option, type Command } from 'commander';
import { stringify } from 'yaml';
import { type Column, renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { type TimeStyle, timeStyles, timeText } from './time-text.ts';

export const outputFormats = ['table', 'wide', 'json', 'jsonl', 'yaml', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface OutputOptions {
  readonly output: OutputFormat;
  readonly time?: TimeStyle;
}

export function withOutput(command: Command): Command {
  return command
    .addOption(new Option('-o, --output <format>', 'how to print').choices(outputFormats).default('table'))
    .addOption(new Option('--time <style>', 'how to show times: relative on a terminal, else iso').choices(timeStyles));
}

/** One kind of thing that is listed or shown. */
export interface Listing<T> {
  readonly columns: (times: (at: number | null | undefined) => string) => readonly Column<T>[];
  /** What `-o name` prints: `job/backup`; other commands take it as an argument. */
  readonly name: (row: T) => string;
  /** Said on stderr when a table would be empty. */
  readonly empty: string;
}

export class Output {
  readonly #terminal: Terminal;
  readonly #options: OutputOptions;

  constructor(terminal: Terminal, options: OutputOptions) {
    this.#terminal = terminal;
    this.#options = options;
  }

  get forPeople(): boolean {
    return this.#options.output === 'table' || this.#options.output === 'wide';
  }

  get format(): OutputFormat {
    return this.#options.output;
  }

  readonly times = (at: number | null | undefined): string => {
    const style = this.#options.time ?? (this.#terminal.outWidth === null ? 'iso' : 'relative');
    return timeText(at, { style, nowMs: this.#terminal.nowMs() });
  };

  /** `document` is the API's answer as a whole; `rows` are its items. */
  list<T>(listing: Listing<T>, rows: readonly T[], document: unknown): void {
    const { output } = this.#options;
    if (output === 'json' || output === 'yaml') return this.#document(document);
    if (output === 'jsonl') return this.#terminal.out(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    if (output === 'name') return this.#terminal.out(rows.map((row) => `${listing.name(row)}\n`).join(''));
    if (rows.length === 0) return this.#terminal.err(`${listing.empty}\n`);
    const columns = listing.columns(this.times).filter((column) => column.wide !== true || output === 'wide');
    const width = output === 'wide' ? null : this.#terminal.outWidth;
    this.#terminal.out(renderTable(columns, rows, { width, colour: this.#terminal.outColour }));
  }

  /** One thing; `people` prints it for a person. */
  one<T>(name: string, document: T, people: () => string): void {
    const { output } = this.#options;
    if (output === 'json' || output === 'yaml') return this.#document(document);
    if (output === 'jsonl') return this.#terminal.out(`${JSON.stringify(document)}\n`);
    this.#terminal.out(output === 'name' ? `${name}\n` : people());
  }

  #document(document: unknown): void {
    this.#terminal.out(
      this.#options.output === 'json'
        ? `${JSON.stringify(document, null, 2)}\n`
        : stringify(document, { aliasDuplicateObjects: false }),
    );
  }
}
