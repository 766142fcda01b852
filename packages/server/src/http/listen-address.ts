// Where the server may listen: loopback always; anything else only with TLS, or when the risk was accepted by name.

import { Refusal } from '@tidewheel/protocol';

export function isLoopback(address: string): boolean {
  const bare = address.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost' || bare === '::1') return true;
  return /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

export interface ListenSettings {
  host: string;
  port: number;
  /** PEM text of both. */
  tls: { key: string; cert: string } | null;
  insecurePublicHttp: boolean;
}

export function refusePublicClearText({ host, tls, insecurePublicHttp }: ListenSettings): void {
  if (tls !== null || insecurePublicHttp || isLoopback(host)) return;
  throw new Refusal('PUBLIC_WITHOUT_TLS', `${host} can be reached from other machines, and no TLS is configured`);
}

export function addressText(host: string, port: number, secure: boolean): string {
  return `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
