// The URL of a PostgreSQL store, which may name several servers as libpq does: `postgres://user@one:5432,two:5432/database`. Which of
// them is the primary is found by asking them, so the order means nothing and only attributes that ask for the primary are allowed.

/** Servers of one store. */
const hostsMost = 9;
const wantsPrimary: ReadonlySet<string> = new Set(['read-write', 'primary']);

/** One URL for each server, complete in itself; a text says what is wrong. */
export function storeUrls(url: string): readonly string[] | string {
  const [, scheme, user = '', hosts = '', path = '', query = ''] =
    /^(postgres(?:ql)?:\/\/)((?:[^/?#]*@)?)([^/?#@]*)([^?#]*)(?:\?([^#]*))?$/.exec(url) ?? [];
  if (scheme === undefined) return 'postgres://user@host/database';
  const params = new URLSearchParams(query);
  const attributes = params.get('target_session_attrs');
  if (attributes !== null && !wantsPrimary.has(attributes))
    return 'target_session_attrs of read-write or primary: all writes go to the primary';
  params.delete('target_session_attrs');
  // A space written as + would reach PostgreSQL as it is.
  const rest = params.size === 0 ? path : `${path}?${params.toString().replaceAll('+', '%20')}`;
  const list = hosts.split(',');
  if (list.length > hostsMost) return `at most ${hostsMost} servers`;
  if (list.length > 1 && list.includes('')) return 'a server between each two commas';
  if (new Set(list).size !== list.length) return 'each server once';
  const urls = list.map((host) => `${scheme}${user}${host}${rest}`);
  return urls.every((one) => URL.canParse(one))
    ? urls
    : 'postgres://user@host/database, or several host:port with commas';
}

/** As it may be shown: without user and password. */
export function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host === '' ? 'localhost' : host}${pathname}`;
}
