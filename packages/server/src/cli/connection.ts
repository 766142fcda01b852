// Which server a command talks to, and as whom: flag, then environment, then the context of the configuration file,
// then what a `dev` on this machine left in its data directory.
// A token belongs to the address it was given with: an address from one place never gets the token of another place's file.

import { join } from 'node:path';
import { namespaceSchema, Refusal } from '@tidewheel/protocol';
import type { Command } from 'commander';
import { UsageError } from './failure.ts';
import { readClientFile, readIfThere, readSettings } from './settings-file.ts';
import type { Terminal } from './terminal.ts';

export const defaultDataDirectory = '.tidewheel';

export interface ConnectionOptions {
  readonly url?: string;
  readonly token?: string;
  readonly namespace?: string;
  readonly context?: string;
  readonly config?: string;
  readonly data?: string;
}

export interface Connection {
  readonly addresses: readonly string[];
  readonly token: string | null;
  readonly namespace: string;
  /** Where the address came from, for messages. */
  readonly origin: string;
}

export function withConnection(command: Command): Command {
  return command
    .option('--url <url>', 'address of a master (TIDEWHEEL_URL)')
    .option('--token <token>', 'API token (TIDEWHEEL_TOKEN; better there, since arguments are visible to others)')
    .option('-n, --namespace <name>', 'namespace (TIDEWHEEL_NAMESPACE)')
    .option('--context <name>', 'context of the configuration file (TIDEWHEEL_CONTEXT)')
    .option('--config <file>', 'configuration file (TIDEWHEEL_CONFIG)')
    .option('--data <dir>', 'data directory of a `dev` on this machine (TIDEWHEEL_DATA)');
}

export function resolveConnection(options: ConnectionOptions, terminal: Terminal): Connection {
  const { env } = terminal;
  const kept = keptConnection(options, terminal);
  const given = options.url ?? (env['TIDEWHEEL_URL'] || undefined);
  const addresses = given === undefined ? kept?.addresses : given.split(',').map((part) => addressOf(part.trim()));
  if (addresses === undefined) {
    throw new UsageError(
      'no server is known here: start `tidewheel dev` in this directory, or name one by --url, TIDEWHEEL_URL or a context in the configuration file',
    );
  }
  const sameServer = kept !== null && addresses.every((address) => kept.addresses.includes(address));
  const namespace =
    options.namespace ??
    (env['TIDEWHEEL_NAMESPACE'] || undefined) ??
    (sameServer ? kept.namespace : undefined) ??
    'default';
  if (!namespaceSchema.safeParse(namespace).success) {
    throw new UsageError(`"${namespace}" is not a namespace: lower-case letters, digits and "-"`);
  }
  return {
    addresses,
    token: options.token ?? (env['TIDEWHEEL_TOKEN'] || undefined) ?? (sameServer ? kept.token : null),
    namespace,
    origin: given === undefined ? (kept?.origin ?? '') : options.url === undefined ? 'TIDEWHEEL_URL' : '--url',
  };
}

/** What files on this machine say, the configuration file before a data directory. */
function keptConnection(options: ConnectionOptions, terminal: Terminal): Connection | null {
  const wanted = options.context ?? (terminal.env['TIDEWHEEL_CONTEXT'] || undefined);
  const named = options.data ?? (terminal.env['TIDEWHEEL_DATA'] || undefined);
  const settings = readSettings(terminal, options.config);
  const name = wanted ?? (named === undefined ? settings?.context : undefined);
  if (name !== undefined) {
    const context = settings?.contexts[name];
    if (settings === null || context === undefined) {
      const known = Object.keys(settings?.contexts ?? {});
      const where =
        settings === null ? 'there is no configuration file' : `${settings.path} knows ${known.join(', ') || 'none'}`;
      throw new Refusal('INVALID_CONFIG', `unknown context "${name}": ${where}`);
    }
    const addresses = (typeof context.url === 'string' ? [context.url] : context.url).map(addressOf);
    const token = context.token ?? (context.tokenFile === undefined ? null : tokenIn(context.tokenFile));
    return {
      addresses,
      token,
      namespace: context.namespace ?? 'default',
      origin: `context ${name} of ${settings.path}`,
    };
  }
  const directory = named ?? join(terminal.cwd, defaultDataDirectory);
  const file = readClientFile(directory);
  if (file === null) return null;
  return { addresses: [addressOf(file.url)], token: file.token, namespace: file.namespace, origin: directory };
}

function tokenIn(path: string): string {
  const text = readIfThere(path);
  if (text === null) throw new Refusal('INVALID_CONFIG', `there is no token file ${path}`);
  return text.trim();
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new UsageError(`"${text}" is not an address: write http://host:port or https://host:port`);
  }
  return url.origin;
}
