// How a refusal leaves the door for KEDA: the code of gRPC that fits, and in its text our own code with the remedy, because the text is
// all that the events of a ScaledObject show.

import { Code, ConnectError } from '@connectrpc/connect';
import { errorCatalogue, Refusal } from '@tidewheel/protocol';
import { InvariantBroken } from '../core/invariant.ts';
import { OutcomeUnknown, StoreUnavailable } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';

export interface RefusalDeps {
  readonly log: Log;
  /** Called once with a defect; the owner stops the process. */
  readonly fatal: (error: unknown) => void;
}

const codes: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  404: Code.NotFound,
  422: Code.InvalidArgument,
  429: Code.ResourceExhausted,
  503: Code.Unavailable,
};

export function connectErrorOf(error: unknown, { log, fatal }: RefusalDeps): ConnectError {
  if (error instanceof Refusal) return refused(error);
  if (error instanceof StoreUnavailable || error instanceof OutcomeUnknown)
    return refused(new Refusal('UNAVAILABLE', 'the store does not answer', { cause: error }));
  log.error('a call of KEDA failed', { error });
  if (error instanceof InvariantBroken) fatal(error);
  return refused(new Refusal('INTERNAL', 'the call failed; the log of the master says why'));
}

function refused(refusal: Refusal): ConnectError {
  const text = `${refusal.code}: ${refusal.message}. ${errorCatalogue[refusal.code].remedy}`;
  return new ConnectError(text, codes[refusal.status] ?? Code.Internal);
}
