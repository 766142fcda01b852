// Idempotency keys of a batch of submissions, of single runs and of requests as a whole: who holds each key, and which submissions
// misuse one.

import { Refusal } from '@tidewheel/protocol';
import { runIdAfter } from '../core/run-ids.ts';
import type { Tx } from '../ports/database.ts';
import { jobKey } from '../store/job-lookup.ts';
import { idempotencyGiveBack, idempotencyTake, type IdempotencyClaim } from '../store/runs-submit.ts';
import type { MasterContext } from './deps.ts';
import { batchKeySuffix, type RunRequest, type Submission } from './submission.ts';

interface KeyedClaim extends IdempotencyClaim {
  submission: number;
  /** The key as the caller gave it. */
  given: string;
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
      `the key "${claim.given}" belongs to another request`,
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
    const { namespace, requests, runIds, payloads } = one;
    const claim = (given: string, suffix: string, runId: string | undefined, text: string): void => {
      const fingerprint = context.identity.hash(text);
      claims.push({ submission, namespace, given, key: given + suffix, runId: runId ?? '', fingerprint });
    };
    const wanted = (request: RunRequest, index: number) => [
      request.job,
      request.delayMs ?? 0,
      request.priority ?? null,
      payloads[index] ?? null,
    ];
    if (one.key !== null) {
      const all = requests.map((request, index) => [...wanted(request, index), request.idempotencyKey ?? null]);
      claim(one.key, batchKeySuffix, runIds[0], JSON.stringify(all));
    }
    for (const [index, request] of requests.entries()) {
      if (request.idempotencyKey === undefined) continue;
      claim(request.idempotencyKey, '', runIds[index], JSON.stringify(wanted(request, index)));
    }
  }
  return claims;
}

/** The run that a request stands for: its own new one, or that which `holders` (key → run) says was made for it before. */
export function runOf(one: Submission, index: number, holders: ReadonlyMap<string, string>): string {
  const own = one.runIds[index] ?? '';
  const key = one.requests[index]?.idempotencyKey;
  if (key !== undefined) return holders.get(jobKey(one.namespace, key)) ?? own;
  if (one.key === null) return own;
  const first = holders.get(jobKey(one.namespace, `${one.key}${batchKeySuffix}`));
  return first === undefined ? own : runIdAfter(first, index);
}
