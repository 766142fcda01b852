// A month as weeks that begin on Monday; places before its first day and after its last are empty.

export interface Cell {
  readonly key: string;
  /** Null outside of the month. */
  readonly date: string | null;
}

const dayMs = 86_400_000;

/** `month`: from 0 on. */
export function weeksOf(year: number, month: number): Cell[][] {
  const first = Date.UTC(year, month, 1);
  const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const before = (new Date(first).getUTCDay() + 6) % 7;
  const weeks = Math.ceil((before + length) / 7);
  return Array.from({ length: weeks }, (_, week) =>
    Array.from({ length: 7 }, (__, day) => {
      const index = week * 7 + day - before;
      const date = index < 0 || index >= length ? null : new Date(first + index * dayMs).toISOString().slice(0, 10);
      return { key: date ?? `${month} ${week} ${day}`, date };
    }),
  );
}
