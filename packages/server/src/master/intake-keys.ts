// Idempotency keys of a batch of submissions: who holds each key, and which submissions misuse one.

import { Refusal } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import { jobKey } from '../store/job-lookup.ts';
import { idempotencyGiveBack, idempotencyTake, type IdempotencyClaim } from '../store/runs-submit.ts';
import type { MasterContext } from './deps.ts';
import type { Submission } from './submission.ts';

interface KeyedClaim extends IdempotencyClaim {
  submission: number;
}

/**
 * Takes the keys of all submissions that are not refused yet; answers key → run that holds it.
 * A key that was used for another request turns its submission's entry of `refusals` into a refusal and gives its fresh keys back.
 */
export async function takeKeys(
  tx: Tx,
  context: Pick<MasterContext, 'identity' | 'settings'>,
  batch: readonly Submission[],
  refusals: (Refusal | undefined)[],
): Promise<Map<string, string>> {
  const claims = claimsOf(context, batch, refusals);
  const first = new Map<string, KeyedClaim>();
  for (const claim of claims) {
    const key = jobKey(claim.namespace, claim.key);
    if (!first.has(key)) first.set(key, claim);
  }
  const holders = await idempotencyTake(tx, [...first.values()], context.settings.idempotencyTtlMs);
  const byKey = new Map(holders.map((holder) => [jobKey(holder.namespace, holder.key), holder]));
  let refused = false;
  for (const claim of claims) {
    const holder = byKey.get(jobKey(claim.namespace, claim.key));
    if (holder === undefined || holder.fingerprint === claim.fingerprint || refusals[claim.submission] !== undefined)
      continue;
    refusals[claim.submission] = new Refusal(
      'IDEMPOTENCY_MISMATCH',
      `the key "${claim.key}" belongs to another request`,
    );
    refused = true;
  }
  if (refused) {
    // Once more without the refused: a key that one of them took first may be another's.
    await idempotencyGiveBack(
      tx,
      claims.map((claim) => claim.runId),
    );
    return takeKeys(tx, context, batch, refusals);
  }
  return new Map(holders.map((holder) => [jobKey(holder.namespace, holder.key), holder.runId]));
}

/** The keys that the submissions bring which are not refused. */
export function claimsOf(
  context: Pick<MasterContext, 'identity'>,
  batch: readonly Submission[],
  refusals: readonly (Refusal | undefined)[],
): KeyedClaim[] {
  const claims: KeyedClaim[] = [];
  for (const [submission, one] of batch.entries()) {
    if (refusals[submission] !== undefined) continue;
    for (const [index, request] of one.requests.entries()) {
      if (request.idempotencyKey === undefined) continue;
      const { job, delayMs, priority } = request;
      claims.push({
        submission,
        namespace: one.namespace,
        key: request.idempotencyKey,
        runId: one.runIds[index] ?? '',
        fingerprint: context.identity.hash(
          JSON.stringify([job, delayMs ?? 0, priority ?? null, one.payloads[index] ?? null]),
        ),
      });
    }
  }
  return claims;
}
