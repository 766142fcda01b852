// The names of runs that are made by one request: the first is new, the others count on from it. Whoever knows the first knows them all.

const tailDigits = 12;
const tails = 2 ** (4 * tailDigits);

/** The id of the run at this place of a request whose first run has the id `first`. A UUID like it: only the random tail differs. */
export function runIdAfter(first: string, place: number): string {
  if (place === 0) return first;
  const tail = (Number.parseInt(first.slice(-tailDigits), 16) + place) % tails;
  return first.slice(0, -tailDigits) + tail.toString(16).padStart(tailDigits, '0');
}
