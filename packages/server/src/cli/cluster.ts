// `tidewheel cluster`: the masters, how they are, and the orders that make a restart of them unnoticeable. Masters are named by
// id, by the beginning of it, or by address.

import { type ClusterStatus, type MasterView, Refusal, replicaTroubles } from '@tidewheel/protocol';
import type { Client } from '@tidewheel/sdk';
import { Command } from 'commander';
import { rpoText } from '../core/durability.ts';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { exitCodes } from './exit-codes.ts';
import { UsageError } from './failure.ts';
import { checkListing, electionListing, masterListing } from './listings-cluster.ts';
import { durationMs } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { paint } from './table.ts';
import { visibleLine } from './text-width.ts';

type Options = ConnectionOptions & OutputOptions;
interface OrderOptions extends ConnectionOptions {
  readonly reason: string;
}

const lookMs = 500;

export function clusterCommand(cli: CommandLine): Command {
  return new Command('cluster')
    .description('masters: how they are, and what they shall do')
    .addCommand(statusCommand(cli))
    .addCommand(electionsCommand(cli))
    .addCommand(checkCommand(cli))
    .addCommand(cordonCommand(cli))
    .addCommand(drainCommand(cli))
    .addCommand(uncordonCommand(cli))
    .addCommand(stepDownCommand(cli));
}

function statusCommand(cli: CommandLine): Command {
  const command = new Command('status').description(
    'show masters, leader, store and coordinator; exit code 0: all is well, 1: something is degraded',
  );
  return withOutput(withConnection(command)).action(async (options: Options) => {
    const status = await openApi(cli, options).client.cluster.status();
    const output = new Output(cli.terminal, options);
    output.list(masterListing, status.masters, status);
    if (output.forPeople) cli.terminal.out(foundationText(status, cli.terminal.outColour));
    cli.exitCode = status.degraded.length === 0 ? 0 : 1;
  });
}

function electionsCommand(cli: CommandLine): Command {
  const command = new Command('elections').description(
    'list the terms of leadership, newest first: who led, from when to when, and why it ended',
  );
  return withOutput(withConnection(withPage(command))).action(async (options: Options & PageOptions) => {
    const { client } = openApi(cli, options);
    const page = await listed(options, (query) => client.cluster.elections(query).page());
    new Output(cli.terminal, options).list(electionListing, page.items, page);
  });
}

function checkCommand(cli: CommandLine): Command {
  const command = new Command('check').description(
    'assert what must always be true of the data; exit code 0: it is, 1: something was found',
  );
  return withOutput(withConnection(command)).action(async (options: Options) => {
    const result = await openApi(cli, options).client.cluster.check();
    new Output(cli.terminal, options).list(checkListing, result.checks, result);
    cli.exitCode = result.clean ? exitCodes.ok : exitCodes.error;
  });
}

/** What the masters stand on, and what is wrong. */
function foundationText(status: ClusterStatus, colour: boolean): string {
  const { store, coordinator, degraded, term } = status;
  const word = (text: string): string => paint(text, 'dim', colour);
  const took = (ms: number | null): string => (ms === null ? 'no answer' : `${Math.round(ms)} ms`);
  const replicas = store.replicas.map(
    ({ name, state, sync, lagMs, lagBytes }) =>
      `${word('replica')}      ${visibleLine(name)}: ${state}, ${sync}${behind(lagMs, lagBytes)}`,
  );
  // Masters of older versions do not say.
  const reads = ((store as Partial<typeof store>).reads?.replicas ?? []).map(
    ({ name, serving, staleMs, trouble }) =>
      `${word('reads')}        ${visibleLine(name)}: ${serving ? 'serves' : paint('left out', 'yellow', colour)}${staleMs === null ? '' : `, at most ${Math.round(staleMs)} ms old`}${trouble === null ? '' : `, ${replicaTroubles[trouble]}`}`,
  );
  const members = coordinator.members.map(
    ({ endpoint, leads, trouble }) =>
      `${word('member')}       ${visibleLine(endpoint)}: ${visibleLine(trouble ?? (leads === true ? 'leads' : 'follows'))}`,
  );
  const findings = degraded.map(
    ({ what, detail }) => `${paint('degraded', 'red', colour)}     ${what}: ${visibleLine(detail)}`,
  );
  return [
    '',
    `${word('term')}         ${term}`,
    `${word('store')}        ${store.engine}, ${store.role}, ${took(store.latencyMs)}${store.timeline === null ? '' : `, timeline ${store.timeline}`}`,
    ...replicas,
    ...reads,
    ...(store.engine === 'sqlite' ? [] : [`${word('rpo')}          ${rpoText(store.durability)}`]),
    ...(store.connections === null
      ? []
      : [`${word('connections')}  at most ${store.connections.most} of ${store.connections.allowed}`]),
    `${word('coordinator')}  ${coordinator.kind}, ${took(coordinator.latencyMs)}`,
    ...members,
    ...(findings.length === 0
      ? [`${word('health')}       ${paint('nothing is degraded', 'green', colour)}`]
      : findings),
    '',
  ].join('\n');
}

