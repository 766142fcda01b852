// `tidewheel pool`: workers that grow and shrink with the load. Files declare pools beside jobs; here they are looked at, and ordered by hand.

import type { PoolView } from '@tidewheel/protocol';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import {
  decisionListing,
  orderListing,
  orderText,
  poolListing,
  poolState,
  poolWorkerListing,
} from './listings-pools.ts';
import { wholeNumber } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { poolCapacityCommand, poolCostCommand } from './pool-cost.ts';
import { adviseCommand } from './pool-advice.ts';
import { poolOrderCommands } from './pool-orders.ts';
import { barePool } from './pool-name.ts';
import { poolSimulateCommand } from './pool-simulate.ts';
import { renderFields } from './table.ts';

type Options = ConnectionOptions & OutputOptions;

export function poolCommand(cli: CommandLine): Command {
  const command = new Command('pool')
    .description('pools of workers that grow and shrink with the load')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(workersCommand(cli))
    .addCommand(decisionsCommand(cli))
    .addCommand(ordersCommand(cli))
    .addCommand(poolSimulateCommand(cli))
    .addCommand(poolCapacityCommand(cli))
    .addCommand(poolCostCommand(cli))
    .addCommand(adviseCommand(cli));
  for (const one of poolOrderCommands(cli)) command.addCommand(one);
  return command.addCommand(deleteCommand(cli));
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list')
    .alias('ls')
    .description('list pools: how many workers each wants and has')
    .option('--search <text>', 'only names that contain this');
  return withOutput(withConnection(withPage(command))).action(
    async (options: Options & PageOptions & { search?: string }) => {
      const { client } = openApi(cli, options);
      const page = await listed(options, (query) => client.pools.list({ ...query, q: options.search }).page());
      new Output(cli.terminal, options).list(poolListing, page.items, page);
    },
  );
}

function showCommand(cli: CommandLine): Command {
  const command = new Command('show')
    .description('show one pool: why it has as many workers as it has, and what is ordered of it')
    .argument('<name>', 'name of the pool');
  return withOutput(withConnection(command)).action(async (name: string, options: Options) => {
    const pool = await openApi(cli, options).client.pools.get(barePool(name));
    printPool(cli, options, pool);
  });
}

export function printPool(cli: CommandLine, options: OutputOptions, pool: PoolView): void {
  const output = new Output(cli.terminal, options);
  output.one(`pool/${pool.name}`, pool, () => {
    const fields = renderFields(fieldsOf(pool, output.times), cli.terminal.outColour);
    return `${fields}\n${stringify(pool.definition, { aliasDuplicateObjects: false })}`;
  });
}

function fieldsOf(pool: PoolView, times: (at: number | null | undefined) => string): [string, string][] {
  const { status, workers } = pool;
  const fields: [string, string][] = [
    ['name', pool.name],
    ['version', String(pool.version)],
    ['state', poolState(pool)],
    ['workers', `${workers.live} live, ${workers.draining} draining, ${status?.starting ?? 0} starting`],
    ['slots', `${workers.busy} of ${workers.slots} busy`],
  ];
  if (status !== null) {
    fields.push(
      ['wanted', `${status.wanted} (the load asks for ${status.desired})`],
      ['why', status.explanation],
      ['looked at', times(status.at)],
    );
    if (status.driver.error !== null)
      fields.push(['driver', `${status.driver.error}; tried again ${times(status.driver.retryAt)}`]);
    if (status.note !== null) fields.push(['platform', status.note]);
    for (const { worker, state, note } of status.troubled) fields.push([`${state}`, `${worker}: ${note ?? ''}`]);
    if (status.held !== null)
      fields.push([
        'held',
        `new runs wait ${Math.round(status.held.waitMs / 1000)} s instead of ${Math.round(status.held.wishedWaitMs / 1000)} s`,
      ]);
    if (status.rollout !== null)
      fields.push(['rollout', `${status.rollout.left} of ${status.rollout.total} workers are still to be replaced`]);
  }
  for (const order of pool.orders)
    fields.push([
      'order',
      `${orderText(order)} until ${order.until === null ? 'it is ended' : times(order.until)} (${order.reason}; ${order.id})`,
    ]);
  return fields;
}

function workersCommand(cli: CommandLine): Command {
  const command = new Command('workers')
    .description('list the workers of a pool')
    .argument('<name>', 'name of the pool');
  return withOutput(withConnection(command)).action(async (name: string, options: Options) => {
    const items = await openApi(cli, options).client.pools.workers(barePool(name));
    new Output(cli.terminal, options).list(poolWorkerListing, items, { items });
  });
}

function decisionsCommand(cli: CommandLine): Command {
  const command = new Command('decisions')
    .description('list what was decided of a pool and why, newest first')
    .argument('<name>', 'name of the pool');
  return withOutput(withConnection(withPage(command))).action(async (name: string, options: Options & PageOptions) => {
    const { client } = openApi(cli, options);
    const page = await listed(options, (query) => client.pools.decisions(barePool(name), query).page());
    new Output(cli.terminal, options).list(decisionListing, page.items, page);
  });
}

function ordersCommand(cli: CommandLine): Command {
  const command = new Command('orders')
    .description('list what was ordered of a pool by hand, newest first')
    .argument('<name>', 'name of the pool');
  return withOutput(withConnection(withPage(command))).action(async (name: string, options: Options & PageOptions) => {
    const { client } = openApi(cli, options);
    const page = await listed(options, (query) => client.pools.orders(barePool(name), query).page());
    new Output(cli.terminal, options).list(orderListing, page.items, page);
  });
}

function deleteCommand(cli: CommandLine): Command {
  const command = new Command('delete')
    .description('delete pools; their workers go on, those that the masters started end when their work is done')
    .argument('<names...>', 'names of pools')
    .option('--if-version <n>', 'only when it still has this version', wholeNumber(1, 999_999_999));
  return withConnection(command).action(
    async (names: string[], options: ConnectionOptions & { ifVersion?: number }) => {
      const { client } = openApi(cli, options);
      for (const name of names.map(barePool)) {
        await client.pools.delete(name, options.ifVersion ?? (await client.pools.get(name)).version);
        cli.terminal.err(`deleted pool ${name}\n`);
      }
    },
  );
}
