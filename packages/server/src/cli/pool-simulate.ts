// `tidewheel pool simulate`: what another policy would have meant for the work that was. The runs are read from the API and replayed here, in
// virtual time: a million take some seconds, and no master is held up.

import { formatDuration, type PoolDefinition, poolDefinitionSchema } from '@tidewheel/protocol';
import { Command } from 'commander';
import { costOf, type Outcome, waitFigures, whatIf } from '../core/scaling/what-if.ts';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { UsageError } from './failure.ts';
import { readText } from './manifest-files.ts';
import { durationMs, momentOf } from './option-values.ts';
import { type Listing, Output, type OutputOptions, withOutput } from './output.ts';
import { barePool } from './pool-name.ts';
import { poolOfFile } from './pool-policy-file.ts';
import { recordedRuns } from './pool-recorded.ts';
import { ProgressLine } from './progress-line.ts';

interface Options extends ConnectionOptions, OutputOptions {
  readonly from: string;
  readonly to?: string;
  readonly policy?: string;
  readonly startUp?: number;
}

/** Of a pool whose start-up nobody has measured yet. */
const startupGuessMs = 30_000;
const hourMs = 3_600_000;

export function poolSimulateCommand(cli: CommandLine): Command {
  const command = new Command('simulate')
    .description(
      'replay what the runs of a pool were against another policy: waiting times, worker hours and cost side by side',
    )
    .argument('<name>', 'name of the pool')
    .requiredOption('--from <time>', 'runs made from here on: 7d for a week ago, or 2026-11-21T00:00:00Z')
    .option('--to <time>', 'runs made before this; now when absent')
    .option('--policy <file>', 'the other policy: a file with `pools:`, or with a policy alone')
    .option('--start-up <duration>', 'of a worker; as measured when absent', durationMs);
  return withOutput(withConnection(command)).action((name: string, options: Options) =>
    simulate(cli, barePool(name), options),
  );
}

interface Row extends Outcome {
  readonly what: string;
  /** Null for what was: nobody wrote down how many there were at each moment. */
  readonly most: number | null;
  readonly changes: number | null;
  readonly unserved: number;
}

async function simulate(cli: CommandLine, pool: string, options: Options): Promise<void> {
  const { client } = openApi(cli, options);
  const from = momentOf('--from', options.from, cli.terminal) ?? 0;
  const to = momentOf('--to', options.to, cli.terminal) ?? cli.terminal.nowMs();
  if (from >= to) throw new UsageError('--from must lie before --to');
  const view = await client.pools.get(pool);
  const declared = poolDefinitionSchema.parse(view.definition);
  const others = options.policy === undefined ? [] : [poolOfFile(options.policy, readText(options.policy), declared)];
  const progress = new ProgressLine(cli.terminal);
  const recorded = await recordedRuns({
    client,
    pool,
    from,
    to,
    onRuns: (runs) => progress.show('runs read', runs, 0),
  });
  progress.end();
  const there = await client.pools.replayWorkers(pool, { from, to });
  const startupMs = options.startUp ?? view.startupMs ?? startupGuessMs;
  const replayed = (what: string, definition: PoolDefinition): Row => ({
    what,
    ...whatIf({ definition, work: recorded.work, from, to, startupMs, workers: there.atStart }),
  });
  const rows: Row[] = [
    wasRow(declared, recorded.waitsMs, there.knownFrom > from ? null : there.workerMs / hourMs),
    replayed('as declared', declared),
    ...others.map((definition) => replayed(options.policy ?? '', definition)),
  ];
  new Output(cli.terminal, options).list(simulationListing, rows, { pool, from, to, startupMs, outcomes: rows });
  if (there.knownFrom > from) {
    cli.terminal.err(
      `Hours of workers that ended before ${new Date(there.knownFrom).toISOString()} are not known any more.\n`,
    );
  }
}

function wasRow(declared: PoolDefinition, waitsMs: Float32Array, workerHours: number | null): Row {
  return {
    what: 'as it was',
    waits: waitFigures(waitsMs, declared.policy.wait),
    workerHours,
    cost: workerHours === null ? null : costOf(declared, workerHours),
    most: null,
    changes: null,
    unserved: 0,
  };
}

const numberText = (value: number | null, places: number) => (value === null ? '' : value.toFixed(places));
const waitText = (ms: number) => formatDuration(Math.round(ms / (ms < 1000 ? 1 : 100)) * (ms < 1000 ? 1 : 100));

const simulationListing: Listing<Row> = {
  name: ({ what }) => what,
  empty: 'nothing to show',
  columns: () => [
    { title: '', value: ({ what }) => what, shrink: true },
    { title: 'RUNS', value: ({ waits }) => String(waits.runs), right: true },
    { title: 'MEAN WAIT', value: ({ waits }) => waitText(waits.meanMs), right: true },
    { title: 'P50', value: ({ waits }) => waitText(waits.p50Ms), right: true },
    { title: 'P95', value: ({ waits }) => waitText(waits.p95Ms), right: true },
    { title: 'P99', value: ({ waits }) => waitText(waits.p99Ms), right: true },
    { title: 'MAX', value: ({ waits }) => waitText(waits.maxMs), right: true },
    { title: 'IN TIME', value: ({ waits }) => `${numberText(waits.held * 100, 1)} %`, right: true },
    { title: 'WORKER HOURS', value: ({ workerHours }) => numberText(workerHours, 2), right: true },
    { title: 'COST', value: ({ cost }) => numberText(cost, 2), right: true },
    { title: 'MOST', value: ({ most }) => numberText(most, 0), right: true },
    { title: 'CHANGES', value: ({ changes }) => numberText(changes, 0), right: true, wide: true },
    { title: 'NEVER BEGUN', value: ({ unserved }) => String(unserved), right: true, wide: true },
  ],
};
