// How to call npm: the one that runs us, or the one on the path; and what of the environment a call needs.

import { basename } from 'node:path';

const node = process.env['npm_node_execpath'] ?? process.execPath;
const running = process.env['npm_execpath'];
const isNpm = running !== undefined && basename(running).startsWith('npm-cli');

export const npm: { readonly command: string; readonly args: readonly string[] } = isNpm
  ? { command: node, args: [running] }
  : { command: 'npm', args: [] };

/** Proxies and certificates: without them there may be no way out of this network, whatever else is left away. */
export function networkEnvironment(): Record<string, string> {
  const needed = /^(NODE_EXTRA_CA_CERTS|NODE_USE_SYSTEM_CA|SSL_CERT_(FILE|DIR)|(https?|no|all)_proxy)$/i;
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && needed.test(name) ? [[name, value]] : [],
    ),
  );
}
