// A known bug that can be put back into a copy of the sources, to see which checker finds it and how soon.

export interface Mutation {
  readonly name: string;
  /** What is wrong then, and what the code must do instead. */
  readonly bug: string;
  readonly edits: readonly { file: string; find: string; replace: string }[];
  /** The checkers that may be the ones to find it. */
  readonly foundBy: readonly string[];
}
