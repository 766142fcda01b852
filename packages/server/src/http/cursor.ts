// Page cursors: opaque to clients, the key of the last item to us. They are checked like any other input.

import { Refusal } from '@tidewheel/protocol';
import { z } from 'zod';
import type { Slice } from '../store/page.ts';

export function encodeCursor(key: unknown): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** Null when there is none. */
export function decodeCursor<T>(schema: z.ZodType<T>, text: string | undefined): T | null {
  if (text === undefined) return null;
  const parsed = schema.safeParse(jsonOf(Buffer.from(text, 'base64url').toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new Refusal('VALIDATION_FAILED', 'the cursor is not one that this list has given', {
    faults: [{ pointer: '/query/cursor', detail: 'send nextCursor of the page before, or nothing' }],
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function pageOf<T>(slice: Slice<T, unknown>): { items: T[]; nextCursor: string | null } {
  return { items: slice.items, nextCursor: slice.next === null ? null : encodeCursor(slice.next) };
}

export const idCursor = z.uuid();
export const nameCursor = z.string().min(1).max(200);
export const timeCursor = z.number().int();
