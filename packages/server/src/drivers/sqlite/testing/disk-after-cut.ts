// What files hold after a power cut, from a record of system calls: what was written before a file's last sync is there; of what came later
// each sector of 512 bytes may be there or not, as chance has it. Names of files that were made or cut are taken to be there. Test code only.

export type DiskCall =
  | { readonly kind: 'open'; readonly fd: number; readonly path: string }
  | { readonly kind: 'close'; readonly fd: number }
  | { readonly kind: 'write'; readonly fd: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly fd: number; readonly length: number }
  | { readonly kind: 'sync'; readonly fd: number }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'say'; readonly text: string };

const sector = 512;

interface Pending {
  readonly at: number;
  readonly bytes: Buffer;
}

class DiskFile {
  safe: Buffer = Buffer.alloc(0);
  pending: Pending[] = [];

  sync(): void {
    for (const { at, bytes } of this.pending) this.safe = withBytes(this.safe, at, bytes);
    this.pending = [];
  }

  cut(chance: () => boolean): Buffer {
    let left = this.safe;
    for (const { at, bytes } of this.pending)
      for (let from = 0; from < bytes.length; from += sector)
        if (chance()) left = withBytes(left, at + from, bytes.subarray(from, from + sector));
    return left;
  }
}

function withBytes(file: Buffer, at: number, bytes: Buffer): Buffer {
  const end = at + bytes.length;
  const grown = end > file.length ? Buffer.concat([file, Buffer.alloc(end - file.length)]) : Buffer.from(file);
  bytes.copy(grown, at);
  return grown;
}

/** Plays calls one after the other. */
export class Disk {
  readonly #files = new Map<string, DiskFile>();
  readonly #open = new Map<number, string>();
  acknowledged = Number.NEGATIVE_INFINITY;

  play(call: DiskCall): void {
    switch (call.kind) {
      case 'open':
        this.#open.set(call.fd, call.path);
        if (!this.#files.has(call.path)) this.#files.set(call.path, new DiskFile());
        return;
      case 'close':
        this.#open.delete(call.fd);
        return;
      case 'write':
        this.#at(call.fd)?.pending.push({ at: call.at, bytes: call.bytes });
        return;
      case 'truncate': {
        // Held to be durable with what came before, so that a log that was cut cannot come back whole.
        const file = this.#at(call.fd);
        file?.sync();
        if (file !== undefined) file.safe = file.safe.subarray(0, call.length);
        return;
      }
      case 'sync':
        this.#at(call.fd)?.sync();
        return;
      case 'unlink':
        this.#files.delete(call.path);
        return;
      case 'say':
        for (const [, n] of call.text.matchAll(/acknowledged (-?\d+)/g)) this.acknowledged = Number(n);
    }
  }

  /** By path. */
  cut(chance: () => boolean): Map<string, Buffer> {
    return new Map([...this.#files].map(([path, file]) => [path, file.cut(chance)]));
  }

  #at(fd: number): DiskFile | undefined {
    return this.#files.get(this.#open.get(fd) ?? '');
  }
}

/** Lines of `strace -f -xx -s LARGE -e trace=openat,close,pwrite64,write,ftruncate,fsync,fdatasync,unlink`. */
export function callsOf(record: string): DiskCall[] {
  const calls: DiskCall[] = [];
  for (const line of joined(record)) {
    const [, name, args = '', result = ''] = /^\d+ +(\w+)\((.*)\) += (-?\d+)/.exec(line) ?? [];
    const call = name === undefined || Number(result) < 0 ? null : callOf(name, args, Number(result));
    if (call !== null) calls.push(call);
  }
  return calls;
}

/** Calls that another thread interrupted in the record are told in two lines. */
function joined(record: string): string[] {
  const open = new Map<string, string>();
  return record.split('\n').flatMap((line) => {
    const [, thread = '', begun] = /^(\d+) +(\w+\(.*) <unfinished \.\.\.>$/.exec(line) ?? [];
    if (begun !== undefined) {
      open.set(thread, begun);
      return [];
    }
    const [, same = '', rest] = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/.exec(line) ?? [];
    return rest === undefined ? [line] : [`${same} ${open.get(same) ?? ''}${rest}`];
  });
}

function callOf(name: string, args: string, result: number): DiskCall | null {
  const fd = Number.parseInt(args, 10);
  const [, text = ''] = /"((?:\\x[0-9a-f]{2})*)"/.exec(args) ?? [];
  const bytes = Buffer.from(text.replaceAll('\\x', ''), 'hex');
  const last = Number(/(-?\d+)$/.exec(args)?.[1]);
  switch (name) {
    case 'openat':
      return { kind: 'open', fd: result, path: bytes.toString() };
    case 'close':
      return { kind: 'close', fd };
    case 'pwrite64':
      return { kind: 'write', fd, at: last, bytes };
    case 'ftruncate':
      return { kind: 'truncate', fd, length: last };
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', fd };
    case 'unlink':
      return { kind: 'unlink', path: bytes.toString() };
    case 'write':
      return fd === 1 ? { kind: 'say', text: bytes.toString() } : null;
    default:
      return null;
  }
}
