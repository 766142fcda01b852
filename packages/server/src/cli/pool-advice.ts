// `tidewheel pool advise`: what the workers of a pool should ask for of their machine, by measured peaks, and as a patch for Kubernetes.

import { writeFileSync } from 'node:fs';
import { type PoolAdvice, type PoolView, Refusal, type ResourceAdvice } from '@tidewheel/protocol';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { barePool } from './pool-name.ts';
import { type Field, renderFields } from './table.ts';

interface AdviseOptions extends ConnectionOptions, OutputOptions {
  patch?: string;
  workload?: string;
  container: string;
}

export function adviseCommand(cli: CommandLine): Command {
  const command = new Command('advise')
    .description('advise requests and limits of the workers of a pool, by the peaks that were measured')
    .argument('<name>', 'name of the pool')
    .option('--patch <file>', 'write a strategic merge patch for the workload here; `-` for standard output')
    .option('--workload <kind/name>', 'what is patched; that of the driver when absent')
    .option('--container <name>', 'of the workload', 'worker');
  return withOutput(withConnection(command)).action(async (typed: string, options: AdviseOptions) => {
    const { client } = openApi(cli, options);
    const name = barePool(typed);
    const advice = await client.pools.advice(name);
    if (options.patch === undefined) {
      new Output(cli.terminal, options).one(`pool/${name}`, advice, () =>
        renderFields(fieldsOf(advice), cli.terminal.outColour),
      );
      return;
    }
    const patch = patchOf(advice, workloadOf(await client.pools.get(name), options.workload), options.container);
    if (options.patch === '-') {
      cli.terminal.out(patch);
      return;
    }
    writeFileSync(options.patch, patch);
    cli.terminal.err(`${advice.explanation}\nwrote ${options.patch}\n`);
  });
}

function fieldsOf({ cpu, memoryBytes, resources, jobs, explanation }: PoolAdvice): Field[] {
  const fields: Field[] = [['known', explanation]];
  if (cpu !== null) fields.push(['cpu', rangeOf(cpu, cores)]);
  if (memoryBytes !== null) fields.push(['memory', rangeOf(memoryBytes, mebibytes)]);
  if (resources !== null)
    fields.push(
      ['requests', `cpu ${resources.requests.cpu}, memory ${resources.requests.memory}`],
      ['limits', `memory ${resources.limits.memory}`],
    );
  for (const { job, attempts, cpu: ofCpu, memoryBytes: ofMemory } of jobs)
    fields.push([
      `job ${job}`,
      `cpu ${cores(ofCpu.target)}, memory ${mebibytes(ofMemory.target)} (${attempts} measured)`,
    ]);
  return fields;
}

function rangeOf({ lower, target, upper, peak }: ResourceAdvice, text: (value: number) => string): string {
  return `${text(target)}, from ${text(lower)} to ${text(upper)}; the largest peak was ${text(peak)}`;
}

const cores = (value: number): string => `${Math.ceil(value * 1000)}m`;
const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)}Mi`;

interface Workload {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | null;
}

function workloadOf(pool: PoolView, typed: string | undefined): Workload {
  if (typed !== undefined) {
    const [, kind, name] = /^(deployment|statefulset)\/([a-z0-9][-a-z0-9.]*)$/i.exec(typed) ?? [];
    if (kind === undefined || name === undefined)
      throw new Refusal('VALIDATION_FAILED', `--workload is "${typed}"; expected deployment/NAME or statefulset/NAME`);
    return { kind: kind.toLowerCase() === 'deployment' ? 'Deployment' : 'StatefulSet', name, namespace: null };
  }
  const driver = pool.definition['driver'] as { kind: string; namespace?: string; workload?: string; name?: string };
  if (driver.kind === 'kubernetes')
    return { kind: driver.workload ?? 'Deployment', name: driver.name ?? '', namespace: driver.namespace ?? null };
  throw new Refusal(
    'VALIDATION_FAILED',
    `the driver of the pool is ${driver.kind}; say what is patched by --workload deployment/NAME`,
  );
}

function patchOf({ resources, explanation }: PoolAdvice, workload: Workload, container: string): string {
  if (resources === null) throw new Refusal('CONFLICT', explanation);
  const { kind, name, namespace } = workload;
  const patch = {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, ...(namespace === null ? {} : { namespace }) },
    spec: { template: { spec: { containers: [{ name: container, resources }] } } },
  };
  return `# ${explanation}\n${stringify(patch)}`;
}
