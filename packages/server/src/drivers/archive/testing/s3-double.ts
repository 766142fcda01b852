// A small server that speaks enough of S3 to be strict about it: it recomputes each signature, compares the checksum of each body, lists
// in pages, and honours If-None-Match. It may be told to fail now and then. Test code only.

import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface S3Double {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** The next so many requests are answered with 503. */
  failNext: number;
  /** Bytes that fit. */
  capacity: number;
  readonly refusals: string[];
  close(): Promise<void>;
}

export const doubleAccess = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'a/secret+of=the test',
  region: 'eu-test-1',
  bucket: 'tide',
};
const pageKeys = 3;

export async function startS3Double(): Promise<S3Double> {
  const objects = new Map<string, Buffer>();
  const refusals: string[] = [];
  const server: Server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      const { status, text, bytes } = answer(double, request, body);
      if (status >= 400) refusals.push(`${status} ${text ?? ''}`);
      send(response, status, bytes ?? Buffer.from(text ?? ''));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const double: S3Double = {
    endpoint: `http://127.0.0.1:${port}`,
    objects,
    failNext: 0,
    capacity: Number.POSITIVE_INFINITY,
    refusals,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return double;
}

interface Answer {
  readonly status: number;
  readonly text?: string;
  readonly bytes?: Buffer;
}

function answer(double: S3Double, request: IncomingMessage, body: Buffer): Answer {
  if (double.failNext > 0) {
    double.failNext -= 1;
    return problem(503, 'SlowDown');
  }
  const url = new URL(request.url ?? '/', double.endpoint);
  const amiss = signatureAmiss(request, url, body);
  if (amiss !== null) return problem(403, amiss);
  const [, bucket, ...rest] = url.pathname.split('/');
  if (bucket !== doubleAccess.bucket) return problem(404, 'NoSuchBucket');
  const key = rest.map(decodeURIComponent).join('/');
  switch (request.method) {
    case 'PUT': {
      if (request.headers['if-none-match'] === '*' && double.objects.has(key))
        return problem(412, 'PreconditionFailed');
      const used = double.objects.values().reduce((sum, { length }) => sum + length, 0);
      if (used + body.length > double.capacity) return problem(507, 'InsufficientStorage');
      double.objects.set(key, body);
      return { status: 200 };
    }
    case 'GET':
      if (url.searchParams.get('list-type') === '2') return list(double, url);
      return double.objects.has(key)
        ? { status: 200, bytes: double.objects.get(key) ?? Buffer.alloc(0) }
        : problem(404, 'NoSuchKey');
    case 'HEAD':
      return double.objects.has(key) ? { status: 200, bytes: Buffer.alloc(0) } : { status: 404 };
    case 'DELETE':
      double.objects.delete(key);
      return { status: 204 };
    default:
      return problem(405, 'MethodNotAllowed');
  }
}

function list({ objects }: S3Double, url: URL): Answer {
  const prefix = url.searchParams.get('prefix') ?? '';
  const after = url.searchParams.get('continuation-token') ?? '';
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted();
  const page = keys.slice(0, pageKeys);
  const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const more =
    keys.length > page.length ? `<NextContinuationToken>${escaped(page.at(-1) ?? '')}</NextContinuationToken>` : '';
  const contents = page.map((key) => `<Contents><Key>${escaped(key)}</Key></Contents>`).join('');
  return { status: 200, text: `<?xml version="1.0"?><ListBucketResult>${contents}${more}</ListBucketResult>` };
}

function problem(status: number, code: string): Answer {
  return { status, text: `<?xml version="1.0"?><Error><Code>${code}</Code></Error>` };
}

function send(response: ServerResponse, status: number, bytes: Buffer): void {
  const headers = { 'content-length': bytes.length, 'last-modified': new Date().toUTCString() };
  response.writeHead(status, status === 204 ? {} : headers);
  response.end(status === 204 ? undefined : bytes);
}

/** Version 4 of the signature, computed from the request as it arrived. */
function signatureAmiss(request: IncomingMessage, url: URL, body: Buffer): string | null {
  const header = request.headers.authorization ?? '';
  const [, id, date, region, signed, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    ) ?? [];
  if (id !== doubleAccess.accessKeyId || region !== doubleAccess.region) return 'InvalidAccessKeyId';
  const told = request.headers['x-amz-content-sha256'];
  const hash = createHash('sha256').update(body).digest('hex');
  const isBody = request.method === 'PUT';
  if (isBody && told !== hash) return 'XAmzContentSHA256Mismatch';
  const names = (signed ?? '').split(';');
  if (!names.includes('host') || !names.includes('x-amz-date')) return 'AccessDenied';
  const query = [...url.searchParams]
    .map(([name, value]) => `${strict(name)}=${strict(value)}`)
    .toSorted()
    .join('&');
  const canonical = [
    request.method,
    url.pathname,
    query,
    ...names.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}`),
    '',
    signed,
    told,
  ].join('\n');
  const scope = `${date}/${region}/s3/aws4_request`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, digest].join('\n');
  const key = [date ?? '', region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (from, part) =>
      createHmac('sha256', from)
        .update(part ?? '')
        .digest(),
    `AWS4${doubleAccess.secretAccessKey}`,
  );
  return createHmac('sha256', key).update(text).digest('hex') === signature ? null : 'SignatureDoesNotMatch';
}

function strict(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
