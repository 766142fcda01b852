// `tidewheel run`: the executions of jobs, their logs, and ways to stop or repeat them.

import { type AttemptView, type RunState, type RunView, runStates } from '@tidewheel/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { ranIntoTimeout, runListing, styleOfState, tookOf } from './listings.ts';
import { commaList, jsonValue, momentOf } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { bareId } from './run-id.ts';
import { logsCommand } from './run-logs.ts';
import { awaitRun, reportOutcome, type WaitOptions, withWait } from './run-waiting.ts';
import { renderFields, renderTable } from './table.ts';
import { tookText } from './time-text.ts';

type Options = ConnectionOptions & OutputOptions;

export function runCommand(cli: CommandLine): Command {
  return new Command('run')
    .description('executions of jobs')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(logsCommand(cli))
    .addCommand(waitCommand(cli))
    .addCommand(cancelCommand(cli))
    .addCommand(retryCommand(cli));
}

interface ListOptions extends Options, PageOptions {
  readonly state?: RunState[];
  readonly job?: string;
  readonly schedule?: string;
  readonly worker?: string;
  readonly queue?: string;
  readonly since?: string;
  readonly until?: string;
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list')
    .alias('ls')
    .description('list runs, newest first')
    .option('--state <states>', `only in these states, separated by commas: ${runStates.join(', ')}`, states)
    .option('--job <name>', 'only of this job')
    .option('--schedule <name>', 'only of this schedule')
    .option('--worker <name>', 'only on this worker')
    .option('--queue <name>', 'only of this queue')
    .option('--since <time>', 'only created after: 2h (ago), 2026-11-21T08:00+08:00')
    .option('--until <time>', 'only created before');
  return withOutput(withConnection(withPage(command))).action(async (options: ListOptions) => {
    const { client } = openApi(cli, options);
    const { state, job, schedule, worker, queue } = options;
    const createdAfter = momentOf('--since', options.since, cli.terminal);
    const createdBefore = momentOf('--until', options.until, cli.terminal);
    const filter = { state, job, schedule, worker, queue, createdAfter, createdBefore };
    const page = await listed(options, (query) => client.runs.list({ ...query, ...filter }).page());
    new Output(cli.terminal, options).list(runListing, page.items, page);
  });
}

function states(text: string, before: RunState[] = []): RunState[] {
  const added = commaList(text).map((given) => {
    const state = runStates.find((known) => known === given);
    if (state !== undefined) return state;
    throw new InvalidArgumentError(`"${given}" is not a state; states are ${runStates.join(', ')}`);
  });
  return [...before, ...added];
}

function showCommand(cli: CommandLine): Command {
  const command = new Command('show').description('show one run with its attempts').argument('<id>', 'id of the run');
  return withOutput(withConnection(command)).action(async (id: string, options: Options) => {
    const run = await openApi(cli, options).client.runs.get(bareId(id));
    const output = new Output(cli.terminal, options);
    output.one(`run/${run.id}`, run, () => runText(run, output, cli));
  });
}

