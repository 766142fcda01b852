// A master that ends, or freezes, at a failpoint: `FAULTS_FAILPOINT=name`, `FAULTS_PASSES=n` (it acts when the place is reached the nth
// time), `FAULTS_SIGNAL=SIGKILL|SIGSTOP`. It is composed as the program composes it; only the failpoints differ. The signal is the
// process's own, so it takes effect before the next statement.

import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compose, serverLog } from '../../packages/server/src/compose.ts';
import { configKeys, readConfig } from '../../packages/server/src/config.ts';
import { type Failpoint, type Failpoints, failpoints as names } from '../../packages/server/src/ports/failpoints.ts';

const { FAULTS_FAILPOINT: wanted, FAULTS_PASSES: passes = '1', FAULTS_SIGNAL: signal = 'SIGKILL' } = process.env;
if (!names.some((name) => name === wanted)) throw new Error(`there is no failpoint ${wanted}`);
if (signal !== 'SIGKILL' && signal !== 'SIGSTOP') throw new Error(`not a signal for this: ${signal}`);

let left = Number(passes);
const killing: Failpoints = {
  reach(name: Failpoint): void {
    if (name !== wanted || left === 0) return;
    left -= 1;
    if (left > 0) return;
    writeSync(2, `reached ${name}\n`);
    process.kill(process.pid, signal);
  },
};

const options = Object.fromEntries(configKeys.map((key) => [key.flag.slice(2), { type: 'string' as const }]));
const { values: flags } = parseArgs({ options });
const log = serverLog('info');
const system = await compose(readConfig({ flags, env: {}, file: null }), {
  version: 'faulty',
  log,
  failpoints: killing,
  fatal: (error) => {
    log.error('stopped by a defect', { error });
    log.flush();
    process.exit(70);
  },
});
log.info('ready', { address: system.address });
process.once('SIGTERM', () => void system.stop().then(() => process.exit(0)));
