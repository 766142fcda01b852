// `tidewheel job`: what can run. `trigger` starts one, and with --wait its exit code is the run's outcome.

import { limits, type JobView, type TriggerRequest } from '@tidewheel/protocol';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { jobListing } from './listings.ts';
import { durationMs, jsonValue, wholeNumber } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { awaitRun, reportOutcome, type WaitOptions, withWait } from './run-waiting.ts';
import { renderFields } from './table.ts';

type Options = ConnectionOptions & OutputOptions;

export function jobCommand(cli: CommandLine): Command {
  return new Command('job')
    .description('what can run')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(triggerCommand(cli))
    .addCommand(deleteCommand(cli));
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list')
    .alias('ls')
    .description('list jobs')
    .option('--search <text>', 'only names that contain this');
  return withOutput(withConnection(withPage(command))).action(
    async (options: Options & PageOptions & { search?: string }) => {
      const { client } = openApi(cli, options);
      const { search } = options;
      const page = await listed(options, (query) => client.jobs.list({ ...query, q: search }).page());
      new Output(cli.terminal, options).list(jobListing, page.items, page);
    },
  );
}

function showCommand(cli: CommandLine): Command {
  const command = new Command('show')
    .description('show one job with its definition')
    .argument('<name>', 'name of the job');
  return withOutput(withConnection(command)).action(async (name: string, options: Options) => {
    const job = await openApi(cli, options).client.jobs.get(name);
    const output = new Output(cli.terminal, options);
    output.one(`job/${job.name}`, job, () => jobText(job, output, cli.terminal.outColour));
  });
}

function jobText(job: JobView, output: Output, colour: boolean): string {
  const fields = renderFields(
    [
      ['name', job.name],
      ['kind', job.kind],
      ['version', String(job.version)],
      ['schedules', String(job.scheduleCount)],
      ['created', output.times(job.createdAt)],
      ['changed', output.times(job.updatedAt)],
    ],
    colour,
  );
  return `${fields}\n${stringify(job.definition, { aliasDuplicateObjects: false })}`;
}

interface TriggerOptions extends Options, WaitOptions {
  readonly payload?: string;
  readonly delay?: number;
  readonly priority?: number;
  readonly idempotencyKey?: string;
}

function triggerCommand(cli: CommandLine): Command {
  const command = new Command('trigger')
    .alias('run')
    .description('start a run of a job')
    .argument('<name>', 'name of the job')
    .option('-p, --payload <json>', 'JSON, @FILE, or - for stdin')
    .option('--delay <duration>', 'start it this long from now', durationMs)
    .option('--priority <n>', 'a larger number goes first', wholeNumber(-100, 100))
    .option('--idempotency-key <key>', 'the same key again answers with the same run');
  return withOutput(withConnection(withWait(command))).action(async (name: string, options: TriggerOptions) => {
    const payload = await jsonValue('--payload', options.payload, cli.terminal);
    const request: TriggerRequest = {
      job: name,
      ...(payload === undefined ? {} : { payload }),
      ...(options.delay === undefined ? {} : { delay: options.delay }),
      ...(options.priority === undefined ? {} : { priority: options.priority }),
      ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
    };
    const { client } = openApi(cli, options);
    const result = await client.runs.trigger(request);
    const output = new Output(cli.terminal, options);
    if (!result.created) cli.terminal.err('the idempotency key was used before; this is the run that it made\n');
    if (options.wait) {
      if (output.forPeople) cli.terminal.err(`run ${result.runId}\n`);
      reportOutcome(cli, output, await awaitRun(cli, client, result.runId, options));
      return;
    }
    output.one(`run/${result.runId}`, result, () => `${result.runId}\n`);
  });
}

function deleteCommand(cli: CommandLine): Command {
  const command = new Command('delete')
    .description('delete a job and its schedules; runs that exist go on, and history stays')
    .argument('<names...>', `names of jobs, at most ${limits.pageItems}`)
    .option('--if-version <n>', 'only when it still has this version', wholeNumber(1, 999_999_999));
  return withConnection(command).action(
    async (names: string[], options: ConnectionOptions & { ifVersion?: number }) => {
      const { client } = openApi(cli, options);
      for (const name of names) {
        const version = options.ifVersion ?? (await client.jobs.get(name)).version;
        await client.jobs.delete(name, version);
        cli.terminal.err(`deleted job ${name}\n`);
      }
    },
  );
}
