// The configuration file: `contexts:` for the client side, `server:` for servers, in one YAML or JSON document.
// And `client.json`, which a running `dev` leaves in its data directory so that the command line works at once.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { namespaceSchema, Refusal } from '@tidewheel/protocol';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { placedIssues, pointerOf } from './manifest-issues.ts';
import type { Terminal } from './terminal.ts';

const addressSchema = z.url({ protocol: /^https?$/, message: 'an http or https address' });
const contextSchema = z.strictObject({
  /** One address, or those of several masters. */
  url: z.union([addressSchema, z.array(addressSchema).min(1).max(20)]),
  token: z.string().min(1).optional(),
  /** A file that holds nothing but the token. */
  tokenFile: z.string().min(1).optional(),
  namespace: namespaceSchema.optional(),
});
export type Context = z.infer<typeof contextSchema>;
const settingsSchema = z.strictObject({
  /** The name of the context in use. */
  context: z.string().optional(),
  contexts: z.record(z.string().min(1), contextSchema).default({}),
  server: z.unknown().optional(),
});
export type Settings = z.infer<typeof settingsSchema> & { readonly path: string };

/** `named` must exist; the default place may be empty. */
export function readSettings(terminal: Terminal, named: string | undefined): Settings | null {
  const explicit = named ?? terminal.env['TIDEWHEEL_CONFIG'];
  const configHome = terminal.env['XDG_CONFIG_HOME'] || join(terminal.home, '.config');
  const path = explicit || join(configHome, 'tidewheel', 'config.yaml');
  const text = readIfThere(path);
  if (text === null) {
    if (explicit) throw new Refusal('INVALID_CONFIG', `there is no configuration file ${path}`);
    return null;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw new Refusal('INVALID_CONFIG', `${path}:${line}:${col} ${broken.message.split('\n')[0] ?? ''}`);
  }
  const value: unknown = document.toJS() ?? {};
  const faults = placedIssues(settingsSchema, value).map((issue) => ({
    pointer: pointerOf(issue.path),
    detail: issue.detail,
  }));
  if (faults.length > 0) throw new Refusal('INVALID_CONFIG', `faults in ${path}`, { faults });
  return { ...settingsSchema.parse(value), path };
}

const clientFileSchema = z.object({
  url: addressSchema,
  token: z.string(),
  namespace: namespaceSchema,
  pid: z.number().int(),
});
export type ClientFile = z.infer<typeof clientFileSchema>;
export const clientFileName = 'client.json';

/** What the server of this data directory left; null when there is none. */
export function readClientFile(dataDirectory: string): ClientFile | null {
  const text = readIfThere(join(dataDirectory, clientFileName));
  if (text === null) return null;
  const parsed = clientFileSchema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function readIfThere(path: string): string | null {
  try {
    if (!statSync(path).isFile()) return null;
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new Refusal('INVALID_FILE', `${path}: ${code === 'EACCES' ? 'not permitted to read it' : String(error)}`, {
      cause: error,
    });
  }
}
