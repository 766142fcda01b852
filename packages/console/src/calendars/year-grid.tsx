// The days of a year, month by month: those that lie in a calendar are filled, those that do partly are half filled.

import type { CalendarDays } from '@tidewheel/protocol';
import { useLanguage, useT } from '../language/language.ts';
import { serverNow } from '../time/clock.ts';
import { type Cell, weeksOf } from './weeks.ts';

interface YearGridProps {
  readonly year: number;
  readonly days: CalendarDays;
}

export function YearGrid({ year, days }: YearGridProps) {
  const t = useT();
  const inside = new Map(days.days.map((day) => [day.date, day]));
  return (
    <>
      <div className="year">
        {Array.from({ length: 12 }, (_, month) => (
          <Month key={month} year={year} month={month} inside={inside} />
        ))}
      </div>
      <p className="year-legend faint">
        <span className="day day-whole" aria-hidden="true" /> {t('calendars.whole')}
        <span className="day day-partly" aria-hidden="true" /> {t('calendars.partly')}
        <span>{days.timezone}</span>
      </p>
    </>
  );
}

type Day = CalendarDays['days'][number];

interface MonthProps {
  readonly year: number;
  readonly month: number;
  readonly inside: ReadonlyMap<string, Day>;
}

/** Any Monday: names of weekdays are told from it on. */
const monday = Date.UTC(2024, 0, 1);
const dayMs = 86_400_000;
const locales = { en: 'en-US', zh: 'zh-CN' } as const;

function Month({ year, month, inside }: MonthProps) {
  const language = useLanguage();
  const name = new Intl.DateTimeFormat(locales[language], { month: 'long', timeZone: 'UTC' });
  const narrow = new Intl.DateTimeFormat(locales[language], { weekday: 'narrow', timeZone: 'UTC' });
  const today = new Date(serverNow()).toISOString().slice(0, 10);
  return (
    <table className="month">
      <caption>{name.format(Date.UTC(year, month, 1))}</caption>
      <thead>
        <tr>
          {Array.from({ length: 7 }, (_, day) => (
            <th key={day} scope="col">
              {narrow.format(monday + day * dayMs)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeksOf(year, month).map((week) => (
          <tr key={week[0]?.key}>
            {week.map((cell) => (
              <DayCell key={cell.key} cell={cell} day={inside.get(cell.date ?? '')} isToday={cell.date === today} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface DayCellProps {
  readonly cell: Cell;
  readonly day: Day | undefined;
  readonly isToday: boolean;
}

function DayCell({ cell: { date }, day, isToday }: DayCellProps) {
  const t = useT();
  if (date === null) return <td />;
  const number = Number(date.slice(8));
  const classes = ['day', ...(day === undefined ? [] : [`day-${day.inside}`]), ...(isToday ? ['day-today'] : [])];
  const hours = day?.hours.map(({ from, to }) => `${from}–${to}`).join(', ') ?? '';
  const words =
    day === undefined
      ? date
      : day.inside === 'whole'
        ? t('calendars.dayWhole', { date })
        : t('calendars.dayPartly', { date, hours });
  return (
    <td>
      <span className={classes.join(' ')} title={words}>
        {number}
        {day === undefined ? null : <span className="unseen"> {words}</span>}
      </span>
    </td>
  );
}
