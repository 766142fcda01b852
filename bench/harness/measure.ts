// What a measure is: contenders that are tried in turns, the figures that each round gives, and what is to be reached.

import type { Services } from '../systems/services.ts';
import type { System } from '../systems/system.ts';
import type { Sizes } from './sizes.ts';
import type { Better } from './statistics.ts';

export interface Figure {
  /** As a round names it. */
  readonly name: string;
  readonly unit: '/s' | 'ms' | '%' | 'MiB' | '';
  readonly better: Better;
}

/** One system, or one shape of Tidewheel. Each round starts from nothing and clears up behind itself. */
export interface Contender {
  readonly name: string;
  round(): Promise<Readonly<Record<string, number>>>;
  /** Behind the last round. */
  finish?(): Promise<void>;
}

export type Goal = {
  readonly figure: string;
  readonly of: string;
} & (
  | { /** Times better than this contender. */ readonly than: string; readonly times: number }
  | { readonly atMost: number }
  | { readonly atLeast: number }
);

export interface MeasureContext {
  readonly services: Services;
  readonly sizes: Sizes;
  /** Those that the caller wants to see, in the order of their turns. */
  readonly systems: readonly System[];
}

export interface Measure {
  readonly name: string;
  /** What happens in one round. */
  readonly about: string;
  readonly figures: readonly Figure[];
  readonly goals: readonly Goal[];
  /** The first is what the ratios compare with. */
  contenders(context: MeasureContext): readonly Contender[];
}
