// Clears up after a test process that was killed: a shell in a session of its own, whose standard input ends with the process that
// started it. Only then does it run its script, with the directory to remove as `$1`.

import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';

export function startWatchdog(name: string, script: string, home: string): ChildProcess {
  const waiting = `trap '' INT TERM HUP\ncat >/dev/null\n${script}`;
  const watchdog = spawn('sh', ['-c', waiting, name, home], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  return watchdog;
}
