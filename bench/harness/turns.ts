// Contenders in turns, A B A B: what changes on the machine meanwhile meets all of them alike. A first turn warms what is warmed once per
// benchmark (file caches, the server processes of the stores) and does not count.

import type { Contender } from './measure.ts';

/** Values of each figure, one a round. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

export interface TurnOptions {
  readonly rounds: number;
  readonly warm: boolean;
  readonly say: (text: string) => void;
}

export async function inTurns(contenders: readonly Contender[], options: TurnOptions): Promise<Map<string, Rounds>> {
  const results = new Map<string, Map<string, number[]>>();
  const first = options.warm ? 0 : 1;
  try {
    for (let round = first; round <= options.rounds; round += 1) {
      for (const { name, round: play } of contenders) {
        const figures = await play();
        const text = Object.entries(figures).map(([figure, value]) => `${figure} ${Number(value.toPrecision(4))}`);
        options.say(`${round === 0 ? 'warm-up' : `round ${round}`}  ${name.padEnd(28)} ${text.join('  ')}`);
        if (round > 0) keep(results, name, figures);
      }
    }
  } finally {
    for (const contender of contenders) await contender.finish?.();
  }
  return results;
}

function keep(
  results: Map<string, Map<string, number[]>>,
  name: string,
  figures: Readonly<Record<string, number>>,
): void {
  const rounds = results.get(name) ?? new Map<string, number[]>();
  results.set(name, rounds);
  for (const [figure, value] of Object.entries(figures)) rounds.set(figure, [...(rounds.get(figure) ?? []), value]);
}
