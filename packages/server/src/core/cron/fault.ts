// What is wrong with a part of a cron expression, and the nearest part that would be right.

export class CronFault extends Error {
  /** Place of `text` in the expression, from 0. */
  readonly at: number;
  readonly text: string;
  /** Stands for `text` in the nearest valid expression. */
  readonly instead: string;

  constructor(at: number, text: string, problem: string, instead: string) {
    super(problem);
    this.at = at;
    this.text = text;
    this.instead = instead;
  }
}

/** The name that was probably meant: begins alike, or differs by one or two letters. */
export function nearestName(text: string, names: readonly string[]): string | null {
  const wanted = text.toUpperCase();
  const alike = names.filter((name) => wanted.startsWith(name) || (wanted.length >= 2 && name.startsWith(wanted)));
  if (alike.length === 1 && alike[0] !== undefined) return alike[0];
  let nearest: string | null = null;
  let least = 3;
  for (const name of names) {
    const differs = distance(wanted.slice(0, 8), name);
    if (differs < least) [nearest, least] = [name, differs];
  }
  return nearest;
}

/** Letters to change, add or drop. Both texts are short. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let index = 0; index < from.length; index += 1) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const swap = (row[column - 1] ?? 0) + (from[index] === to[column - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
