// The entries of a tar stream as pg_basebackup writes it: plain files, directories and links, names of up to 255 bytes.

export interface TarEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  readonly mode: number;
  readonly bytes: number;
  /** To be read to its end before the next entry is asked for; what is left is passed over. */
  readonly content: AsyncIterable<Uint8Array>;
}

const block = 512;

/** Throws an Error when the stream is not one, or ends before its end. */
export async function* tarEntries(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const source = new BlockSource(stream);
  for (;;) {
    const header = await source.take(block);
    if (header.every((byte) => byte === 0)) return;
    const bytes = sizeOf(header);
    const padded = Math.ceil(bytes / block) * block;
    const content = source.through(bytes);
    yield { path: pathOf(header), kind: kindOf(header), mode: octal(header, 100, 8) & 0o777, bytes, content };
    for await (const _ of content);
    await source.take(padded - bytes);
  }
}

function kindOf(header: Buffer): TarEntry['kind'] {
  const flag = header.toString('latin1', 156, 157);
  if (flag === '0' || flag === '\0') return 'file';
  if (flag === '5') return 'directory';
  if (flag === '1' || flag === '2') return 'link';
  throw new Error(`an entry of the kind "${flag}"`);
}

function pathOf(header: Buffer): string {
  const [name, prefix] = [text(header, 0, 100), text(header, 345, 155)];
  const isUstar = header.toString('latin1', 257, 262) === 'ustar';
  return isUstar && prefix !== '' ? `${prefix}/${name}` : name;
}

/** Large ones are written in binary, with the first bit set. */
function sizeOf(header: Buffer): number {
  if (((header[124] ?? 0) & 0x80) === 0) return octal(header, 124, 12);
  return Number(header.readBigUInt64BE(128));
}

function octal(header: Buffer, at: number, length: number): number {
  const value = Number.parseInt(text(header, at, length).trim() || '0', 8);
  if (!Number.isSafeInteger(value)) throw new Error('a header that is not one of tar');
  return value;
}

function text(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

class BlockSource {
  readonly #parts: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#parts = stream[Symbol.asyncIterator]();
  }

  async take(bytes: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.through(bytes)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Goes on where it was left when it is iterated again. */
  through(bytes: number): AsyncIterable<Uint8Array> {
    let left = bytes;
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      if (left === 0) return { done: true, value: undefined };
      if (this.#rest.length === 0) await this.#fetch();
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      return { done: false, value: part };
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  async #fetch(): Promise<void> {
    const next = await this.#parts.next();
    if (next.done === true) throw new Error('the stream ended in the middle');
    this.#rest = next.value;
  }
}
