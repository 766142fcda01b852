import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

/** A process that starts programs as the executor does, says their ids, and waits to be killed. */
const program = `
import { spawn } from 'node:child_process';
import { OrphanGuard } from ${JSON.stringify(join(import.meta.dirname, 'orphan-guard.ts'))};
const guard = new OrphanGuard();
const start = (attempt, command) => {
  guard.hold(attempt, 0);
  const child = spawn('/bin/sh', ['-c', command], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, TIDEWHEEL_ATTEMPT_ID: attempt },
  });
  guard.hold(attempt, child.pid);
  child.stdout.on('data', (text) => process.stdout.write(text));
};
start('attempt-a', 'trap "" TERM HUP; echo $$; while :; do sleep 1; done');
start('attempt-b', 'setsid sh -c \\'echo $$; exec sleep 600\\'');
start('attempt-c', 'echo $$; exec sleep 600');
guard.release('attempt-c');
setInterval(() => undefined, 1000);
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('what a worker has started ends with it, however it was killed, and what it has let go is left alone', {
  timeout: 20_000,
  skip: process.platform === 'linux' ? false : 'who left its group is found on Linux only',
}, async (context) => {
  const worker = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => worker.kill('SIGKILL'));
  const pids: number[] = [];
  for await (const line of createInterface({ input: worker.stdout })) {
    pids.push(Number(line));
    context.after(() => isAlive(Number(line)) && process.kill(Number(line), 'SIGKILL'));
    if (pids.length === 3) break;
  }
  assert.deepEqual(pids.map(isAlive), [true, true, true]);
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  // Three programs wrote in any order; the one that was released is the one that stays.
  while (pids.filter(isAlive).length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(pids.filter(isAlive).length, 1);
});
