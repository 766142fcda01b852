// A recurrence rule in the simplest words: looks at every moment of a stretch of time and asks it for every part of the rule. Shares no
// code with what it is held against, and is slow.

export const names = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

interface Moment {
  at: number;
  period: string;
}

/** `rule`: its parts by name, lists as arrays. Looks at every `stepMs` from the start on. */
export function naiveTimes(rule: Record<string, unknown>, start: number, until: number, stepMs: number): number[] {
  const freq = rule['FREQ'] as string;
  const get = (key: string) => (rule[key] as (number | string)[] | undefined)?.map(String);
  const interval = Number(rule['INTERVAL'] ?? 1);
  const firstDay = names.indexOf((rule['WKST'] as string | undefined) ?? 'MO');
  const first = new Date(start);
  const dateMs = (date: Date) => Math.floor(date.getTime() / 86_400_000) * 86_400_000;
  const weekOf = (date: Date) => dateMs(date) - ((date.getUTCDay() - firstDay + 7) % 7) * 86_400_000;
  /** The year that holds the fourth day of the week. */
  const weekYear = (date: Date) => new Date(weekOf(date) + 3 * 86_400_000).getUTCFullYear();
  const weekNumber = (date: Date) =>
    Math.floor((weekOf(date) + 3 * 86_400_000 - Date.UTC(weekYear(date), 0, 1)) / 604_800_000) + 1;
  const number = (date: Date): number => {
    if (freq === 'YEARLY') return rule['BYWEEKNO'] === undefined ? date.getUTCFullYear() : weekYear(date);
    if (freq === 'MONTHLY') return date.getUTCFullYear() * 12 + date.getUTCMonth();
    if (freq === 'WEEKLY') return weekOf(date) / 604_800_000;
    if (freq === 'DAILY') return dateMs(date) / 86_400_000;
    const unit = { HOURLY: 3_600_000, MINUTELY: 60_000, SECONDLY: 1000 }[freq] ?? 1;
    return Math.floor(date.getTime() / unit);
  };
  const anyOf = (key: string, ...values: (number | string)[]) => {
    const wanted = get(key);
    return wanted === undefined || values.some((value) => wanted.includes(String(value)));
  };
  const short = freq === 'HOURLY' || freq === 'MINUTELY' || freq === 'SECONDLY';
  const implied = (date: Date): boolean => {
    const free = get('BYDAY') === undefined && get('BYMONTHDAY') === undefined && get('BYYEARDAY') === undefined;
    if (!short && get('BYHOUR') === undefined && date.getUTCHours() !== first.getUTCHours()) return false;
    const byMinute = freq !== 'MINUTELY' && freq !== 'SECONDLY';
    if (byMinute && get('BYMINUTE') === undefined && date.getUTCMinutes() !== first.getUTCMinutes()) return false;
    const bySecond = freq !== 'SECONDLY';
    if (bySecond && get('BYSECOND') === undefined && date.getUTCSeconds() !== first.getUTCSeconds()) return false;
    if (!free || short || freq === 'DAILY') return true;
    if (freq === 'WEEKLY' || rule['BYWEEKNO'] !== undefined) return date.getUTCDay() === first.getUTCDay();
    if (date.getUTCDate() !== first.getUTCDate()) return false;
    return freq === 'MONTHLY' || get('BYMONTH') !== undefined || date.getUTCMonth() === first.getUTCMonth();
  };
  const holds = (date: Date): boolean => {
    const year = date.getUTCFullYear();
    const month = date.getUTCMonth();
    const day = date.getUTCDate();
    const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    const yearDay = (dateMs(date) - Date.UTC(year, 0, 1)) / 86_400_000 + 1;
    const yearLength = (Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / 86_400_000;
    let weeks = 54;
    while (
      weekYear(new Date(weekOf(new Date(Date.UTC(weekYear(date), 0, 4))) + (weeks - 1) * 604_800_000)) !==
      weekYear(date)
    )
      weeks -= 1;
    const ofMonth = freq === 'MONTHLY' || get('BYMONTH') !== undefined;
    const [place, size] = ofMonth ? [day, length] : [yearDay, yearLength];
    const name = names[date.getUTCDay()] ?? '';
    return (
      anyOf('BYMONTH', month + 1) &&
      anyOf('BYMONTHDAY', day, day - length - 1) &&
      anyOf('BYYEARDAY', yearDay, yearDay - yearLength - 1) &&
      anyOf('BYWEEKNO', weekNumber(date), weekNumber(date) - weeks - 1) &&
      anyOf('BYDAY', name, `${Math.ceil(place / 7)}${name}`, `-${Math.ceil((size - place + 1) / 7)}${name}`) &&
      anyOf('BYHOUR', date.getUTCHours()) &&
      anyOf('BYMINUTE', date.getUTCMinutes()) &&
      anyOf('BYSECOND', date.getUTCSeconds()) &&
      implied(date)
    );
  };
  const periods = new Map<number, Moment[]>();
  // From the beginning of the first period, so that BYSETPOS counts all of it.
  const begin = freq === 'HOURLY' ? start - 3_600_000 : short ? start - 60_000 : start - 372 * 86_400_000;
  for (let at = Math.floor(begin / stepMs) * stepMs; at < until; at += stepMs) {
    const date = new Date(at);
    const distance = number(date) - number(first);
    if (distance < 0 || distance % interval !== 0 || !holds(date)) continue;
    const period = periods.get(distance) ?? [];
    period.push({ at, period: String(distance) });
    periods.set(distance, period);
  }
  const positions = get('BYSETPOS')?.map(Number);
  const chosen = [...periods.values()].flatMap((moments) =>
    moments.filter(
      (_, index) =>
        positions === undefined || positions.includes(index + 1) || positions.includes(index - moments.length),
    ),
  );
  const times = chosen.map(({ at }) => at).filter((at) => at >= start);
  times.sort((a, b) => a - b);
  return rule['COUNT'] === undefined ? times : times.slice(0, Number(rule['COUNT']));
}
