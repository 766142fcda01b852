// Seeds that once found something. Each is run, twice, by every `npm test`; the note says what it had found.
// A seed belongs to the code that it was found with: any new draw shifts it. So what it found is also kept as a mutation.

export interface KnownSeed {
  readonly seed: number;
  readonly found: string;
}

export const knownSeeds: readonly KnownSeed[] = [
  {
    seed: 3,
    found: 'an unknown commit that could not be read back was answered as refused, although the runs were made',
  },
  { seed: 24, found: 'the same, in batches' },
  { seed: 22, found: 'an attempt ran for ever whose acknowledged result was lost with the primary' },
  { seed: 71, found: 'a promoted store ended sessions by renewals that were older than those that workers trusted in' },
  {
    seed: 4092049384,
    found:
      'the audit, asked when the clock of the store had gone back, was held to account for times that it had not reached',
  },
];
