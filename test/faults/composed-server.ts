// A master as the program composes it, for programs of the fault tests that need a hand inside: the same options on the command line,
// the same log, the same end. What is different is said by the caller.

import { parseArgs } from 'node:util';
import { compose, serverLog, type System } from '../../packages/server/src/compose.ts';
import { configKeys, readConfig } from '../../packages/server/src/config.ts';
import type { Failpoints } from '../../packages/server/src/ports/failpoints.ts';

/** Resolves when it serves. It stops by SIGTERM. */
export async function composedServer(more: { failpoints?: Failpoints } = {}): Promise<System> {
  const options = Object.fromEntries(configKeys.map((key) => [key.flag.slice(2), { type: 'string' as const }]));
  const { values: flags } = parseArgs({ options });
  const log = serverLog('info');
  const system = await compose(readConfig({ flags, env: {}, file: null }), {
    version: 'faulty',
    log,
    fatal: (error) => {
      log.error('stopped by a defect', { error });
      log.flush();
      process.exit(70);
    },
    ...more,
  });
  log.info('ready', { address: system.address });
  process.once('SIGTERM', () => void system.stop().then(() => process.exit(0)));
  return system;
}
