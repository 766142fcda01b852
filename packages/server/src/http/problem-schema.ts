// The shape of every refusal in the API reference.

import { errorCatalogue, type ErrorCode } from '@tidewheel/protocol';
import { z } from 'zod';

const codes = Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]];

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.enum(codes),
  remedy: z.string(),
  requestId: z.string().optional(),
  /** Pointers into the body; `/query/…` and `/path/…` for parameters. */
  errors: z
    .array(
      z.object({
        pointer: z.string(),
        detail: z.string(),
        line: z.number().int().optional(),
        column: z.number().int().optional(),
      }),
    )
    .optional(),
});
