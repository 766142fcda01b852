// Names and labels that people choose, and ids that Tidewheel makes.

import { z } from 'zod';
import { limits } from './limits.ts';

const namePattern = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/;

/** Names of jobs, schedules, queues, workers: letters, digits, `.`, `_`, `-`, `/`, beginning and ending with a letter or digit. */
export const nameSchema = z
  .string()
  .min(1)
  .max(limits.nameChars)
  .regex(namePattern, 'a name holds letters, digits, ".", "_", "-" and "/" and begins and ends with a letter or digit');

/** A namespace stands in paths, so it is stricter than other names. */
export const namespaceSchema = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, 'a namespace holds lower-case letters, digits and "-"');

export const idSchema = z.uuid();

/** Small key–value pairs: a worker's labels, and the labels that a job demands. */
export const labelsSchema = z
  .record(z.string().min(1).max(limits.labelChars), z.string().max(limits.labelChars))
  .refine((labels) => Object.keys(labels).length <= limits.labelCount, `at most ${limits.labelCount} labels`);
export type Labels = z.infer<typeof labelsSchema>;

/** Milliseconds since 1970, UTC. */
export const timeSchema = z.number().int();
