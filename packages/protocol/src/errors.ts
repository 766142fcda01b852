// The error catalogue: every refusal that a caller can meet, with its HTTP status and how to mend it.
// A test holds docs/reference/errors.md to this list.

import type { CatalogueEntry } from './error-entry.ts';
import { elasticErrors } from './errors-elastic.ts';

export const errorCatalogue = {
  BAD_REQUEST: {
    status: 400,
    title: 'The request cannot be read',
    remedy: 'Send well-formed JSON with the content type application/json.',
    retryable: false,
  },
  VALIDATION_FAILED: {
    status: 422,
    title: 'The request has invalid values',
    remedy: 'Mend the fields that `errors` points to.',
    retryable: false,
  },
  INVALID_CRON: {
    status: 422,
    title: 'The cron expression is invalid',
    remedy: 'Check it with `tidewheel schedule preview`.',
    retryable: false,
  },
  INVALID_RRULE: {
    status: 422,
    title: 'The recurrence rule is invalid',
    remedy:
      'Write it as RFC 5545 has it, for example FREQ=MONTHLY;BYDAY=2TU; `tidewheel schedule preview` shows what it means.',
    retryable: false,
  },
  UNKNOWN_CALENDAR: {
    status: 422,
    title: 'There is no such calendar',
    remedy: 'Apply the calendar first, or together with what uses it; `tidewheel calendar list` shows what exists.',
    retryable: false,
  },
  CALENDAR_IN_USE: {
    status: 409,
    title: 'The calendar is in use',
    remedy: 'Take it out of the schedules and calendars that `errors` names, then delete it.',
    retryable: false,
  },
  UNKNOWN_TIMEZONE: {
    status: 422,
    title: 'The time zone is unknown',
    remedy: 'Use an IANA name such as Europe/Berlin or Asia/Shanghai; abbreviations are ambiguous.',
    retryable: false,
  },
  DUPLICATE_NAME: {
    status: 409,
    title: 'The name is used twice',
    remedy: 'Choose another name, or change the existing definition.',
    retryable: false,
  },
  OTHER_SOURCE: {
    status: 409,
    title: 'Another source declares the job',
    remedy:
      'Choose another name, take the job out of the other source, or hand it over on purpose: `takeOver` in the request or in code, `tidewheel apply --take-over`.',
    retryable: false,
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    title: 'The payload is over the limit',
    remedy: 'Store large data elsewhere and pass a reference.',
    retryable: false,
  },
  UNAUTHENTICATED: {
    status: 401,
    title: 'No valid credentials',
    remedy: 'Send `Authorization: Bearer <token>`, or sign in by a new link from `tidewheel token sign-in`.',
    retryable: false,
  },
  FORBIDDEN: {
    status: 403,
    title: 'Not permitted',
    remedy: 'Use a token whose role and namespace permit this.',
    retryable: false,
  },
  RESERVED_NAMESPACE: {
    status: 403,
    title: 'The namespace belongs to the system',
    remedy: 'Use another namespace; what is in this one, the masters make and remove by themselves.',
    retryable: false,
  },
  NOT_FOUND: { status: 404, title: 'Not found', remedy: 'Check the name, the id and the namespace.', retryable: false },
  UNKNOWN_JOB: {
    status: 404,
    title: 'There is no such job',
    remedy: 'Apply its definition first; `tidewheel job list` shows what exists.',
    retryable: false,
  },
  CONFLICT: {
    status: 409,
    title: 'The state does not allow this',
    remedy: 'Read the current state and decide again.',
    retryable: false,
  },
  IDEMPOTENCY_MISMATCH: {
    status: 422,
    title: 'The idempotency key was used for another request',
    remedy: 'Use a new key for a new request.',
    retryable: false,
  },
  STALE_VERSION: {
    status: 412,
    title: 'The definition has changed meanwhile',
    remedy: 'Read it again, merge your change, send the new ETag.',
    retryable: false,
  },
  VERSION_REQUIRED: {
    status: 428,
    title: 'If-Match is required',
    remedy: 'Send the ETag of the version that you changed.',
    retryable: false,
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait for the seconds in Retry-After.',
    retryable: true,
  },
  UNAVAILABLE: {
    status: 503,
    title: 'Not able to serve now',
    remedy: 'Try again after the seconds in Retry-After.',
    retryable: true,
  },
  STORE_FULL: {
    status: 507,
    title: 'The store is nearly full',
    remedy:
      'Make room: a larger disk or budget, a shorter retention; `tidewheel store status` shows what is large. What is under way goes on.',
    retryable: true,
  },
  SHUTTING_DOWN: {
    status: 503,
    title: 'This master is stopping',
    remedy: 'Use another master, or try again soon.',
    retryable: true,
  },
  INTERNAL: {
    status: 500,
    title: 'Something broke',
    remedy: 'Look for the request id in the log of the master.',
    retryable: true,
  },
  INVALID_FILE: {
    status: 422,
    title: 'The file cannot be read',
    remedy: 'Mend the line that is named.',
    retryable: false,
  },
  INVALID_CONFIG: {
    status: 422,
    title: 'The configuration is invalid',
    remedy: 'Mend the key that is named.',
    retryable: false,
  },
  PUBLIC_WITHOUT_TLS: {
    status: 422,
    title: 'A public address needs TLS',
    remedy:
      'Listen on loopback, configure TLS, or pass --insecure-public-http and accept that tokens travel in clear text.',
    retryable: false,
  },
  DATABASE_NEWER: {
    status: 503,
    title: 'The database was written by a newer version',
    remedy: 'Start a version of Tidewheel at least as new, or restore a backup made before the upgrade.',
    retryable: false,
  },
  DATABASE_CORRUPT: {
    status: 503,
    title: 'The database is damaged',
    remedy: 'Keep the files, restore the newest backup, then compare with `tidewheel audit fires`.',
    retryable: false,
  },
  DATABASE_CHANGED: {
    status: 503,
    title: 'A migration was changed after it had been applied',
    remedy: 'Run the release that this database was made with.',
    retryable: false,
  },
  DATABASE_LOCKED: {
    status: 503,
    title: 'Another process uses this data directory',
    remedy: 'Stop the other process, or choose another directory with --data.',
    retryable: false,
  },
  STORE_UNREACHABLE: {
    status: 503,
    title: 'The store cannot be reached',
    remedy: 'Check its address and whether it is running.',
    retryable: true,
  },
  STORE_IS_REPLICA: {
    status: 503,
    title: 'The store is a replica, not the primary',
    remedy:
      'Name the primary in `store.url`, or all servers with commas between: the primary is found among them, also after a fail-over.',
    retryable: true,
  },
  STORE_OTHER_CLUSTER: {
    status: 503,
    title: 'This is the database of another cluster',
    remedy: 'Let `store.url` name the servers of one database only, the one that this cluster was started with.',
    retryable: false,
  },
  COORDINATOR_REFUSED: {
    status: 503,
    title: 'etcd answers, but refuses this master',
    remedy:
      'Check `etcd.user` with its password and its rights below `etcd.prefix`, or `etcd.ca`, `etcd.cert` and `etcd.key`; the detail names which.',
    retryable: false,
  },
  COORDINATOR_UNREACHABLE: {
    status: 503,
    title: 'etcd does not answer, or has no quorum',
    remedy:
      'Bring back a majority of its members, or mend `etcd.endpoints`. Schedules fire and runs are dispatched meanwhile; a leader is elected by itself afterwards.',
    retryable: true,
  },
  OUTCOME_UNKNOWN: {
    status: 503,
    title: 'It is not known whether this was done',
    remedy: 'Read back before trying again, or repeat with the same idempotency key.',
    retryable: true,
  },
  PROTOCOL_ERROR: {
    status: 400,
    title: 'The worker broke the protocol',
    remedy: 'Use a client of the same protocol version; see the protocol reference.',
    retryable: false,
  },
  PROTOCOL_VERSION: {
    status: 400,
    title: 'The protocol version is not supported',
    remedy: 'Upgrade the older side.',
    retryable: false,
  },
  FRAME_TOO_LARGE: {
    status: 413,
    title: 'A worker frame is over the limit',
    remedy: 'Send smaller batches and shorter outputs.',
    retryable: false,
  },
  SESSION_DEAD: {
    status: 409,
    title: 'The session has ended',
    remedy: 'Register anew; results of its attempts are refused.',
    retryable: false,
  },
  LOCK_HELD: {
    status: 409,
    title: 'Another holder has the lock',
    remedy: 'Wait for it, look who has it with `tidewheel lock list`, or have an operator force its release.',
    retryable: false,
  },
  LOCK_LOST: {
    status: 409,
    title: 'The lock is no longer yours',
    remedy: 'Stop what you do under it; take it again, with a new token, before going on.',
    retryable: false,
  },
  REBALANCE: {
    status: 503,
    title: 'Another master shall serve this worker',
    remedy: 'Nothing to do: a worker goes on at one of the masters that it is told, and resumes its session there.',
    retryable: true,
  },
  WRONG_CLUSTER: {
    status: 409,
    title: 'The worker belongs to another cluster',
    remedy: 'Give it the addresses of its own masters, or restart it so that it begins anew in this cluster.',
    retryable: false,
  },
  ADDRESS_TAKEN: {
    status: 409,
    title: 'Another master advertises this address',
    remedy: 'Give each master an address of its own (--address), under which workers and other masters reach it.',
    retryable: false,
  },
  LAST_MASTER: {
    status: 409,
    title: 'No other master would go on working',
    remedy: 'Start another master, or let one that is cordoned take work again (`tidewheel cluster uncordon`).',
    retryable: false,
  },
  STORE_CLOSED: {
    status: 409,
    title: 'The store may not be worked on',
    remedy:
      'If it was moved, start the masters on the store that the message names. If a copy or a restore was broken off, begin it again, or take it back with `tidewheel store open`.',
    retryable: false,
  },
  TARGET_NOT_EMPTY: {
    status: 409,
    title: 'The target holds something else',
    remedy: 'Name an empty database, file or directory; nothing that is there is ever written over.',
    retryable: false,
  },
  INTERRUPTED: {
    status: 503,
    title: 'Stopped on request',
    remedy: 'Nothing was switched. Begin again: what is done already is found and not done again.',
    retryable: true,
  },
  BACKUP_CORRUPT: {
    status: 422,
    title: 'The backup is damaged',
    remedy:
      'Take another one: `tidewheel backup list` shows which were verified. Look at the disk or the store of objects that it lay on.',
    retryable: false,
  },
  BACKUP_NEWER: {
    status: 409,
    title: 'The backup is newer than this binary',
    remedy: 'Restore it with the version of Tidewheel that made it, or a newer one.',
    retryable: false,
  },
  BACKUP_KEY: {
    status: 409,
    title: 'The key of the backup is missing or wrong',
    remedy:
      'Name the file with the key that the backup was made with: `backup.keyFile` or --key-file. Without it nobody can read the backup.',
    retryable: false,
  },
  BACKUP_BUSY: {
    status: 409,
    title: 'Another backup is under way',
    remedy: 'Wait until it has ended: `tidewheel backup list` shows how far it is.',
    retryable: true,
  },
  BACKUP_FAILED: {
    status: 500,
    title: 'The backup or restore failed',
    remedy: 'Mend what the message names and begin again. Nothing that was there before has been touched.',
    retryable: true,
  },
  BACKUP_TARGET: {
    status: 503,
    title: 'The place for backups cannot be used',
    remedy: 'Check that it can be reached, that the credentials permit reading and writing, and that it is not full.',
    retryable: true,
  },
  OTHER_CLUSTER: {
    status: 409,
    title: 'The store belongs to another cluster',
    remedy: 'Check both names. To give a backup a place beside this store, restore it into a new one.',
    retryable: false,
  },
  RESTORE_GAP: {
    status: 409,
    title: 'The store was restored, and its gap is open',
    remedy:
      'Look at it with `tidewheel backup gap`, then choose: `tidewheel backup gap --close skip`, last or all. Nothing fires before.',
    retryable: false,
  },
  WAL_CONFLICT: {
    status: 409,
    title: 'The archive holds other content under this name',
    remedy: 'Two servers archive into one place: give each cluster its own. What is archived is never written over.',
    retryable: false,
  },
  UNREACHABLE: {
    status: 503,
    title: 'No master answers',
    remedy: 'Check the address, and that a master runs there.',
    retryable: true,
  },
  WAIT_TIMED_OUT: {
    status: 504,
    title: 'The wait timed out',
    remedy: 'The run goes on; look at it again later.',
    retryable: true,
  },
  ...elasticErrors,
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
