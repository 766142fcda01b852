// Path and query shapes that many routes share.

import { idSchema, nameSchema, namespaceSchema, pageQuerySchema } from '@tidewheel/protocol';
import { z } from 'zod';

export const inNamespace = z.object({ ns: namespaceSchema });
export const namedInNamespace = z.object({ ns: namespaceSchema, name: nameSchema });
export const idInNamespace = z.object({ ns: namespaceSchema, id: idSchema });

/** `q`: part of the name, in any case. */
export const searchQuery = pageQuerySchema.extend({ q: z.string().min(1).max(200).optional() });
