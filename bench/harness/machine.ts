// On what a report was made: figures without it mean nothing.

import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { peerPackages } from '../peers/peers.ts';
import { askStore } from '../systems/ask-store.ts';
import { postgresSettings, type Services } from '../systems/services.ts';
import type { System } from '../systems/system.ts';

/** More work than cores when it began: somebody else is on this machine. */
export function isBusy(): boolean {
  return (loadavg()[0] ?? 0) > availableParallelism() / 2;
}

export function machineText(): string {
  const [cpu] = cpus();
  const load = loadavg().map((one) => one.toFixed(1));
  return `${availableParallelism()} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, Node ${process.version}, load before the start ${load.join(' ')}${isBusy() ? ' (**busy with something else: no good for comparing**)' : ''}`;
}

export async function versionsText(services: Services, systems: readonly System[]): Promise<string[]> {
  const lines: string[] = [];
  if (services.has('postgres')) {
    const { url } = await services.postgres();
    const [row] = await askStore(
      url,
      `select version() as version, current_setting('fsync') as fsync,
      current_setting('synchronous_commit') as commit`,
    );
    const settings = Object.entries(postgresSettings).map(([name, value]) => `${name}=${value}`);
    lines.push(
      `${String(row?.['version'])}, fsync ${String(row?.['fsync'])}, synchronous_commit ${String(row?.['commit'])}, ${settings.join(', ')}`,
    );
  }
  if (services.has('redis'))
    lines.push(`Redis ${(await services.redis()).version}, appendonly yes, appendfsync everysec`);
  if (systems.some(({ skips }) => skips !== null)) lines.push(peerPackages().join(', '));
  return lines;
}
