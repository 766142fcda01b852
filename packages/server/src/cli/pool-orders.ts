// What people order of a pool by hand: a number of workers, a freeze, a maintenance window, runs that are coming, a rolling replacement. Each
// is written down with its reason, holds until its time is over, and can be ended before.

import {
  limits,
  type PoolOrderInput,
  type PoolOrderKind,
  type PoolOrderView,
  type PoolView,
  Refusal,
} from '@tidewheel/protocol';
import type { Client } from '@tidewheel/sdk';
import { Command } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { exitCodes } from './exit-codes.ts';
import { orderText } from './listings-pools.ts';
import { durationMs, momentAhead, wholeNumber } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { barePool } from './pool-name.ts';

type Options = ConnectionOptions & OutputOptions & { readonly reason: string };

const lookMs = 1000;

export function poolOrderCommands(cli: CommandLine): Command[] {
  return [
    scaleCommand(cli),
    freezeCommand(cli),
    endingCommand(cli, 'unfreeze', 'freeze', 'let the policy of a frozen pool decide again'),
    maintenanceCommand(cli),
    reserveCommand(cli),
    rolloutCommand(cli),
    endCommand(cli),
  ];
}

function ordering(cli: CommandLine, name: string, description: string): Command {
  const command = new Command(name)
    .description(description)
    .argument('<name>', 'name of the pool')
    .requiredOption('--reason <text>', 'why, for those who wonder later');
  return withOutput(withConnection(command));
}

async function give(cli: CommandLine, options: Options, pool: string, order: PoolOrderInput): Promise<PoolOrderView> {
  const given = await openApi(cli, options).client.pools.order(barePool(pool), order);
  new Output(cli.terminal, options).one(`order/${given.id}`, given, () => `${orderText(given)} (order ${given.id})\n`);
  return given;
}

function scaleCommand(cli: CommandLine): Command {
  const command = new Command('scale')
    .description('have so many workers, whatever the policy says; above the maximum of the pool there are never more')
    .argument('<name>', 'name of the pool')
    .argument('<workers>', 'how many, or `policy` to let the policy decide again', workersOrPolicy)
    .option('--for <duration>', 'for so long; until it is ended when absent', durationMs)
    .requiredOption('--reason <text>', 'why, for those who wonder later');
  return withOutput(withConnection(command)).action(
    async (pool: string, workers: number | 'policy', options: Options & { for?: number }) => {
      if (workers === 'policy') return endKind(cli, options, pool, 'scale');
      const { reason, for: forMs } = options;
      await give(cli, options, pool, {
        kind: 'scale',
        workers,
        reason,
        ...(forMs === undefined ? {} : { for: forMs }),
      });
    },
  );
}

function workersOrPolicy(text: string): number | 'policy' {
  return text === 'policy' ? text : wholeNumber(0, limits.poolWorkers)(text);
}

function freezeCommand(cli: CommandLine): Command {
  return ordering(cli, 'freeze', 'change nothing: no worker comes, none is let go')
    .option('--for <duration>', 'for so long; until it is ended when absent', durationMs)
    .action(async (pool: string, options: Options & { for?: number }) => {
      const { reason, for: forMs } = options;
      await give(cli, options, pool, { kind: 'freeze', reason, ...(forMs === undefined ? {} : { for: forMs }) });
    });
}

function maintenanceCommand(cli: CommandLine): Command {
  return ordering(cli, 'maintenance', 'let no worker go in a window; new ones may still come')
    .requiredOption('--from <time>', 'when it begins: 2026-12-01T20:00:00Z, 20:00, or +2h')
    .requiredOption('--to <time>', 'when it ends')
    .action(async (pool: string, options: Options & { from: string; to: string }) => {
      const from = momentAhead('--from', options.from, cli.terminal);
      const to = momentAhead('--to', options.to, cli.terminal);
      await give(cli, options, pool, { kind: 'maintenance', from, to, reason: options.reason });
    });
}

interface ReserveOptions extends Options {
  readonly queue: string;
  readonly runs: number;
  readonly each: number;
  readonly at: string;
  readonly over: number;
}

