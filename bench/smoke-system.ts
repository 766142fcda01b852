// One server on one store as processes of their own, as in production: `tidewheel server` and `tidewheel worker`.
// When both have stopped, the store is opened directly, so that what is counted is what is stored.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, createClient } from '@tidewheel/sdk';
import { openStore, type OpenStore } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { Program, programArguments, repositoryRoot } from '../test/support/tidewheel.ts';

export interface SmokeSystem {
  readonly client: Client;
  startWorker(): Promise<void>;
  /** Lets the worker finish and leave. */
  stopWorker(): Promise<void>;
  /** Stops everything and hands over the store. */
  stop(): Promise<OpenStore>;
  /** For the way out when something failed. */
  kill(): Promise<void>;
}

export async function startSystem(store: string, directory: string, slots: number): Promise<SmokeSystem> {
  const tokenFile = join(directory, 'admin.token');
  const server = new Program([
    ...programArguments,
    'server',
    `--store=${store}`,
    '--listen=127.0.0.1:0',
    `--bootstrap-token-file=${tokenFile}`,
    '--log-level=info',
  ]);
  const [, url = ''] = await server.says(/"address":"(http:[^"]+)"/);
  const client = createClient({ address: url, token: readFileSync(tokenFile, 'utf8').trim(), namespace: 'default' });
  const { secret } = await client.tokens.create({ name: 'bench', role: 'worker', namespace: 'default' });
  let worker: Program | null = null;
  return {
    client,
    startWorker: async () => {
      const tasks = join(repositoryRoot, 'bench/noop-tasks.ts');
      worker = new Program([...programArguments, 'worker', `--tasks=${tasks}`, `--slots=${slots}`, '--executors='], {
        env: { TIDEWHEEL_URL: url, TIDEWHEEL_TOKEN: secret },
      });
      await worker.says(/session opened/);
    },
    stopWorker: async () => {
      await worker?.end('SIGTERM');
      worker = null;
    },
    stop: async () => {
      await worker?.end('SIGTERM');
      const { code, stderr } = await server.end('SIGTERM');
      if (code !== 0) throw new Error(`the server ended with ${code}:\n${stderr}`);
      return openStore(readConfig({ flags: { store }, env: {}, file: null }).store, silentLog);
    },
    kill: async () => {
      await Promise.all([worker?.end('SIGKILL'), server.end('SIGKILL')]);
    },
  };
}
