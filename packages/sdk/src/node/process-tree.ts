// All processes that an attempt has brought into being, and their end. Most stay in the process group that was made for the
// attempt. Those that left it (setsid, a daemon's double fork) are found on Linux by the attempt's id, which they inherited
// in their environment; elsewhere they cannot be found.

import { readdir, readFile } from 'node:fs/promises';

export interface ProcessTree {
  /** The group, and the process that leads it. */
  readonly group: number;
  /** `NAME=value`, as it stands in the environment of each. */
  readonly marker: string;
}

export type TreeSignal = 'SIGTERM' | 'SIGKILL';

/** The processes that live now, zombies not counted. Where there is no /proc, the group's number stands for its members. */
export async function treeMembers(tree: ProcessTree): Promise<number[]> {
  if (process.platform !== 'linux') return groupLives(tree.group) ? [tree.group] : [];
  const members: number[] = [];
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name) && (await belongs(name, tree))) members.push(Number(name));
  }
  return members;
}

/** Signals the group, then those outside it. Processes that are gone, or are not ours to signal, are passed over. */
export async function signalTree(tree: ProcessTree, signal: TreeSignal): Promise<void> {
  send(-tree.group, signal);
  if (process.platform !== 'linux') return;
  for (const pid of await treeMembers(tree)) send(pid, signal);
}

async function belongs(pid: string, tree: ProcessTree): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // pid (name) state ppid pgrp …, and the name may hold anything.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return false;
    if (Number(group) === tree.group) return true;
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
    return environment.startsWith(`${tree.marker}\0`) || environment.includes(`\0${tree.marker}\0`);
  } catch {
    // It ended while we looked, or belongs to another user and cannot be a child of ours.
    return false;
  }
}

function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

function send(target: number, signal: TreeSignal): void {
  try {
    process.kill(target, signal);
  } catch {
    // No such process, or not ours: the caller looks again at who is left.
  }
}