function reserveCommand(cli: CommandLine): Command {
  return ordering(
    cli,
    'reserve',
    'say that runs are coming of which no schedule knows, so that workers are there in time',
  )
    .requiredOption('--queue <name>', 'queue in which they will come')
    .requiredOption('--runs <n>', 'how many', wholeNumber(1, 10_000_000))
    .requiredOption('--each <duration>', 'how long one takes', durationMs)
    .requiredOption('--at <time>', 'when they come: 2026-12-01T20:00:00Z, 20:00, or +2h')
    .option('--over <duration>', 'spread over so long; all at once when absent', durationMs, 0)
    .action(async (pool: string, { queue, runs, each, at, over, reason, ...options }: ReserveOptions) => {
      const order = {
        kind: 'reserve',
        queue,
        runs,
        each,
        at: momentAhead('--at', at, cli.terminal),
        over,
        reason,
      } as const;
      await give(cli, { ...options, reason }, pool, order);
    });
}

function rolloutCommand(cli: CommandLine): Command {
  return ordering(cli, 'rollout', 'replace every worker by a new one; each finishes what it runs before it goes')
    .option('--surge <n>', 'so many more than wanted are there meanwhile', wholeNumber(1, 1000), 1)
    .option('--wait', 'wait until it is done, telling how far it is', false)
    .option(
      '--wait-timeout <duration>',
      'give up waiting after this long, with exit code 124; the rollout goes on',
      durationMs,
    )
    .action(async (pool: string, options: Options & { surge: number; wait: boolean; waitTimeout?: number }) => {
      const { surge, reason, wait, waitTimeout } = options;
      const given = await give(cli, options, pool, { kind: 'rollout', surge, reason });
      if (!wait) return;
      const { client } = openApi(cli, options);
      const done = await watchRollout(cli, client, { pool: barePool(pool), id: given.id, timeoutMs: waitTimeout });
      if (!done) cli.exitCode = exitCodes.waitTimedOut;
    });
}

async function watchRollout(
  cli: CommandLine,
  client: Client,
  { pool, id, timeoutMs }: { pool: string; id: string; timeoutMs: number | undefined },
): Promise<boolean> {
  const { terminal } = cli;
  const until = timeoutMs === undefined ? Infinity : terminal.nowMs() + timeoutMs;
  const signal = terminal.interruption();
  for (let told = ''; ; ) {
    const view = await client.pools.get(pool);
    if (!view.orders.some((order) => order.id === id)) {
      terminal.err('done: every worker is a new one\n');
      return true;
    }
    const text = progressText(view);
    if (text !== told) terminal.err(`${text}\n`);
    told = text;
    if (terminal.nowMs() >= until || signal.aborted) return false;
    await terminal.sleep(lookMs, signal);
  }
}

function progressText({ status, workers }: PoolView): string {
  const rollout = status?.rollout ?? null;
  const left = rollout === null ? 'begins' : `${rollout.left} of ${rollout.total} to be replaced`;
  return `${left}; ${workers.live} work, ${workers.draining} drain, ${status?.starting ?? 0} start`;
}

function endingCommand(cli: CommandLine, name: string, kind: PoolOrderKind, description: string): Command {
  return ordering(cli, name, description).action((pool: string, options: Options) => endKind(cli, options, pool, kind));
}

async function endKind(cli: CommandLine, options: Options, name: string, kind: PoolOrderKind): Promise<void> {
  const { client } = openApi(cli, options);
  const pool = await client.pools.get(barePool(name));
  const order = pool.orders.find((one) => one.kind === kind);
  if (order === undefined) throw new Refusal('NOT_FOUND', `the pool "${pool.name}" has no order of the kind ${kind}`);
  await client.pools.endOrder(pool.name, order.id, options.reason);
  cli.terminal.err(`ended: ${orderText(order)}\n`);
}

function endCommand(cli: CommandLine): Command {
  const command = new Command('end')
    .description('end one order before its time, such as a reservation')
    .argument('<name>', 'name of the pool')
    .argument('<order>', 'its id, as `pool orders` shows it')
    .requiredOption('--reason <text>', 'why, for those who wonder later');
  return withConnection(command).action(
    async (pool: string, order: string, options: ConnectionOptions & { reason: string }) => {
      const id = order.replace(/^order\//, '');
      await openApi(cli, options).client.pools.endOrder(barePool(pool), id, options.reason);
      cli.terminal.err(`ended order ${id}\n`);
    },
  );
}
