// Pieces of backups: compressed, and encrypted with AES-256-GCM when there is a key. One byte says which:
//
//   0x00 bytes · 0x01 zstd(bytes) · 0x02 nonce(12) AES-GCM(0x00 or 0x01 …) tag(16)
//
// The name is bound to the ciphertext, so that one piece cannot be put in the place of another. Keys for names, pieces and marks are
// derived from the one in the file, each for its purpose.

import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import type { ChunkSeal } from '../../ports/chunk-seal.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const plain = 0;
const packed = 1;
const encrypted = 2;
const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;
const zstd = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

interface Keys {
  readonly id: string;
  readonly names: Buffer;
  readonly pieces: Buffer;
  readonly marks: Buffer;
}

/** The text of a key file: one key a line, as 64 hex digits or base64 of 32 bytes. The first seals; all open. */
export function readKeys(text: string): Buffer[] {
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Buffer.from(line, /^[0-9a-fA-F]{64}$/.test(line) ? 'hex' : 'base64'));
  if (keys.length === 0 || keys.some((key) => key.length !== keyBytes))
    throw new Refusal('BACKUP_KEY', 'a key is 64 hex digits, or base64 of 32 bytes, one on a line');
  return keys;
}

/** `secret`: 32 unguessable bytes in base64url, never the same again: nonces are made of them. */
export function chunkSeal(masterKeys: readonly Buffer[], secret: () => string): ChunkSeal {
  const all = masterKeys.map(derived);
  const own = all[0] ?? null;
  const keysOf = (id: string | null): Keys | null => {
    if (id === null) return null;
    const found = all.find((keys) => keys.id === id);
    if (found === undefined)
      throw new Refusal(
        'BACKUP_KEY',
        `it was sealed with the key ${id}; at hand: ${all.map((keys) => keys.id).join(', ') || 'none'}`,
      );
    return found;
  };
  return {
    keyId: own?.id ?? null,
    idOf: (bytes) => nameOf(own, bytes),
    seal: async (id, bytes) => {
      const small = await compress(bytes, zstd);
      const body = small.length < bytes.length ? framed(packed, small) : framed(plain, bytes);
      return own === null ? body : encrypt(own, id, body, Buffer.from(secret(), 'base64url').subarray(0, nonceBytes));
    },
    open: async (keyId, id, sealed) => {
      const keys = keysOf(keyId);
      const body = keys === null ? sealed : decrypt(keys, id, sealed);
      const bytes = await unframed(body, id);
      if (nameOf(keys, bytes) !== id) throw damaged(id);
      return bytes;
    },
    mark: (keyId, text) => {
      const keys = keysOf(keyId);
      return keys === null ? createHash('sha256').update(text).digest('hex') : hmac(keys.marks, text);
    },
  };
}

function derived(key: Buffer): Keys {
  const part = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', key, '', `tidewheel backup ${purpose}`, keyBytes));
  return {
    id: part('key id').toString('hex').slice(0, 16),
    names: part('names'),
    pieces: part('pieces'),
    marks: part('marks'),
  };
}

function nameOf(keys: Keys | null, bytes: Uint8Array): string {
  return keys === null ? createHash('sha256').update(bytes).digest('hex') : hmac(keys.names, bytes);
}

function hmac(key: Buffer, data: string | Uint8Array): string {
  return createHmac('sha256', key).update(data).digest('hex');
}

function framed(kind: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(kind), bytes]);
}

function encrypt(keys: Keys, id: string, body: Buffer, nonce: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', keys.pieces, nonce).setAAD(Buffer.from(id));
  const text = Buffer.concat([cipher.update(body), cipher.final()]);
  return Buffer.concat([Buffer.of(encrypted), nonce, text, cipher.getAuthTag()]);
}

function decrypt(keys: Keys, id: string, sealed: Uint8Array): Buffer {
  if (sealed[0] !== encrypted || sealed.length < 1 + nonceBytes + tagBytes) throw damaged(id);
  const tagAt = sealed.length - tagBytes;
  const decipher = createDecipheriv('aes-256-gcm', keys.pieces, sealed.subarray(1, 1 + nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(id)).setAuthTag(sealed.subarray(tagAt));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes, tagAt)), decipher.final()]);
  } catch (error) {
    throw damaged(id, error);
  }
}

async function unframed(body: Uint8Array, id: string): Promise<Uint8Array> {
  if (body[0] === plain) return body.subarray(1);
  if (body[0] !== packed) throw damaged(id);
  try {
    return await decompress(body.subarray(1), { maxOutputLength: serverLimits.backupChunkBytes });
  } catch (error) {
    throw damaged(id, error);
  }
}

function damaged(id: string, cause?: unknown): Refusal {
  return new Refusal('BACKUP_CORRUPT', `the piece ${id} is not what it was`, { cause });
}
