// How a client of a replicated store sees its own changes, and how an answer says that it is old. Both travel as headers.
//
// Answers to changes carry a change: a place in the store's history. A client that sends the latest one it has heard along with what it
// reads may be answered by a replica, and only by one that holds it. A client that sends none is answered by the primary.

/** On answers to changes: the place in the store's history at which they are. On reads: the last one that the client has heard, or `none`. */
export const changeHeader = 'tidewheel-change';
/** Sent by a client that reads and has changed nothing: any replica within the bound will do. */
export const noChange = 'none';
/** On answers that were kept from before an outage of the store: how old they are, in seconds. On reads: `refuse` for none of these. */
export const staleHeader = 'tidewheel-stale';
export const refuseStale = 'refuse';

/** Of two places in one history the later one, whatever the order in which answers arrive; of two histories the one heard last. */
export function laterChange(known: string | null, heard: string): string {
  if (known === null || historyOf(known) !== historyOf(heard)) return heard;
  return heard > known ? heard : known;
}

function historyOf(change: string): string {
  return change.slice(change.lastIndexOf('-') + 1);
}
