// `tidewheel run logs`: what a run wrote, in order, as it was written; with -f as it comes.

import type { LogChunkView } from '@tidewheel/protocol';
import { Command } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { exitCodes } from './exit-codes.ts';
import { wholeNumber } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { bareId } from './run-id.ts';
import { paint } from './table.ts';
import { visibleText } from './text-width.ts';

interface LogOptions extends ConnectionOptions, OutputOptions {
  readonly follow: boolean;
  readonly attempt?: number;
  readonly timestamps: boolean;
}

export function logsCommand(cli: CommandLine): Command {
  const command = new Command('logs')
    .description('print what a run wrote')
    .argument('<id>', 'id of the run')
    .option('-f, --follow', 'go on until the run has ended', false)
    .option('--attempt <n>', 'only of this attempt', wholeNumber(1, 1_000_000))
    .option('--timestamps', 'put the time before each line', false);
  return withOutput(withConnection(command)).action(async (given: string, options: LogOptions) => {
    const { client } = openApi(cli, options);
    const printer = new LogPrinter(cli, options);
    const interrupted = cli.terminal.interruption();
    const id = bareId(given);
    const chunks = options.follow ? followed(client.runs.follow(id, { signal: interrupted })) : client.runs.logs(id);
    try {
      for await (const chunk of chunks) {
        if (interrupted.aborted) break;
        if (options.attempt === undefined || chunk.attempt === options.attempt) printer.print(chunk);
      }
    } catch (error) {
      if (!interrupted.aborted) throw error;
    }
    printer.end();
    if (interrupted.aborted) cli.exitCode = exitCodes.interrupted;
  });
}

async function* followed(logs: AsyncIterable<{ chunk: LogChunkView }>): AsyncGenerator<LogChunkView> {
  for await (const { chunk } of logs) yield chunk;
}

/** Text goes out as it came. On a terminal stderr is red, remarks of the system are dim, and a new attempt is announced. */
class LogPrinter {
  readonly #cli: CommandLine;
  readonly #options: LogOptions;
  readonly #output: Output;
  readonly #collected: LogChunkView[] = [];
  #attempt = 0;
  #atLineStart = true;

  constructor(cli: CommandLine, options: LogOptions) {
    this.#cli = cli;
    this.#options = options;
    this.#output = new Output(cli.terminal, options);
  }

  print(chunk: LogChunkView): void {
    const { terminal } = this.#cli;
    if (this.#output.format === 'jsonl') terminal.out(`${JSON.stringify(chunk)}\n`);
    else if (!this.#output.forPeople) this.#collected.push(chunk);
    else this.#text(chunk);
  }

  end(): void {
    if (this.#collected.length > 0) {
      const page = { items: this.#collected, nextCursor: null };
      this.#output.list(
        { columns: () => [], name: (chunk) => `log/${chunk.attempt}/${chunk.seq}`, empty: '' },
        page.items,
        page,
      );
    } else if (!this.#atLineStart) this.#cli.terminal.out('\n');
  }

  #text(chunk: LogChunkView): void {
    const { terminal } = this.#cli;
    if (chunk.attempt !== this.#attempt) {
      if (this.#attempt !== 0) terminal.err(paint(`── attempt ${chunk.attempt}\n`, 'dim', terminal.errColour));
      this.#attempt = chunk.attempt;
    }
    const text = terminal.outWidth === null ? chunk.text : visibleText(chunk.text);
    const style = chunk.stream === 'stderr' ? 'red' : chunk.stream === 'system' ? 'dim' : undefined;
    const stamp = this.#options.timestamps ? `${new Date(chunk.at).toISOString()} ` : '';
    for (const line of text.split(/(?<=\n)/)) {
      const ended = line.endsWith('\n');
      const painted = paint(ended ? line.slice(0, -1) : line, style, terminal.outColour);
      terminal.out(`${this.#atLineStart ? stamp : ''}${painted}${ended ? '\n' : ''}`);
      this.#atLineStart = ended;
    }
  }
}
