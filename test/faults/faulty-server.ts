// A master that ends, or freezes, at a failpoint: `FAULTS_FAILPOINT=name`, `FAULTS_PASSES=n` (it acts when the place is reached the nth
// time), `FAULTS_SIGNAL=SIGKILL|SIGSTOP`. It is composed as the program composes it; only the failpoints differ. The signal is the
// process's own, so it takes effect before the next statement.

import { writeSync } from 'node:fs';
import { type Failpoint, type Failpoints, failpoints as names } from '../../packages/server/src/ports/failpoints.ts';
import { composedServer } from './composed-server.ts';

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

await composedServer({ failpoints: killing });
