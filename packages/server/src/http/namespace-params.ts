// Path and query shapes that many routes share.

import { idSchema, nameSchema, namespaceSchema, pageQuerySchema, Refusal } from '@tidewheel/protocol';
import { z } from 'zod';

export const inNamespace = z.object({ ns: namespaceSchema });
export const namedInNamespace = z.object({ ns: namespaceSchema, name: nameSchema });
export const idInNamespace = z.object({ ns: namespaceSchema, id: idSchema });

/** `q`: part of the name, in any case. */
export const searchQuery = pageQuerySchema.extend({ q: z.string().min(1).max(200).optional() });

/** Of a definition that is put under its name. */
export function assertNameOfPath(body: { readonly name: string }, { name }: { readonly name: string }): void {
  if (body.name === name) return;
  throw new Refusal('VALIDATION_FAILED', 'the name in the body is not the one in the path', {
    faults: [{ pointer: '/name', detail: `must be "${name}"` }],
  });
}
