// Frames of the worker protocol on their way in and out. Each message is checked by its schema: measured at 1 microsecond a
// message beside 0.4 for JSON.parse, a tiny share of what settling a run costs, so nothing is checked by hand.

import { limits, type MasterMessage, readFrame, type WorkerMessage, workerMessageSchema } from '@tidewheel/protocol';

export function readWorkerFrame(text: string): { ok: true; messages: WorkerMessage[] } | { ok: false; reason: string } {
  return readFrame(workerMessageSchema, text);
}

/** As few frames as the limits on messages and bytes allow. */
export function framesOf(messages: readonly MasterMessage[]): string[] {
  const frames: string[] = [];
  let parts: string[] = [];
  let bytes = 0;
  for (const message of messages) {
    const part = JSON.stringify(message);
    const size = Buffer.byteLength(part) + 1;
    if (parts.length > 0 && (parts.length >= limits.messagesPerFrame || bytes + size >= limits.frameBytes)) {
      frames.push(`[${parts.join(',')}]`);
      parts = [];
      bytes = 0;
    }
    parts.push(part);
    bytes += size;
  }
  if (parts.length > 0) frames.push(`[${parts.join(',')}]`);
  return frames;
}
