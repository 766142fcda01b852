// A stream of bytes cut into pieces of one size, the last of which may be shorter; and lines put together from one.

export async function* cutInto(content: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(size);
  let filled = 0;
  for await (let part of content) {
    while (part.length > 0) {
      const taken = part.subarray(0, size - filled);
      piece.set(taken, filled);
      filled += taken.length;
      part = part.subarray(taken.length);
      if (filled < size) continue;
      yield piece;
      piece = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/** Lines of UTF-8 text, without their ends. */
export async function* linesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let open = '';
  for await (const part of content) {
    const lines = (open + decoder.decode(part, { stream: true })).split('\n');
    open = lines.pop() ?? '';
    yield* lines;
  }
  open += decoder.decode();
  if (open !== '') yield open;
}
