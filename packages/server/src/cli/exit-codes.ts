// What the process answers to its caller. Scripts rely on these numbers, so they never change their meaning.

import type { ErrorCode, RunState } from '@tidewheel/protocol';

export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  auth: 5,
  unreachable: 6,
  /** Outcomes of a run that was waited for. */
  runFailed: 10,
  runCanceled: 11,
  runTimedOut: 12,
  waitTimedOut: 124,
  /** Ended by SIGINT, as shells count it. */
  interrupted: 130,
  /** `plan` failed; its 1 means "there are changes". */
  planFailed: 255,
} as const;

const byErrorCode: Record<ErrorCode, number> = {
  BAD_REQUEST: exitCodes.error,
  VALIDATION_FAILED: exitCodes.error,
  INVALID_CRON: exitCodes.error,
  UNKNOWN_TIMEZONE: exitCodes.error,
  INVALID_RRULE: exitCodes.error,
  UNKNOWN_CALENDAR: exitCodes.error,
  CALENDAR_IN_USE: exitCodes.conflict,
  POOL_CONFLICT: exitCodes.conflict,
  DUPLICATE_NAME: exitCodes.conflict,
  OTHER_SOURCE: exitCodes.conflict,
  PAYLOAD_TOO_LARGE: exitCodes.error,
  UNAUTHENTICATED: exitCodes.auth,
  FORBIDDEN: exitCodes.auth,
  RESERVED_NAMESPACE: exitCodes.auth,
  NOT_FOUND: exitCodes.notFound,
  UNKNOWN_JOB: exitCodes.notFound,
  CONFLICT: exitCodes.conflict,
  IDEMPOTENCY_MISMATCH: exitCodes.conflict,
  STALE_VERSION: exitCodes.conflict,
  VERSION_REQUIRED: exitCodes.conflict,
  TOO_MANY_REQUESTS: exitCodes.error,
  UNAVAILABLE: exitCodes.unreachable,
  STORE_FULL: exitCodes.unreachable,
  SHUTTING_DOWN: exitCodes.unreachable,
  INTERNAL: exitCodes.error,
  INVALID_FILE: exitCodes.error,
  INVALID_CONFIG: exitCodes.usage,
  PUBLIC_WITHOUT_TLS: exitCodes.usage,
  KEDA_OPEN: exitCodes.usage,
  DATABASE_NEWER: exitCodes.conflict,
  DATABASE_CORRUPT: exitCodes.error,
  DATABASE_CHANGED: exitCodes.conflict,
  DATABASE_LOCKED: exitCodes.conflict,
  STORE_UNREACHABLE: exitCodes.unreachable,
  STORE_IS_REPLICA: exitCodes.unreachable,
  STORE_OTHER_CLUSTER: exitCodes.conflict,
  COORDINATOR_REFUSED: exitCodes.usage,
  COORDINATOR_UNREACHABLE: exitCodes.unreachable,
  OUTCOME_UNKNOWN: exitCodes.error,
  PROTOCOL_ERROR: exitCodes.error,
  PROTOCOL_VERSION: exitCodes.error,
  FRAME_TOO_LARGE: exitCodes.error,
  SESSION_DEAD: exitCodes.conflict,
  LOCK_HELD: exitCodes.conflict,
  LOCK_LOST: exitCodes.conflict,
  REBALANCE: exitCodes.unreachable,
  WRONG_CLUSTER: exitCodes.conflict,
  ADDRESS_TAKEN: exitCodes.conflict,
  LAST_MASTER: exitCodes.conflict,
  STORE_CLOSED: exitCodes.conflict,
  TARGET_NOT_EMPTY: exitCodes.conflict,
  INTERRUPTED: exitCodes.interrupted,
  BACKUP_CORRUPT: exitCodes.error,
  BACKUP_NEWER: exitCodes.conflict,
  BACKUP_KEY: exitCodes.conflict,
  BACKUP_BUSY: exitCodes.conflict,
  BACKUP_FAILED: exitCodes.error,
  BACKUP_TARGET: exitCodes.unreachable,
  OTHER_CLUSTER: exitCodes.conflict,
  RESTORE_GAP: exitCodes.conflict,
  WAL_CONFLICT: exitCodes.conflict,
  SCALER_FAILED: exitCodes.unreachable,
  SCALER_NOT_ALLOWED: exitCodes.auth,
  UNREACHABLE: exitCodes.unreachable,
  WAIT_TIMED_OUT: exitCodes.waitTimedOut,
};

export function exitCodeOfError(code: ErrorCode): number {
  return byErrorCode[code];
}

/** `timedOut`: the last attempt, or the wait for a start, ran into a timeout of the job. */
export function exitCodeOfRun(state: RunState, timedOut: boolean): number {
  switch (state) {
    case 'succeeded':
      return exitCodes.ok;
    case 'canceled':
    case 'skipped':
      return exitCodes.runCanceled;
    case 'failed':
      return timedOut ? exitCodes.runTimedOut : exitCodes.runFailed;
    case 'lost':
      return exitCodes.runFailed;
    case 'blocked':
    case 'scheduled':
    case 'ready':
    case 'running':
      return exitCodes.error;
  }
}
