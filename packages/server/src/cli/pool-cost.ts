// `tidewheel pool cost` and `pool capacity`: who caused what a pool cost, and what it would take when the work grows. Worked out here from the
// runs that were, so that it costs the masters no more than reading them.

import { type PoolDefinition, poolDefinitionSchema, type PoolView } from '@tidewheel/protocol';
import type { Client } from '@tidewheel/sdk';
import { Command, InvalidArgumentError, Option } from 'commander';
import { costShares, type ShareBy } from '../core/scaling/cost-shares.ts';
import { type GrowthRow, growthPlan } from '../core/scaling/growth-plan.ts';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { UsageError } from './failure.ts';
import { capacityListing, costListing, type CostRow } from './listings-pool-plans.ts';
import { durationMs, momentOf } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { barePool } from './pool-name.ts';
import { recordedRuns } from './pool-recorded.ts';
import { ProgressLine } from './progress-line.ts';

interface RangeOptions extends ConnectionOptions, OutputOptions {
  readonly from: string;
  readonly to?: string;
}

/** Of a pool whose start-up nobody has measured yet. */
const startupGuessMs = 30_000;

function withRange(command: Command): Command {
  return withOutput(
    withConnection(
      command
        .requiredOption('--from <time>', 'runs made from here on: 7d for a week ago, or 2026-11-21T00:00:00Z')
        .option('--to <time>', 'runs made before this; now when absent'),
    ),
  );
}

function rangeOf(cli: CommandLine, options: RangeOptions): { from: number; to: number } {
  const from = momentOf('--from', options.from, cli.terminal) ?? 0;
  const to = momentOf('--to', options.to, cli.terminal) ?? cli.terminal.nowMs();
  if (from >= to) throw new UsageError('--from must lie before --to');
  return { from, to };
}

export function poolCostCommand(cli: CommandLine): Command {
  const command = new Command('cost')
    .description('who caused what pools cost: worker hours by queue and job, and those that nobody used')
    .argument('[name]', 'name of the pool; all of the namespace when absent')
    .addOption(new Option('--by <what>', 'how fine').choices(['queue', 'job']).default('job'));
  return withRange(command).action(async (name: string | undefined, options: RangeOptions & { by: ShareBy }) => {
    const { client } = openApi(cli, options);
    const range = rangeOf(cli, options);
    const pools = name === undefined ? await allPools(client) : [await client.pools.get(barePool(name))];
    const names = options.by === 'job' ? await jobNames(client) : new Map<string, string>();
    const rows: CostRow[] = [];
    for (const pool of pools) rows.push(...(await costRows(cli, client, pool, { ...range, by: options.by, names })));
    const cost = rows.reduce((sum, row) => sum + (row.cost ?? 0), 0);
    const workerHours = rows.reduce((sum, row) => sum + row.workerHours, 0);
    new Output(cli.terminal, options).list(costListing, rows, {
      ...range,
      namespace: client.namespace,
      cost,
      workerHours,
      rows,
    });
  });
}

async function allPools(client: Client): Promise<PoolView[]> {
  const pools: PoolView[] = [];
  for await (const pool of client.pools.list()) pools.push(pool);
  return pools;
}

/** Jobs that were deleted keep their ids. */
async function jobNames(client: Client): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for await (const { id, name } of client.jobs.list()) names.set(id, name);
  return names;
}

async function costRows(
  cli: CommandLine,
  client: Client,
  view: PoolView,
  asked: { from: number; to: number; by: ShareBy; names: ReadonlyMap<string, string> },
): Promise<CostRow[]> {
  const { from, to, by, names } = asked;
  const definition = poolDefinitionSchema.parse(view.definition);
  const { work, jobs } = await read(cli, client, view.name, { from, to });
  const there = await client.pools.replayWorkers(view.name, { from, to });
  if (there.knownFrom > from)
    cli.terminal.err(
      `${view.name}: workers that ended before ${new Date(there.knownFrom).toISOString()} are not known any more; what nobody used is told too small\n`,
    );
  const named = jobs.map((id) => names.get(id) ?? id);
  const unit = definition.cost?.unit ?? null;
  return costShares(definition, work, named, there.workerMs, by).map((share) => ({ pool: view.name, unit, ...share }));
}

async function read(cli: CommandLine, client: Client, pool: string, range: { from: number; to: number }) {
  const progress = new ProgressLine(cli.terminal);
  const recorded = await recordedRuns({
    client,
    pool,
    ...range,
    onRuns: (runs) => progress.show('runs read', runs, 0),
  });
  progress.end();
  return recorded;
}

interface CapacityOptions extends RangeOptions {
  readonly growth: number;
  readonly startUp?: number;
}

export function poolCapacityCommand(cli: CommandLine): Command {
  const command = new Command('capacity')
    .description('what a pool needs when its work grows: waiting, hours, cost, and whether its maximum is enough')
    .argument('<name>', 'name of the pool')
    .requiredOption('--growth <share>', 'how much more there will be: 50%, or 3x for three times as much', growth)
    .option('--start-up <duration>', 'of a worker; as measured when absent', durationMs);
  return withRange(command).action(async (name: string, options: CapacityOptions) => {
    const { client } = openApi(cli, options);
    const { from, to } = rangeOf(cli, options);
    const pool = await client.pools.get(barePool(name));
    const definition = poolDefinitionSchema.parse(pool.definition);
    const { work } = await read(cli, client, pool.name, { from, to });
    const { atStart } = await client.pools.replayWorkers(pool.name, { from, to });
    const startupMs = options.startUp ?? pool.startupMs ?? startupGuessMs;
    const rows = growthPlan({ definition, work, from, to, startupMs, workers: atStart }, options.growth);
    const document = { pool: pool.name, from, to, growth: options.growth, startupMs, rows };
    new Output(cli.terminal, options).list(capacityListing, rows, document);
    cli.terminal.err(adviceOf(definition, rows));
  });
}

function adviceOf({ name, max }: PoolDefinition, rows: readonly GrowthRow[]): string {
  const free = rows.at(-1);
  if (free === undefined || free.waits.runs === 0) return `no runs of ${name} lie in this range\n`;
  return free.most <= max
    ? `the maximum of ${max} is enough: ${free.most} workers were there at most\n`
    : `the maximum of ${max} is not enough: let it be ${free.most}\n`;
}

const growthMost = 100;

function growth(text: string): number {
  const [, percent] = /^(\d{1,5}(?:\.\d+)?)%$/.exec(text) ?? [];
  const [, times] = /^(\d{1,3}(?:\.\d+)?)x$/.exec(text) ?? [];
  const factor = percent === undefined ? Number(times ?? Number.NaN) : 1 + Number(percent) / 100;
  if (factor >= 1 && factor <= growthMost) return factor;
  throw new InvalidArgumentError(`expected a share such as 50%, or 3x, up to ${growthMost}x`);
}
