// Opens the door for KEDA as configured.

import { Refusal } from '@tidewheel/protocol';
import { type KedaConfig, kedaKeys } from '../config-keda.ts';
import { KedaDoor, type KedaDoorDeps } from '../keda/keda-door.ts';
import { fileOf } from './config-file.ts';

/** Listens. Refusals: KEDA_OPEN, INVALID_CONFIG. */
export async function openKeda(config: KedaConfig, deps: Omit<KedaDoorDeps, 'settings'>): Promise<KedaDoor> {
  const { listen, insecure, tls } = config;
  const pems =
    tls === null
      ? null
      : {
          key: fileOf(kedaKeys.kedaKey.key, tls.keyFile),
          cert: fileOf(kedaKeys.kedaCert.key, tls.certFile),
          clientCa: tls.clientCaFile === null ? null : fileOf(kedaKeys.kedaClientCa.key, tls.clientCaFile),
        };
  const door = new KedaDoor({ ...deps, settings: { ...listen, insecure, tls: pems } });
  await door.start().catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      throw new Refusal('INVALID_CONFIG', `${kedaKeys.kedaListen.key}: the port ${listen.port} is taken`, {
        cause: error,
      });
    throw error;
  });
  return door;
}
