// Ends the programs of attempts when the worker's process dies without having been able to do it (kill -9, out of memory), so that
// none of them is still alive when the lease has run out and a master gives its run to another worker.
//
// It is a shell in a session of its own that holds the other end of a pipe: the kernel closes the pipe whatever way this process
// ends. Until then it is told which attempts there are. One guard serves all attempts; it is started with the first of them.

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { attemptMarker } from './shell-environment.ts';

/**
 * Lines of `+ attempt:group` and `- attempt:group`; group 0 where it is not known yet. At the end of input every group that is left
 * is killed, and on Linux what has left its group but carries the attempt's id in its environment. Twice, since processes fork.
 */
const script = `
trap '' INT TERM HUP
held=' '
while read -r sign entry; do
  case "$sign" in
    +) held="$held$entry " ;;
    -) case "$held" in *" $entry "*) held="\${held%%" $entry "*} \${held#*" $entry "}" ;; esac ;;
  esac
done
for round in 1 2; do
  for entry in $held; do
    [ "\${entry#*:}" = 0 ] || kill -KILL "-\${entry#*:}" 2>/dev/null
    for file in $(grep -lsF "$1\${entry%%:*}" /proc/[0-9]*/environ 2>/dev/null); do
      pid="\${file#/proc/}"
      kill -KILL "\${pid%/environ}" 2>/dev/null
    done
  done
done`;

type Guard = ChildProcessByStdio<Writable, null, null>;

export class OrphanGuard {
  readonly #held = new Set<string>();
  #guard: Guard | null = null;

  /** Before the program is started, with group 0, and again as soon as its group is known. */
  hold(attemptId: string, group: number): void {
    const entry = `${attemptId}:${group}`;
    this.#held.add(entry);
    if (this.#guard === null) this.#start();
    else this.#guard.stdin.write(`+ ${entry}\n`);
  }

  /** The attempt is over. */
  release(attemptId: string): void {
    for (const entry of this.#held) {
      if (!entry.startsWith(`${attemptId}:`)) continue;
      this.#held.delete(entry);
      this.#guard?.stdin.write(`- ${entry}\n`);
    }
  }

  #start(): void {
    const guard: Guard = spawn('/bin/sh', ['-c', script, 'tidewheel-guard', attemptMarker('')], {
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#guard = guard;
    // Somebody killed it: the next attempt starts another one, which is told of all that are there.
    const lost = (): void => {
      if (this.#guard === guard) this.#guard = null;
    };
    guard.once('error', lost);
    guard.once('exit', lost);
    guard.stdin.on('error', lost);
    // It must not keep a process alive that has nothing else to do.
    guard.unref();
    if (guard.stdin instanceof Socket) guard.stdin.unref();
    for (const entry of this.#held) guard.stdin.write(`+ ${entry}\n`);
  }
}
