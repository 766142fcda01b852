// Sizes of text as it travels, in UTF-8 bytes, and cutting it without breaking a character.

export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // A surrogate pair is two units and four bytes, so each half counts two.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** The longest beginning of `text` from `from` on that has at most `maxBytes` bytes: the index where it ends. */
export function utf8Cut(text: string, from: number, maxBytes: number): number {
  let bytes = 0;
  let index = from;
  while (index < text.length) {
    const unit = text.charCodeAt(index);
    const pair = unit >= 0xd800 && unit <= 0xdbff && index + 1 < text.length;
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : pair ? 4 : 3;
    if (bytes > maxBytes) return index;
    index += pair ? 2 : 1;
  }
  return index;
}

/** At most `maxBytes`, with a mark where it was cut. */
export function shortened(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || utf8Bytes(text) <= maxBytes) return text;
  const mark = ' … (cut)';
  return text.slice(0, utf8Cut(text, 0, maxBytes - utf8Bytes(mark))) + mark;
}
