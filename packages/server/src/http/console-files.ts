// The console's built files, read into memory once at start: no request ever reaches the file system. Hashed assets may be
// kept for ever by browsers; pages are asked for again. Paths without a dot are pages of the console and get its index.html.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Refusal } from '@tidewheel/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serverLimits } from '../core/limits.ts';
import type { Identity } from '../ports/identity.ts';
import { pathOf } from './problems.ts';
import { rawRoute, type Route } from './route.ts';

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};
const compressible = /^text\/|^image\/svg|json/;

export const consolePolicy = [
  `default-src 'self'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' data:`,
  `connect-src 'self'`,
  `object-src 'none'`,
  `base-uri 'none'`,
  `form-action 'self'`,
  `frame-ancestors 'none'`,
].join('; ');

interface ConsoleFile {
  body: Buffer;
  /** Null where compressing gains nothing. */
  gzipped: Buffer | null;
  type: string;
  etag: string;
  hashed: boolean;
}

export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

/** Beside the package: built into it when published, in the workspace's console package otherwise. Null when it was not built. */
export function findConsoleDir(): string | null {
  const places = [new URL('../console/', import.meta.url), new URL('../../../console/dist/', import.meta.url)];
  const found = places.find((place) => existsSync(new URL('index.html', place)));
  return found === undefined ? null : fileURLToPath(found);
}

/** By path, such as `/assets/main-Cx3k9.js`. Throws when the directory is larger than a console can be. */
export async function readConsoleFiles(dir: string, identity: Pick<Identity, 'hash'>): Promise<ConsoleFiles> {
  const files = new Map<string, ConsoleFile>();
  let bytes = 0;
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const type = contentTypes[extname(entry.name)];
    if (type === undefined) continue;
    const body = await readFile(path);
    bytes += body.length;
    if (files.size >= serverLimits.consoleFiles || bytes > serverLimits.consoleBytes) {
      throw new Refusal('INVALID_CONFIG', `${dir} holds more than a console: over ${serverLimits.consoleBytes} bytes`);
    }
    const name = path
      .slice(dir.length)
      .replace(/^[/\\]*/, '/')
      .replaceAll('\\', '/');
    const squeezed = compressible.test(type) ? await promisify(gzip)(body) : null;
    files.set(name, {
      body,
      gzipped: squeezed !== null && squeezed.length < body.length ? squeezed : null,
      type,
      etag: `"${identity.hash(body.toString('base64')).slice(0, 32)}"`,
      // Vite's names: assets/name-HASH.ext.
      hashed: /^\/assets\/.*-[\w-]{8}\.\w+$/.test(name),
    });
  }
  return files;
}

export function consoleRoutes(files: ConsoleFiles): Route[] {
  return [
    rawRoute({
      method: 'GET',
      url: '/*',
      permission: 'open',
      tag: 'Console',
      summary: 'The console.',
      contentType: '*/*',
      hidden: true,
      handler: async (request, reply) => serve(files, request, reply),
    }),
  ];
}

function serve(files: ConsoleFiles, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = pathOf(request);
  const isPage = !path.startsWith('/v1/') && !(path.split('/').at(-1) ?? '').includes('.');
  const file = files.get(path) ?? (isPage ? files.get('/index.html') : undefined);
  if (file === undefined) {
    const detail = isPage ? 'the console was not built; `npm run build` makes it' : `there is no GET ${path}`;
    throw new Refusal('NOT_FOUND', detail);
  }
  reply.header('etag', file.etag);
  reply.header('cache-control', file.hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  reply.header('content-security-policy', consolePolicy);
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  reply.type(file.type).header('vary', 'accept-encoding');
  const zip = file.gzipped !== null && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (!zip || file.gzipped === null) return reply.send(file.body);
  return reply.header('content-encoding', 'gzip').send(file.gzipped);
}
