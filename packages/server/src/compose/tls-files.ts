// Certificate and key of the HTTP door.

import { fileOf } from './config-file.ts';

/** Refusals: INVALID_CONFIG with the key. */
export function tlsFiles({ certFile, keyFile }: { certFile: string; keyFile: string }): { key: string; cert: string } {
  return { key: fileOf('tls.key', keyFile), cert: fileOf('tls.cert', certFile) };
}
