// Links of one worker alone. The worker lives in a network namespace with nothing but loopback, on which a relay listens at the
// addresses of all masters; each relay leads to a socket file, behind which stands a proxy of the test. So one worker can be cut
// off, in one direction or both, whatever addresses it learns. Needs the right to make namespaces.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { LinkFault } from './tcp-proxy.ts';
import { TcpProxy } from './tcp-proxy.ts';

export interface IsolatedLinks {
  /** Put before the command line of the worker. */
  readonly wrapper: readonly string[];
  set(fault: LinkFault): void;
  reset(): void;
  heal(): void;
  close(): Promise<void>;
}

let allowed: boolean | undefined;

/** Whether this user may make network namespaces here. */
export function namespacesWork(): boolean {
  allowed ??= spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up'], { timeout: 5000 }).status === 0;
  return allowed;
}

interface Place {
  readonly name: string;
  readonly port: number;
  readonly toMaster: TcpProxy;
}

export async function openIsolatedLinks(
  home: string,
  worker: string,
  masters: readonly Place[],
): Promise<IsolatedLinks> {
  const proxies: TcpProxy[] = [];
  const routes: string[] = [];
  for (const master of masters) {
    const path = join(home, `${worker}-${master.name}.sock`);
    proxies.push(await TcpProxy.open({ host: '127.0.0.1', port: master.port }, { path }));
    routes.push(`${master.toMaster.port}=${path}`);
  }
  // The relay ends with the worker: it watches the process that it was started by.
  const script = 'ip link set lo up && { "$NODE" "$RELAY" $$ $ROUTES & } && exec "$@"';
  return {
    wrapper: [
      'env',
      `NODE=${process.execPath}`,
      `RELAY=${join(import.meta.dirname, 'relay.ts')}`,
      `ROUTES=${routes.join(' ')}`,
      'unshare',
      '-n',
      'sh',
      '-c',
      script,
      'isolated',
    ],
    set: (fault) => {
      for (const proxy of proxies) proxy.set(fault);
    },
    reset: () => {
      for (const proxy of proxies) proxy.reset();
    },
    heal: () => {
      for (const proxy of proxies) proxy.heal();
    },
    close: async () => {
      for (const proxy of proxies) await proxy.close();
    },
  };
}
