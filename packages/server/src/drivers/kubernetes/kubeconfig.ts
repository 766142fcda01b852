// A kubeconfig, as kubectl reads it: one file or several that are joined, of which one context is used. What would need another program,
// or would make the connection less safe, is refused by name. No message repeats what stands in the file, since secrets do.

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Refusal } from '@tidewheel/protocol';
import { parse } from 'yaml';
import { z } from 'zod';
import type { AccessSources, Source } from './cluster-access.ts';

const clusterSchema = z.object({
  server: z.string(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'tls-server-name': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'proxy-url': z.string().optional(),
});

const userSchema = z.object({
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  exec: z.unknown().optional(),
  'auth-provider': z.unknown().optional(),
});

const contextSchema = z.object({ cluster: z.string(), user: z.string().optional() });

const fileSchema = z.object({
  'current-context': z.string().nullish(),
  clusters: z.array(z.object({ name: z.string(), cluster: clusterSchema })).nullish(),
  users: z.array(z.object({ name: z.string(), user: userSchema })).nullish(),
  contexts: z.array(z.object({ name: z.string(), context: contextSchema })).nullish(),
});

interface Found<T> {
  readonly value: T;
  /** Paths in the file begin there. */
  readonly directory: string;
}

type Cluster = Found<z.infer<typeof clusterSchema>>;
type User = Found<z.infer<typeof userSchema>>;

/** Refusals: INVALID_CONFIG. `context`: another one than the current. */
export async function readKubeconfig(paths: readonly string[], context: string | null): Promise<AccessSources> {
  const refuse = (why: string): Refusal => new Refusal('INVALID_CONFIG', `the kubeconfig ${paths.join(':')}: ${why}`);
  const clusters = new Map<string, Cluster>();
  const users = new Map<string, User>();
  const contexts = new Map<string, z.infer<typeof contextSchema>>();
  let current = context;
  for (const path of paths) {
    const file = await readOne(path);
    const directory = dirname(resolve(path));
    current ??= file['current-context'] ?? null;
    // Of two with the same name the first one counts, as with kubectl.
    for (const { name, cluster } of file.clusters ?? []) addFirst(clusters, name, { value: cluster, directory });
    for (const { name, user } of file.users ?? []) addFirst(users, name, { value: user, directory });
    for (const { name, context: one } of file.contexts ?? []) addFirst(contexts, name, one);
  }
  if (current === null || current === '') throw refuse('names no current-context; say which: FILE#CONTEXT');
  const chosen = contexts.get(current);
  if (chosen === undefined) throw refuse(`has no context ${current}`);
  const cluster = clusters.get(chosen.cluster);
  if (cluster === undefined) throw refuse(`has no cluster ${chosen.cluster}`);
  const user = users.get(chosen.user ?? '');
  if (user === undefined) throw refuse(`has no user ${chosen.user ?? '(the context names none)'}`);
  return sourcesOf(cluster, user, refuse);
}

function sourcesOf(cluster: Cluster, user: User, refuse: (why: string) => Refusal): AccessSources {
  const { value: where } = cluster;
  const { value: who } = user;
  if (!where.server.startsWith('https://'))
    throw refuse('the server must be an https address: credentials are sent to it');
  if (where['insecure-skip-tls-verify'] === true)
    throw refuse('insecure-skip-tls-verify is not supported: name the certificate-authority');
  if (where['proxy-url'] !== undefined) throw refuse('proxy-url is not supported');
  if (who.exec !== undefined || who['auth-provider'] !== undefined)
    throw refuse(
      'credentials by an exec plugin or auth-provider are not supported: use the token or certificate of a service account, or run in the cluster',
    );
  if (who.username !== undefined || who.password !== undefined)
    throw refuse('user name and password are not supported, nor are they by Kubernetes since 1.19');
  const cert = sourceOf(who['client-certificate-data'], who['client-certificate'], user.directory);
  const key = sourceOf(who['client-key-data'], who['client-key'], user.directory);
  if ((cert === null) !== (key === null)) throw refuse('a client certificate and its key go together');
  const tokenFile = who.tokenFile === undefined ? null : { file: resolve(user.directory, who.tokenFile) };
  const token: Source = tokenFile ?? (who.token === undefined ? null : { text: who.token });
  if (cert === null && token === null) throw refuse('its user has neither a token nor a client certificate');
  return {
    server: where.server,
    servername: where['tls-server-name'] ?? null,
    ca: sourceOf(where['certificate-authority-data'], where['certificate-authority'], cluster.directory),
    cert,
    key,
    token,
  };
}

function addFirst<T>(map: Map<string, T>, name: string, value: T): void {
  if (!map.has(name)) map.set(name, value);
}

function sourceOf(data: string | undefined, file: string | undefined, directory: string): Source {
  if (data !== undefined) return { text: Buffer.from(data, 'base64').toString('utf8') };
  return file === undefined ? null : { file: resolve(directory, file) };
}

async function readOne(path: string): Promise<z.infer<typeof fileSchema>> {
  const refuse = (why: string): Refusal => new Refusal('INVALID_CONFIG', `the kubeconfig ${path} ${why}`);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw refuse('cannot be read');
  }
  let value: unknown;
  try {
    value = parse(text) as unknown;
  } catch {
    // The parser's own message shows the line.
    throw refuse('is not YAML');
  }
  const read = fileSchema.safeParse(value);
  if (read.success) return read.data;
  throw refuse(`is not one: ${read.error.issues[0]?.path.join('.') ?? ''} is missing or of another type`);
}
