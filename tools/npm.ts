// How to call npm: the one that runs us, or the one on the path.

import { basename } from 'node:path';

const running = process.env['npm_execpath'];
const isNpm = running !== undefined && basename(running).startsWith('npm-cli');

export const npm: { readonly command: string; readonly args: readonly string[] } = isNpm
  ? { command: process.execPath, args: [running] }
  : { command: 'npm', args: [] };
