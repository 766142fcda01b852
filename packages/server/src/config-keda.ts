// The keys of the door for KEDA. KEDA cannot send a token: whom it is, it shows by a certificate or not at all. So an address that
// others reach needs certificates of both sides, or that the risk was accepted by name.

import type { Fault } from '@tidewheel/protocol';
import { define, type Value } from './config-key.ts';
import { readListen, readSwitch, text } from './config-values.ts';

export const kedaKeys = {
  kedaListen: define({
    key: 'keda.listen',
    flag: '--keda-listen',
    placeholder: 'host:port',
    env: 'TIDEWHEEL_KEDA_LISTEN',
    fallback: null,
    help: 'the address on which KEDA is answered by gRPC, such as 127.0.0.1:7072; it is not when absent',
    read: readListen,
  }),
  kedaCert: define({
    key: 'keda.cert',
    flag: '--keda-cert',
    placeholder: 'file',
    env: 'TIDEWHEEL_KEDA_CERT',
    fallback: null,
    help: 'certificate chain of this side, PEM',
    read: text,
  }),
  kedaKey: define({
    key: 'keda.key',
    flag: '--keda-key',
    placeholder: 'file',
    env: 'TIDEWHEEL_KEDA_KEY',
    fallback: null,
    help: 'private key of this side, PEM',
    read: text,
  }),
  kedaClientCa: define({
    key: 'keda.clientCa',
    flag: '--keda-client-ca',
    placeholder: 'file',
    env: 'TIDEWHEEL_KEDA_CLIENT_CA',
    fallback: null,
    help: "certificates that KEDA's own is checked against, PEM; one is then asked for",
    read: text,
  }),
  kedaInsecure: define({
    key: 'keda.insecure',
    flag: '--keda-insecure',
    placeholder: null,
    env: 'TIDEWHEEL_KEDA_INSECURE',
    fallback: 'false',
    help: 'answer on a public address whoever asks, and accept that numbers of pools can be read; for a network that lets only KEDA in',
    read: readSwitch,
  }),
};

export interface KedaConfig {
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls: { readonly certFile: string; readonly keyFile: string; readonly clientCaFile: string | null } | null;
  readonly insecure: boolean;
}

/** Null when KEDA is not answered, or when something is wrong, which is added to the faults. */
export function kedaOf(value: Value, faults: Fault[]): KedaConfig | null {
  const [listen, insecure] = [value(kedaKeys.kedaListen), value(kedaKeys.kedaInsecure)];
  const [certFile, keyFile] = [value(kedaKeys.kedaCert), value(kedaKeys.kedaKey)];
  const clientCaFile = value(kedaKeys.kedaClientCa);
  if (certFile === null && keyFile !== null)
    faults.push({ pointer: kedaKeys.kedaCert.key, detail: 'a certificate and its key go together' });
  if (certFile !== null && keyFile === null)
    faults.push({ pointer: kedaKeys.kedaKey.key, detail: 'a certificate and its key go together' });
  if (clientCaFile !== null && certFile === null)
    faults.push({ pointer: kedaKeys.kedaCert.key, detail: 'needed, because `keda.clientCa` asks for TLS' });
  if (listen === null) return null;
  const tls = certFile === null || keyFile === null ? null : Object.freeze({ certFile, keyFile, clientCaFile });
  return Object.freeze({ listen: Object.freeze(listen), tls, insecure: insecure === true });
}
