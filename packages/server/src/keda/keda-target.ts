// Whom a ScaledObject means: the metadata of its trigger, read. KEDA hands over all of it, its own keys too, so keys that are not
// known here are left alone.

import { limits, nameSchema, namespaceSchema, parseDuration, Refusal } from '@tidewheel/protocol';
import type { ScalingTarget } from '../core/scaling/figures.ts';

const slotsUsual = 8;
const waitUsualMs = 10_000;

/** Throws VALIDATION_FAILED, which names the key. */
export function targetOf(metadata: Readonly<Record<string, string>>): ScalingTarget {
  const named = (key: string): string | undefined => (metadata[key] === '' ? undefined : metadata[key]);
  const namespace = checked('namespace', named('namespace') ?? 'default', namespaceSchema);
  const [pool, queue] = [named('pool'), named('queue')];
  if ((pool === undefined) === (queue === undefined))
    throw refusal('name either `pool` or `queue` in the metadata of the trigger', 'pool');
  if (pool !== undefined) return { kind: 'pool', namespace, pool: checked('pool', pool, nameSchema) };
  const objective = { slots: slotsOf(named('slots')), waitMs: waitOf(named('wait')) };
  return { kind: 'queue', namespace, queue: checked('queue', queue ?? '', nameSchema), objective };
}

function checked(key: string, value: string, schema: typeof nameSchema): string {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw refusal(
    `\`${key}\` is "${value.slice(0, limits.nameChars)}"; ${read.error.issues[0]?.message ?? 'invalid'}`,
    key,
  );
}

function slotsOf(text: string | undefined): number {
  if (text === undefined) return slotsUsual;
  const slots = Number(text);
  if (!Number.isInteger(slots) || slots < 1 || slots > limits.poolSlots)
    throw refusal(
      `\`slots\` is "${text.slice(0, 40)}"; expected a whole number from 1 to ${limits.poolSlots}`,
      'slots',
    );
  return slots;
}

function waitOf(text: string | undefined): number {
  if (text === undefined) return waitUsualMs;
  const ms = parseDuration(text);
  if (ms === null || ms < 100)
    throw refusal(`\`wait\` is "${text.slice(0, 40)}"; expected 100ms or more, such as 10s`, 'wait');
  return ms;
}

function refusal(detail: string, key: string): Refusal {
  return new Refusal('VALIDATION_FAILED', detail, { faults: [{ pointer: `/scalerMetadata/${key}`, detail }] });
}
