// API tokens. The secret is shown once, when it is made; only its hash is stored. Whether a token is still good is decided
// by the store's clock.

import type { Role, TokenView } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import { cutPage, type Slice } from './page.ts';

/** What a credential stands for. `namespace` is a name, or `*` for all. */
export interface Grant {
  name: string;
  role: Role;
  namespace: string;
}

interface TokenRow {
  id: string;
  name: string;
  role: Role;
  namespace: string;
  prefix: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
}

const tokenColumns = 'id, name, role, namespace, prefix, created_at, expires_at, last_used_at';

/** Makes `tw_<prefix>_<secret>`. The prefix is random too and stays readable, to recognise the token by. */
export async function tokenCreate(
  tx: Tx,
  identity: Pick<Identity, 'next' | 'secret' | 'hash'>,
  grant: Grant,
  expiresInMs: number | null,
): Promise<TokenView & { secret: string }> {
  const prefix = `tw_${identity.hash(identity.secret()).slice(0, 8)}`;
  const secret = `${prefix}_${identity.secret()}`;
  const rows = await tx.query<TokenRow>(
    `insert into api_token (id, name, role, namespace, prefix, hash, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, now_ms(), now_ms() + $7) returning ${tokenColumns}`,
    [identity.next(), grant.name, grant.role, grant.namespace, prefix, identity.hash(secret), expiresInMs],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a new token was not returned');
  return { ...viewOf(row), secret };
}

/** Revokes those of one name that nobody has used for so long: a program that makes itself one at each start leaves one behind each time. */
export async function tokensRevokeUnused(tx: Tx, name: string, unusedMs: number): Promise<number> {
  const gone = await tx.query(
    `update api_token set revoked_at = now_ms()
     where name = $1 and revoked_at is null and coalesce(last_used_at, created_at) < now_ms() - $2 returning id`,
    [name, unusedMs],
  );
  return gone.length;
}

/** A cheap look at the form, so that garbage costs no query. */
export function looksLikeToken(text: string): boolean {
  return /^tw_[0-9a-f]{8}_[A-Za-z0-9_-]{20,100}$/.test(text);
}

export interface TokenFound extends Grant {
  id: string;
  /** Not noted as used for a minute or longer. */
  touch: boolean;
}

/** Null when the token is unknown, expired or revoked. */
export async function tokenByHash(tx: Tx, hash: string): Promise<TokenFound | null> {
  const rows = await tx.query<Grant & { id: string; touch: number }>(
    `select id, name, role, namespace,
       case when last_used_at is null or last_used_at < now_ms() - 60000 then 1 else 0 end as touch
     from api_token where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now_ms())`,
    [hash],
  );
  const [row] = rows;
  return row === undefined ? null : { ...row, touch: row.touch === 1 };
}

export async function tokenTouch(tx: Tx, id: string): Promise<void> {
  await tx.query('update api_token set last_used_at = now_ms() where id = $1', [id]);
}

/** Tokens that are not revoked, newest first; `namespace` null means those of all. */
export async function tokensPage(
  tx: Tx,
  asked: { namespace: string | null; before: string | null; limit: number },
): Promise<Slice<TokenView, string>> {
  const params: (string | number)[] = [asked.limit + 1];
  let where = 'revoked_at is null';
  if (asked.namespace !== null) where += ` and namespace = $${params.push(asked.namespace)}`;
  if (asked.before !== null) where += ` and id < $${params.push(asked.before)}`;
  const rows = await tx.query<TokenRow>(
    `select ${tokenColumns} from api_token where ${where} order by id desc limit $1`,
    params,
  );
  const { items, next } = cutPage(rows, asked.limit, (row) => row.id);
  return { items: items.map(viewOf), next };
}

/** Null when there is no such token in force; `namespace` null means any. */
export async function tokenRevoke(tx: Tx, id: string, namespace: string | null): Promise<Grant | null> {
  const rows = await tx.query<Grant>(
    `update api_token set revoked_at = now_ms() where id = $1 and revoked_at is null
       ${namespace === null ? '' : 'and namespace = $2'} returning name, role, namespace`,
    namespace === null ? [id] : [id, namespace],
  );
  return rows[0] ?? null;
}

function viewOf(row: TokenRow): TokenView {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    namespace: row.namespace,
    prefix: row.prefix,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
