// Turns the bytes of a pipe into whole lines of text. A line without end is passed on in pieces, so that memory is bounded.

import { StringDecoder } from 'node:string_decoder';
import { limits } from '@tidewheel/protocol';

export class LineReader {
  readonly #decoder = new StringDecoder('utf8');
  readonly #write: (text: string) => void;
  #rest = '';

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  push(bytes: Buffer): void {
    const text = this.#rest + this.#decoder.write(bytes);
    const end = text.lastIndexOf('\n') + 1;
    if (end > 0) this.#write(text.slice(0, end));
    this.#rest = text.slice(end);
    if (this.#rest.length > limits.logChunkBytes / 4) this.#flush();
  }

  end(): void {
    this.#rest += this.#decoder.end();
    this.#flush();
  }

  #flush(): void {
    if (this.#rest !== '') this.#write(this.#rest);
    this.#rest = '';
  }
}
