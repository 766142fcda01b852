// Terms of leadership as the store records them: one row that every leader write holds a share of, and a bounded history.
// A term begins only with a token that is larger than the last one of the same origin. So a candidate that slept through its
// lease cannot begin one, and a leader of an older term cannot write once a newer one has begun. A term holds in one timeline of the
// store: what a promoted standby has of it may be less than its leader believes.

import type { TermEnd } from '../core/leadership.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import { eventsAppend, wholeCell } from './events.ts';

/** All three are compared: a store that lost its newest commits may give the same number again. */
export interface Term {
  readonly term: number;
  readonly token: number;
  readonly masterId: string;
}

/** The master that wrote is no longer the leader of this term; nothing was written. */
export class Deposed extends Error {
  constructor(term: Term) {
    super(`term ${term.term} of master ${term.masterId} is over`);
    this.name = 'Deposed';
  }
}

const isTerm = 'id = 1 and term = $1 and token = $2 and master_id = $3';
/** Terms that older masters have recorded have none. */
const inTimeline = (tx: Tx): string => `(timeline is null or timeline = ${tx.dialect.timeline})`;
const keyOf = (term: Term): [number, number, string] => [term.term, term.token, term.masterId];

/**
 * The first statement of every leader write. Throws Deposed.
 * A leader that is stopped in the middle of a transaction would keep the next term waiting: PostgreSQL ends it after 2 s.
 */
export async function asLeader(tx: Tx, term: Term): Promise<void> {
  const patience =
    tx.dialect.engine === 'postgres' ? `, set_config('idle_in_transaction_session_timeout', '2000', true)` : '';
  const rows = await tx.query(
    `select term${patience} from leader_term where ${isTerm} and ${inTimeline(tx)}${tx.dialect.forShare}`,
    keyOf(term),
  );
  if (rows.length === 0) throw new Deposed(term);
}

export interface RecordedTerm {
  term: number;
  token: number;
  masterId: string | null;
  origin: string;
  /** Whom others let go first, and for how long yet. */
  successor: string | null;
  successorForMs: number;
  /** Whether the store is still in the timeline in which it was recorded. */
  holds: boolean;
}

export async function termRead(tx: Tx): Promise<RecordedTerm> {
  const [row] = await tx.query<Omit<RecordedTerm, 'holds'> & { holds: number }>(
    `select term, token, master_id as "masterId", origin, successor, successor_until - now_ms() as "successorForMs",
       case when ${inTimeline(tx)} then 1 else 0 end as holds
     from leader_term where id = 1`,
  );
  if (row === undefined) throw new Error('the table leader_term has lost its row');
  return { ...row, holds: row.holds === 1 };
}

export interface Candidate {
  readonly masterId: string;
  readonly address: string;
  readonly origin: string;
  readonly token: number;
}

/** Begins the next term, or answers null when the token is not larger than the last one of its origin. */
export async function termBegin(tx: Tx, identity: Identity, candidate: Candidate): Promise<Term | null> {
  const { masterId, address, origin, token } = candidate;
  const [row] = await tx.query<{ term: number }>(
    `update leader_term set term = term + 1, origin = $1, token = $2, master_id = $3, successor = null,
       timeline = ${tx.dialect.timeline}
     where id = 1 and (origin <> $1 or token < $2) returning term`,
    [origin, token, masterId],
  );
  if (row === undefined) return null;
  await tx.query(`update election set until_at = now_ms(), reason = 'superseded' where until_at is null`);
  await tx.query(
    `insert into election (term, master_id, address, origin, token, from_at, timeline)
     values ($1, $2, $3, $4, $5, now_ms(), ${tx.dialect.timeline})`,
    [row.term, masterId, address, origin, token],
  );
  await tx.query('delete from election where term <= $1', [row.term - serverLimits.electionsKept]);
  await eventsAppend(tx, identity, [eventOf('leader.elect', row.term, masterId, { address, origin, token })]);
  return { term: row.term, token, masterId };
}

export interface Farewell {
  readonly reason: TermEnd;
  /** Whom others let go first, and for how long. */
  readonly successor?: { readonly masterId: string; readonly forMs: number };
}

/** Ends the term; nothing when it is over already. */
export async function termEnd(tx: Tx, identity: Identity, term: Term, { reason, successor }: Farewell): Promise<void> {
  const ended = await tx.query(
    `update leader_term set master_id = null, successor = $4, successor_until = now_ms() + $5 where ${isTerm} returning term`,
    [...keyOf(term), successor?.masterId ?? null, successor?.forMs ?? 0],
  );
  if (ended.length === 0) return;
  await tx.query('update election set until_at = now_ms(), reason = $2 where term = $1', [term.term, reason]);
  await eventsAppend(tx, identity, [eventOf('leader.resign', term.term, term.masterId, { reason })]);
}

function eventOf(action: string, term: number, masterId: string, detail: object) {
  return { namespace: wholeCell, actor: `master:${masterId}`, action, subject: `term:${term}`, detail };
}

export interface ElectionRow {
  term: number;
  masterId: string;
  address: string;
  origin: string;
  token: number;
  from: number;
  until: number | null;
  reason: TermEnd | null;
  timeline: number | null;
}

/** Newest first, of those before a term. */
export function electionsList(tx: Tx, limit: number, before = Number.MAX_SAFE_INTEGER): Promise<ElectionRow[]> {
  return tx.query<ElectionRow>(
    `select term, master_id as "masterId", address, origin, token, from_at as "from", until_at as "until", reason,
       timeline
     from election where term < $2 order by term desc limit $1`,
    [limit, before],
  );
}
