// The lines of a body that never ends, each as soon as it is whole.

export class LineTooLong extends Error {
  constructor(most: number) {
    super(`a line is longer than ${most} bytes`);
    this.name = 'LineTooLong';
  }
}

/** What stands after the last line feed when the body ends is left out: it was cut off. */
export async function* linesOf(body: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > most) throw new LineTooLong(most);
    for (const line of lines) if (line.trim() !== '') yield line;
  }
}
