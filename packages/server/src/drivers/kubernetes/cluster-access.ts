// How the API server is reached and who asks: as the service account of the pod in which this process runs, or as a kubeconfig says.
// Tokens and certificates are read again while the process runs, because clusters replace them.

import { readFile } from 'node:fs/promises';
import type { Clock } from '../../ports/clock.ts';
import type { HttpIdentity } from '../../ports/http-client.ts';

export interface Credentials {
  readonly tls: HttpIdentity;
  readonly token: string | null;
}

export interface ClusterAccess {
  /** Such as https://kubernetes.example.com:6443, without a slash at its end. */
  readonly server: string;
  /** As they were within the last minute; `anew`: as they are now. Its errors never say what stands in a file. */
  credentials(anew: boolean): Promise<Credentials>;
}

/** A text, or the file that holds it; null: there is none. */
export type Source = { readonly text: string } | { readonly file: string } | null;

export interface AccessSources {
  readonly server: string;
  readonly servername: string | null;
  readonly ca: Source;
  readonly cert: Source;
  readonly key: Source;
  readonly token: Source;
}

const freshMs = 60_000;
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

export function clusterAccess(sources: AccessSources, clock: Clock): ClusterAccess {
  let kept: { readonly at: number; readonly credentials: Credentials } | null = null;
  return {
    server: sources.server.replace(/\/+$/, ''),
    credentials: async (anew) => {
      const now = clock.monotonicMs();
      if (!anew && kept !== null && now - kept.at < freshMs) return kept.credentials;
      const credentials = await readAll(sources);
      kept = { at: now, credentials };
      return credentials;
    },
  };
}

export interface PodEnvironment {
  readonly host: string;
  readonly port: string;
  /** Where the service account lies; the usual place when absent. */
  readonly directory?: string;
}

/** In a pod. */
export function inClusterAccess(
  { host, port, directory = serviceAccount }: PodEnvironment,
  clock: Clock,
): ClusterAccess {
  const name = host.includes(':') ? `[${host}]` : host;
  const sources = {
    server: `https://${name}:${port}`,
    servername: null,
    ca: { file: `${directory}/ca.crt` },
    cert: null,
    key: null,
    token: { file: `${directory}/token` },
  };
  return clusterAccess(sources, clock);
}

async function readAll({ servername, ...sources }: AccessSources): Promise<Credentials> {
  const [ca, cert, key, token] = await Promise.all(
    [sources.ca, sources.cert, sources.key, sources.token].map((source) => readSource(source)),
  );
  const tls: HttpIdentity = {
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(servername === null ? {} : { servername }),
  };
  return { tls, token: token ? token.trim() : null };
}

async function readSource(source: Source): Promise<string | null> {
  if (source === null) return null;
  if ('text' in source) return source.text;
  try {
    return await readFile(source.file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it failed';
    throw new Error(`${source.file} cannot be read: ${code}`, { cause: error });
  }
}
