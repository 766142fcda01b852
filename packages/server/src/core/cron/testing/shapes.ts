// Draws cron expressions from parts whose meaning is stated beside their text, for the naive oracle. The meaning of each part is
// written down here once more, and differently from the engine.

import fc from 'fast-check';
import type { Part, Shape, WallDay } from './oracle.ts';

type Drawn<Value> = fc.Arbitrary<Part<Value>>;

const monthNames = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const dayNames = 'SUN MON TUE WED THU FRI SAT'.split(' ');

/** Any value, one, a step, a range (which may pass the end), a range with a step: of a field with `size` values from `min` on. */
function atoms(min: number, size: number, names: readonly string[] = []): Drawn<number> {
  const value = fc.integer({ min, max: min + size - 1 });
  const step = fc.integer({ min: 1, max: Math.min(size, 20) });
  const named = fc.tuple(value, fc.boolean()).map(([number, byName]) => ({
    number,
    text: byName ? (names[number - min] ?? String(number)) : String(number),
  }));
  /** How many values after `from`, going round. */
  const after = (from: number, number: number) => (number - from + size) % size;
  return fc.oneof(
    { weight: 3, arbitrary: named.map(({ number, text }) => ({ text, meets: (other: number) => other === number })) },
    {
      weight: 2,
      arbitrary: fc.tuple(named, named).map(([from, to]) => ({
        text: `${from.text}-${to.text}`,
        meets: (other: number) => after(from.number, other) <= after(from.number, to.number),
      })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(named, named, step).map(([from, to, every]) => ({
        text: `${from.text}-${to.text.toLowerCase()}/${every}`,
        meets: (other: number) => {
          const place = after(from.number, other);
          return place <= after(from.number, to.number) && place % every === 0;
        },
      })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(named, step).map(([from, every]) => ({
        text: `${from.text}/${every}`,
        meets: (other: number) => other >= from.number && (other - from.number) % every === 0,
      })),
    },
  );
}

function starred(min: number, size: number): Drawn<number> {
  const step = fc.integer({ min: 2, max: Math.min(size, 30) });
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant({ text: '*', meets: () => true }) },
    {
      weight: 1,
      arbitrary: step.map((every) => ({ text: `*/${every}`, meets: (value: number) => (value - min) % every === 0 })),
    },
  );
}

function listOf<Value>(part: Drawn<Value>, most = 3): Drawn<Value> {
  return fc.array(part, { minLength: 1, maxLength: most }).map((parts) => ({
    text: parts.map(({ text }) => text).join(','),
    meets: (value: Value) => parts.some((each) => each.meets(value)),
  }));
}

function field(min: number, size: number, names: readonly string[] = [], stars = 1): Drawn<number> {
  return fc.oneof(
    { weight: stars, arbitrary: starred(min, size) },
    { weight: 2, arbitrary: listOf(atoms(min, size, names)) },
  );
}

const lengthOf = ({ year, month }: WallDay) => new Date(Date.UTC(year, month, 0)).getUTCDate();
const weekdayOf = ({ year, month, day }: WallDay) => new Date(Date.UTC(year, month - 1, day)).getUTCDay();
const worksOn = (date: WallDay) => weekdayOf(date) % 6 !== 0;

/** Of all working days of the month the one that is nearest; the month must have the day itself. */
function isNearest(date: WallDay, wanted: number): boolean {
  const length = lengthOf(date);
  if (wanted > length) return false;
  const days = Array.from({ length }, (_, index) => index + 1).filter((day) => worksOn({ ...date, day }));
  const nearest = days.toSorted((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0];
  return date.day === nearest;
}

const ofDay = (part: Part<number>): Part<WallDay> => ({ text: part.text, meets: ({ day }) => part.meets(day) });
const ofWeekday = (part: Part<number>): Part<WallDay> => ({
  text: part.text,
  meets: (date) => part.meets(weekdayOf(date)),
});

const cleverDay: Drawn<WallDay> = fc.oneof(
  fc.constant({ text: 'L', meets: (date: WallDay) => date.day === lengthOf(date) }),
  fc.integer({ min: 1, max: 30 }).map((back) => ({
    text: `L-${back}`,
    meets: (date: WallDay) => date.day + back === lengthOf(date),
  })),
  fc.integer({ min: 1, max: 31 }).map((wanted) => ({
    text: `${wanted}W`,
    meets: (date: WallDay) => isNearest(date, wanted),
  })),
  fc.constant({ text: 'LW', meets: (date: WallDay) => isNearest(date, lengthOf(date)) }),
);

const cleverWeekday: Drawn<WallDay> = fc
  .tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 1, max: 6 }), fc.boolean())
  .map(([number, nth, byName]) => ({
    text: `${byName ? dayNames[number % 7] : number}${nth === 6 ? 'L' : `#${nth}`}`,
    meets: (date: WallDay) =>
      weekdayOf(date) === number % 7 && (nth === 6 ? date.day + 7 > lengthOf(date) : Math.ceil(date.day / 7) === nth),
  }));

const anyDay: Part<WallDay> = { text: '*', meets: () => true };
const noDay: Part<WallDay> = { text: '?', meets: () => true };

const day: Drawn<WallDay> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(anyDay, noDay) },
  { weight: 2, arbitrary: listOf(fc.oneof(atoms(1, 31).map(ofDay), cleverDay)) },
  { weight: 1, arbitrary: starred(1, 31).map(ofDay) },
);
const weekday: Drawn<WallDay> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(anyDay, noDay) },
  { weight: 2, arbitrary: listOf(fc.oneof(atoms(0, 7, dayNames).map(ofWeekday), cleverWeekday)) },
  { weight: 1, arbitrary: starred(0, 7).map(ofWeekday) },
);

const everyMonth: Part<number> = { text: '*', meets: () => true };
const month = fc.oneof(
  { weight: 4, arbitrary: fc.constant(everyMonth) },
  { weight: 1, arbitrary: field(1, 12, monthNames) },
);

/** `hours`: drawn more often than others, because something happens to the clock then. */
export function shapes(hours: readonly number[], withSeconds: boolean): fc.Arbitrary<Shape> {
  const likely = fc
    .constantFrom(...hours)
    .map((hour) => ({ text: String(hour), meets: (value: number) => value === hour }));
  const hour = fc.oneof({ weight: 2, arbitrary: listOf(likely) }, { weight: 2, arbitrary: field(0, 24) });
  const second = withSeconds ? field(0, 60) : fc.constant(null);
  const years = fc.constantFrom<Part<number> | null>({ text: '*', meets: () => true }, null);
  return fc.record({
    second,
    minute: field(0, 60),
    hour,
    day,
    month,
    weekday,
    plus: fc.boolean(),
    year: withSeconds ? years : fc.constant(null),
  });
}
