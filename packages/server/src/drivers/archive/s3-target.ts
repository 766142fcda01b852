// Backups in a store of objects that speaks S3: Amazon's own, MinIO, Ceph and others. Objects are small, so each travels in one signed
// request, whose checksum the server verifies before it keeps anything.

import { createHash } from 'node:crypto';
import { Refusal } from '@tidewheel/protocol';
import { AwsClient } from 'aws4fetch';
import type { BackupTarget } from '../../ports/backup-target.ts';

export interface S3Options {
  /** Such as https://s3.eu-central-1.amazonaws.com; the bucket stands in the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Before every key. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const timeoutMs = 60_000;
/** Answers that may be better when asked again are asked for so often, with growing pauses between. */
const retries = 4;
const explanationCharacters = 300;

export function s3Target(options: S3Options): BackupTarget {
  return new S3Target(options);
}

class S3Target implements BackupTarget {
  readonly name: string;
  readonly #base: string;
  readonly #prefix: string;
  readonly #client: AwsClient;

  constructor({ endpoint, region, bucket, prefix, accessKeyId, secretAccessKey }: S3Options) {
    this.name = `s3:${endpoint}/${bucket}/${prefix}`;
    this.#base = `${endpoint}/${bucket}`;
    this.#prefix = prefix;
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries, initRetryMs: 100 });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#write(key, bytes, {});
  }

  async putNew(key: string, bytes: Uint8Array): Promise<boolean> {
    if (await this.#write(key, bytes, { 'if-none-match': '*' })) return true;
    // It may have been this very request, asked again after its answer was lost.
    const there = await this.get(key);
    return there !== null && Buffer.from(there).equals(bytes);
  }

  async get(key: string): Promise<Uint8Array | null> {
    const response = await this.#send('GET', this.#urlOf(key));
    if (response.status === 404) return this.#missing(response);
    await this.#assertFine(response, 'GET', key);
    return this.#whole(response, key);
  }

  async *list(prefix: string): AsyncGenerator<string> {
    for (let token: string | null = null; ; ) {
      const url = new URL(this.#base);
      url.searchParams.set('list-type', '2');
      url.searchParams.set('prefix', this.#prefix + prefix);
      if (token !== null) url.searchParams.set('continuation-token', token);
      const response = await this.#send('GET', url.href);
      await this.#assertFine(response, 'LIST', prefix);
      const text = new TextDecoder().decode(await this.#whole(response, prefix));
      for (const [, key = ''] of text.matchAll(/<Key>([^<]*)<\/Key>/g)) yield plainText(key).slice(this.#prefix.length);
      const [, next] = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(text) ?? [];
      if (next === undefined) return;
      token = plainText(next);
    }
  }

  async ageMs(key: string): Promise<number | null> {
    const response = await this.#send('HEAD', this.#urlOf(key));
    if (response.status === 404) return null;
    await this.#assertFine(response, 'HEAD', key);
    const [put, now] = ['last-modified', 'date'].map((name) => Date.parse(response.headers.get(name) ?? ''));
    if (put === undefined || now === undefined || Number.isNaN(put) || Number.isNaN(now))
      throw this.#trouble(`HEAD ${key}: the answer does not say how old it is`);
    return now - put;
  }

  async delete(key: string): Promise<void> {
    const response = await this.#send('DELETE', this.#urlOf(key));
    if (response.status !== 404) await this.#assertFine(response, 'DELETE', key);
  }

  async #write(key: string, bytes: Uint8Array, condition: Record<string, string>): Promise<boolean> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const headers = { ...condition, 'content-type': 'application/octet-stream', 'x-amz-content-sha256': sha256 };
    const response = await this.#send('PUT', this.#urlOf(key), { headers, body: Buffer.from(bytes) });
    // 409: somebody else writes the same key in this moment.
    if ('if-none-match' in condition && (response.status === 412 || response.status === 409)) return false;
    await this.#assertFine(response, 'PUT', key);
    return true;
  }

  #urlOf(key: string): string {
    return `${this.#base}/${(this.#prefix + key).split('/').map(encodeURIComponent).join('/')}`;
  }

  async #send(method: string, url: string, more: RequestInit = {}): Promise<Response> {
    try {
      return await this.#client.fetch(url, { method, signal: AbortSignal.timeout(timeoutMs), ...more });
    } catch (error) {
      throw this.#trouble(`${method}: ${error instanceof Error ? error.message : String(error)}`, error);
    }
  }

  /** An absent bucket must not look like an absent object. */
  async #missing(response: Response): Promise<null> {
    const text = await response.text();
    if (text.includes('NoSuchBucket')) throw this.#trouble('there is no such bucket');
    return null;
  }

  async #whole(response: Response, key: string): Promise<Uint8Array> {
    try {
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      throw this.#trouble(`${key} was cut off`, error);
    }
  }

  async #assertFine(response: Response, what: string, key: string): Promise<void> {
    if (response.ok) return;
    const text = await response.text().catch(() => '');
    const [, code] = /<Code>([^<]*)<\/Code>/.exec(text) ?? [];
    throw this.#trouble(`${what} ${key}: ${response.status} ${code ?? text.slice(0, explanationCharacters)}`);
  }

  #trouble(why: string, cause?: unknown): Refusal {
    return new Refusal('BACKUP_TARGET', `${this.name}: ${why}`, { cause });
  }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function plainText(xml: string): string {
  return xml.replaceAll(
    /&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return entities[name ?? ''] ?? whole;
    },
  );
}