function behind(ms: number | null, bytes: number | null): string {
  if (bytes === 0) return ', has all';
  return `${ms === null ? '' : `, ${Math.round(ms)} ms behind`}${bytes === null ? '' : `, ${bytes} bytes behind`}`;
}

function withReason(command: Command): Command {
  return withConnection(command.requiredOption('--reason <text>', 'why, for those who wonder later'));
}

function cordonCommand(cli: CommandLine): Command {
  const command = new Command('cordon')
    .description('let a master take no new workers, and send idle ones on')
    .argument('<master>', 'id, its beginning, or the address');
  return withReason(command).action(async (named: string, options: OrderOptions) => {
    const { client } = openApi(cli, options);
    const master = await find(client, named);
    await client.cluster.cordon(master.id, options.reason);
    cli.terminal.err(`${master.address} is cordoned\n`);
  });
}

function uncordonCommand(cli: CommandLine): Command {
  const command = new Command('uncordon')
    .description('let a cordoned or drained master work again')
    .argument('<master>', 'id, its beginning, or the address');
  return withReason(command).action(async (named: string, options: OrderOptions) => {
    const { client } = openApi(cli, options);
    const master = await find(client, named);
    await client.cluster.uncordon(master.id, options.reason);
    cli.terminal.err(`${master.address} works again\n`);
  });
}

interface DrainOptions extends OrderOptions {
  readonly wait: number;
}

function drainCommand(cli: CommandLine): Command {
  const command = new Command('drain')
    .description('empty a master, so that it can be stopped unnoticed: its workers go on elsewhere with their work')
    .argument('<master>', 'id, its beginning, or the address')
    .option('--wait <duration>', 'wait until it is drained; 0s not at all', durationMs, 60_000);
  return withReason(command).action(async (named: string, options: DrainOptions) => {
    const { client } = openApi(cli, options);
    const { id, address } = await find(client, named);
    await client.cluster.drain(id, options.reason);
    const { terminal } = cli;
    const untilMs = terminal.nowMs() + options.wait;
    const interrupted = terminal.interruption();
    for (;;) {
      const master = (await client.cluster.status()).masters.find((one) => one.id === id);
      if (master === undefined || master.drained) break;
      if (options.wait === 0 || interrupted.aborted) {
        terminal.err(`${address} is draining\n`);
        return;
      }
      if (terminal.nowMs() >= untilMs)
        throw new Refusal('WAIT_TIMED_OUT', `${address} still has ${master.sessions} workers; it goes on draining`);
      await terminal.sleep(lookMs, interrupted);
    }
    terminal.err(`${address} is drained and can be stopped\n`);
  });
}

function stepDownCommand(cli: CommandLine): Command {
  const command = new Command('step-down')
    .description('let the leader give the leadership up')
    .option('--to <master>', 'who shall lead next: id, its beginning, or the address; any when absent');
  return withReason(command).action(async (options: OrderOptions & { to?: string }) => {
    const { client } = openApi(cli, options);
    const to = options.to === undefined ? undefined : (await find(client, options.to)).id;
    const { masterId } = await client.cluster.stepDown(options.reason, to);
    cli.terminal.err(`asked ${masterId} to step down\n`);
  });
}

async function find(client: Client, named: string): Promise<MasterView> {
  const wanted = named.replace(/^master\//, '').replace(/\/+$/, '');
  const { masters } = await client.cluster.status();
  const found = masters.filter(
    ({ id, address }) => id === wanted || address === wanted || (wanted.length >= 6 && id.startsWith(wanted)),
  );
  const [only] = found;
  if (only === undefined)
    throw new Refusal('NOT_FOUND', `there is no master "${named}"; \`tidewheel cluster status\` lists them`);
  if (found.length > 1) throw new UsageError(`"${named}" may be ${found.map(({ id }) => id).join(' or ')}`);
  return only;
}
