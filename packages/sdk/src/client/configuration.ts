// Which masters, as whom, in which namespace: explicit options first, then TIDEWHEEL_URL, TIDEWHEEL_TOKEN, TIDEWHEEL_NAMESPACE.

import { namespaceSchema, Refusal } from '@tidewheel/protocol';

export interface ConnectionOptions {
  /** Masters, `https://host:port`; several may be separated by commas. */
  address?: string | readonly string[] | undefined;
  /** The same, for those who have several. */
  addresses?: readonly string[] | undefined;
  token?: string | null | undefined;
  namespace?: string | undefined;
}

export interface Connection {
  readonly addresses: readonly string[];
  readonly token: string | null;
  readonly namespace: string;
}

/** Where a master started by `tidewheel dev` listens. */
const defaultAddress = 'http://127.0.0.1:7070';

export function connectionOf(
  options: ConnectionOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Connection {
  const given = options.addresses ?? options.address ?? (environment['TIDEWHEEL_URL'] || defaultAddress);
  const texts = (typeof given === 'string' ? [given] : given).flatMap((text) => text.split(','));
  const addresses = texts.map((text) => originOf(text.trim()));
  if (addresses.length === 0) throw new Refusal('INVALID_CONFIG', 'no address of a master is given');
  const namespace = options.namespace ?? (environment['TIDEWHEEL_NAMESPACE'] || 'default');
  if (!namespaceSchema.safeParse(namespace).success) {
    throw new Refusal('INVALID_CONFIG', `"${namespace}" is not a namespace: lower-case letters, digits and "-"`);
  }
  const token = options.token === undefined ? environment['TIDEWHEEL_TOKEN'] || null : options.token;
  return { addresses: [...new Set(addresses)], token, namespace };
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Refusal('INVALID_CONFIG', `"${text}" is not an address: write http://host:port or https://host:port`);
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}