function runText(run: RunView, output: Output, cli: CommandLine): string {
  const { outColour: colour, outWidth: width } = cli.terminal;
  const { times } = output;
  const fields = renderFields(
    [
      ['id', run.id],
      ['job', `${run.job} (version ${run.jobVersion})`],
      ['state', run.state, styleOfState(run.state)],
      run.waitingFor === null ? null : ['waits for', run.waitingFor],
      ['trigger', run.schedule === null ? run.trigger : `${run.trigger} ${run.schedule}`],
      run.fireAt === null ? null : ['fire', new Date(run.fireAt).toISOString()],
      ['due', times(run.dueAt)],
      ['started', times(run.startedAt)],
      ['finished', times(run.finishedAt)],
      ['took', tookOf(run)],
      ['attempt', `${run.attempt} of ${run.attemptsMax}`],
      run.cancelRequestedAt === null ? null : ['cancel asked', times(run.cancelRequestedAt)],
      run.retryOf === null ? null : ['repeats', run.retryOf],
      run.error === null ? null : ['error', `${run.error.kind}: ${run.error.message}`, 'red'],
      ranIntoTimeout(run) ? ['', 'a timeout of the job ended it'] : null,
      ['payload', run.payload === undefined || run.payload === null ? '' : JSON.stringify(run.payload)],
      ['output', run.output === undefined || run.output === null ? '' : JSON.stringify(run.output)],
    ],
    colour,
  );
  if (run.attempts.length === 0) return fields;
  const attempts = renderTable(
    [
      { title: 'ATTEMPT', value: (attempt) => String(attempt.attempt), right: true },
      {
        title: 'OUTCOME',
        value: (attempt) => attempt.outcome ?? 'running',
        style: (attempt) => styleOfState(attempt.outcome ?? 'running'),
      },
      { title: 'WORKER', value: (attempt) => attempt.worker, shrink: true },
      { title: 'CLAIMED', value: (attempt) => times(attempt.claimedAt) },
      {
        title: 'TOOK',
        value: ({ startedAt, endedAt }) =>
          startedAt === null || endedAt === null ? '' : tookText(endedAt - startedAt),
        right: true,
      },
      { title: 'ERROR', value: (attempt) => attempt.error?.message ?? '', shrink: true },
      ...(run.attempts.some((attempt) => attempt.refusedReport !== undefined)
        ? [
            {
              title: 'REPORTED TOO LATE',
              value: ({ refusedReport: late }: AttemptView) =>
                late === undefined ? '' : `${late.outcome} at ${times(late.receivedAt)}, refused`,
            },
          ]
        : []),
    ],
    run.attempts,
    { width, colour },
  );
  return `${fields}\n${attempts}`;
}

function waitCommand(cli: CommandLine): Command {
  const command = new Command('wait').description('wait for the end of a run').argument('<id>', 'id of the run');
  return withOutput(withConnection(withWait(command))).action(async (id: string, options: Options & WaitOptions) => {
    const { client } = openApi(cli, options);
    reportOutcome(cli, new Output(cli.terminal, options), await awaitRun(cli, client, bareId(id), options));
  });
}

function cancelCommand(cli: CommandLine): Command {
  const command = new Command('cancel')
    .description('stop a run: politely, and after its kill grace for certain')
    .argument('<id>', 'id of the run')
    .option('--reason <text>', 'why, kept with the run', '');
  return withOutput(withConnection(withWait(command))).action(
    async (id: string, options: Options & WaitOptions & { reason: string }) => {
      const { client } = openApi(cli, options);
      const output = new Output(cli.terminal, options);
      await client.runs.cancel(bareId(id), options.reason);
      if (options.wait) {
        reportOutcome(cli, output, await awaitRun(cli, client, bareId(id), options));
        return;
      }
      const run = await client.runs.get(bareId(id));
      output.one(`run/${run.id}`, run, () =>
        run.finishedAt === null ? 'asked its worker to stop it\n' : `${run.state}\n`,
      );
    },
  );
}

function retryCommand(cli: CommandLine): Command {
  const command = new Command('retry')
    .description('run it again as a new run, with the same or another payload')
    .argument('<id>', 'id of the run')
    .option('-p, --payload <json>', 'JSON, @FILE, or - for stdin');
  return withOutput(withConnection(withWait(command))).action(
    async (id: string, options: Options & WaitOptions & { payload?: string }) => {
      const payload = await jsonValue('--payload', options.payload, cli.terminal);
      const { client } = openApi(cli, options);
      const result = await client.runs.retry(bareId(id), payload === undefined ? {} : { payload });
      const output = new Output(cli.terminal, options);
      if (options.wait) {
        if (output.forPeople) cli.terminal.err(`run ${result.runId}\n`);
        reportOutcome(cli, output, await awaitRun(cli, client, result.runId, options));
        return;
      }
      output.one(`run/${result.runId}`, result, () => `${result.runId}\n`);
    },
  );
}
