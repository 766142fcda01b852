// The processes beside the master of a `dev`: one worker, so that user code can never block the master, and companions.

import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import type { Terminal } from '../terminal.ts';
import type { DevOptions } from './dev-options.ts';
import { KeptChild } from './kept-child.ts';
import { lifelineFd } from './lifeline.ts';

export interface Surroundings {
  /** Where the children reach the master. */
  readonly address: string;
  readonly workerToken: string;
  readonly namespace: string;
  readonly say: (text: string) => void;
}

/** Like the parent, from source or built: same Node, same conditions. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const own = (path: string): string => fileURLToPath(new URL(`${path}.${extension}`, import.meta.url));

export function workerChild(options: DevOptions, around: Surroundings, terminal: Terminal): KeptChild {
  const argv = [
    ...nodeArguments(),
    own('../../main'),
    'worker',
    `--url=${around.address}`,
    `--namespace=${around.namespace}`,
    '--name=dev',
    `--slots=${options.slots}`,
    ...options.tasks.map((file) => `--tasks=${resolve(file)}`),
    '--log-level=warn',
    `--lifeline=${lifelineFd}`,
  ];
  // The token goes by the environment: arguments can be seen by every user of the machine.
  const env = { ...environment(terminal), TIDEWHEEL_TOKEN: around.workerToken };
  return new KeptChild(
    { name: 'worker', argv, env, line: (text) => around.say(`worker  ${text}`), say: around.say },
    terminal,
  );
}

export function companionChild(file: string, around: Surroundings, terminal: Terminal): KeptChild {
  const argv = [...nodeArguments(), '--import', own('./companion-preload'), resolve(file)];
  const line = (text: string): void => around.say(`companion  ${text}`);
  return new KeptChild(
    { name: `companion ${file}`, argv, env: environment(terminal), line, say: around.say },
    terminal,
  );
}

/** Conditions and loaders are inherited; a debugger's port is not, because only one process can have it. */
function nodeArguments(): string[] {
  return process.execArgv.filter((argument) => !argument.startsWith('--inspect'));
}

/** Settings of the CLI in the environment are meant for the parent. */
function environment(terminal: Terminal): Record<string, string | undefined> {
  const entries = Object.entries(terminal.env).filter(([name]) => !name.startsWith('TIDEWHEEL_'));
  return { ...Object.fromEntries(entries), ...(terminal.outColour ? { FORCE_COLOR: '1' } : {}) };
}
