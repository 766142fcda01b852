// `tidewheel worker`: runs shell and HTTP jobs, and the tasks of the files that it is given, for any of the masters.

import { limits } from '@tidewheel/protocol';
import { type BuiltInExecutor, lifelineFd, notesFd, superviseWorker, worker, type WorkerLog } from '@tidewheel/sdk';
import { Command, InvalidArgumentError, Option } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, resolveConnection, withConnection } from './connection.ts';
import { watchLifeline } from './dev/lifeline.ts';
import { exitCodeOfError, exitCodes } from './exit-codes.ts';
import { workerListing } from './listings.ts';
import { collect, commaList, durationMs, labels, wholeNumber } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { loadTasks } from './task-files.ts';
import type { Terminal } from './terminal.ts';
import { visibleLine } from './text-width.ts';

interface WorkerOptions extends ConnectionOptions {
  readonly name?: string;
  readonly queues?: string[];
  readonly executors: BuiltInExecutor[];
  readonly labels: Record<string, string>;
  readonly slots: number;
  readonly tasks: string[];
  readonly logLevel: WorkerLogLevel;
  readonly supervise: boolean;
  readonly lifeline?: number;
  readonly notes?: number;
  readonly drainTimeout: number;
  readonly outlive: boolean;
}

const workerLogLevels = ['info', 'warn', 'error'] as const;
type WorkerLogLevel = (typeof workerLogLevels)[number];

export function workerCommand(cli: CommandLine): Command {
  const command = new Command('worker')
    .description('run a worker: shell and HTTP jobs, and tasks from files')
    .option('--name <name>', 'how it is listed; host and process when absent, in a pod of Kubernetes the pod')
    .option('--queues <names>', 'queues to take from, separated by commas; `default` when absent', commaList)
    .option('--executors <kinds>', 'jobs to run besides tasks; shell jobs run as the user of this process', executors, [
      'shell',
      'http',
    ])
    .option('--labels <key=value>', 'what jobs may select it by; may be repeated', labels, {})
    .option('--slots <n>', 'runs at the same time', wholeNumber(1, limits.workerSlots), 10)
    .option('--tasks <file>', 'tasks in TypeScript or JavaScript; may be repeated', collect, [])
    .addOption(new Option('--log-level <level>', 'what to say on stderr').choices(workerLogLevels).default('info'))
    .option(
      '--drain-timeout <duration>',
      'what runs when it is asked to end may take so long; the rest is given to other workers',
      durationMs,
      30_000,
    )
    .option('--no-supervise', 'one process only: what hangs or dies is not started again')
    .addOption(new Option('--lifeline <fd>').argParser(wholeNumber(3, 64)).hideHelp())
    // When the lifeline ends, it finishes what it runs: for those that a pool has started.
    .addOption(new Option('--outlive').default(false).hideHelp())
    .addOption(new Option('--notes <fd>').argParser(wholeNumber(3, 64)).hideHelp());
  // Options behind `list` and `drain` are theirs, not those of the worker that `worker` alone runs.
  return withConnection(command)
    .enablePositionalOptions()
    .action(async (options: WorkerOptions) => {
      // A worker with a lifeline is kept by whoever holds the other end.
      const alone = !options.supervise || options.lifeline !== undefined;
      cli.exitCode = alone ? await work(options, cli.terminal) : await supervise(options, cli.terminal);
    })
    .addCommand(listCommand(cli))
    .addCommand(drainCommand(cli));
}

/** The same command once more as a child, with a lifeline and a pipe for its notes. */
function supervise(options: WorkerOptions, terminal: Terminal): Promise<number> {
  const { addresses, token, namespace } = resolveConnection(options, terminal);
  const [, program = '', ...given] = process.argv;
  return superviseWorker({
    addresses,
    token,
    namespace,
    argv: [...process.execArgv, program, ...given, `--lifeline=${lifelineFd}`, `--notes=${notesFd}`],
    env: terminal.env,
    log: workerLog(options.logLevel, terminal),
  });
}

/** Signals are the worker's own: the first drains it, the second stops it at once. */
async function work(options: WorkerOptions, terminal: Terminal): Promise<number> {
  terminal.outliveReader();
  const { tasks, schedules, calendars } = await loadTasks(options.tasks);
  const { addresses, token, namespace } = resolveConnection(options, terminal);
  const running = worker({
    addresses,
    token,
    namespace,
    name: options.name,
    tasks,
    schedules,
    calendars,
    slots: options.slots,
    queues: options.queues,
    labels: options.labels,
    executors: options.executors,
    drainTimeout: options.drainTimeout,
    onHang: options.notes === undefined && !options.outlive ? 'report' : 'exit',
    notesFd: options.notes,
    log: workerLog(options.logLevel, terminal),
  });
  const { lifeline, outlive } = options;
  if (lifeline !== undefined)
    watchLifeline(lifeline, () => void (outlive ? running.drain() : running.stop()), { outlive });
  await running.start();
  const end = await running.closed;
  return end.kind === 'refused' ? exitCodeOfError(end.refusal.code) : exitCodes.ok;
}

function workerLog(least: WorkerLogLevel, terminal: Terminal): WorkerLog {
  const line = (level: WorkerLogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    if (workerLogLevels.indexOf(level) < workerLogLevels.indexOf(least)) return;
    const facts = Object.entries(fields).map(
      ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    terminal.err(
      `${new Date(terminal.nowMs()).toISOString()} ${level} ${visibleLine(`${message}${facts.join('')}`)}\n`,
    );
  };
  return {
    debug: () => undefined,
    info: (message, fields) => line('info', message, fields),
    warn: (message, fields) => line('warn', message, fields),
    error: (message, fields) => line('error', message, fields),
  };
}

function executors(text: string): BuiltInExecutor[] {
  return commaList(text).map((name) => {
    if (name === 'shell' || name === 'http') return name;
    throw new InvalidArgumentError('expected shell, http, both separated by a comma, or an empty text for neither');
  });
}

type Options = ConnectionOptions & OutputOptions;

function listCommand(cli: CommandLine): Command {
  const command = new Command('list').alias('ls').description('list the workers that are connected');
  return withOutput(withConnection(withPage(command))).action(async (options: Options & PageOptions) => {
    const { client } = openApi(cli, options);
    const page = await listed(options, (query) => client.workers.list(query).page());
    new Output(cli.terminal, options).list(workerListing, page.items, page);
  });
}

function drainCommand(cli: CommandLine): Command {
  const command = new Command('drain')
    .description('let a worker finish what it runs, take nothing new, and leave')
    .argument('<session>', 'id of its session, as `worker list` shows it');
  return withConnection(command).action(async (session: string, options: ConnectionOptions) => {
    await openApi(cli, options).client.workers.drain(session.replace(/^worker\//, ''));
    cli.terminal.err(`asked ${session} to drain\n`);
  });
}
