// Messages as frames of text: as few as the bound on a frame's bytes allows. No single message reaches that bound, because
// outputs and chunks of text have smaller ones.

import { limits, type WorkerMessage } from '@tidewheel/protocol';
import { utf8Bytes } from './text-size.ts';

export function* framesOf(messages: readonly WorkerMessage[], maxBytes: number = limits.frameBytes): Generator<string> {
  let parts: string[] = [];
  let bytes = 2;
  for (const message of messages) {
    const text = JSON.stringify(message);
    const size = utf8Bytes(text) + 1;
    if (parts.length > 0 && bytes + size > maxBytes) {
      yield `[${parts.join(',')}]`;
      parts = [];
      bytes = 2;
    }
    parts.push(text);
    bytes += size;
  }
  if (parts.length > 0) yield `[${parts.join(',')}]`;
}
