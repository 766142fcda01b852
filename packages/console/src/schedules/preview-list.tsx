// The next fires as the clocks of their zone show them, with what changes of the clock and calendars do to each, and between them what
// calendars take out.

import type { FireMark, LeftOut, Preview, PreviewFire } from '@tidewheel/protocol';
import { useLanguage, useT } from '../language/language.ts';
import { Icon } from '../parts/icon.tsx';
import { Ago, useZone } from '../parts/moment.tsx';
import { Link } from '../routing/navigation.tsx';
import { fullInstant, roughSpan } from '../time/format.ts';

type Row =
  | { readonly kind: 'fire'; readonly at: number; readonly fire: PreviewFire }
  | { readonly kind: 'left-out'; readonly at: number; readonly leftOut: LeftOut };

export function PreviewList({ preview }: { readonly preview: Preview }) {
  const t = useT();
  const rows = rowsOf(preview);
  if (rows.length === 0) return <p className="faint">{t('schedule.upcomingNone')}</p>;
  return (
    <>
      <ol className="upcoming">
        {rows.map((row) =>
          row.kind === 'fire' ? (
            <FireRow key={`fire ${row.at}`} fire={row.fire} zone={preview.timezone} />
          ) : (
            <LeftOutRow key={`out ${row.at} ${row.leftOut.calendar}`} leftOut={row.leftOut} />
          ),
        )}
      </ol>
      {preview.leftOutMore ? <p className="faint">{t('preview.leftOutMore')}</p> : null}
    </>
  );
}

function rowsOf({ fires, leftOut }: Preview): Row[] {
  const rows: Row[] = [
    ...fires.map((fire): Row => ({ kind: 'fire', at: fire.at, fire })),
    ...leftOut.map((one): Row => ({ kind: 'left-out', at: one.first.at, leftOut: one })),
  ];
  return rows.toSorted((a, b) => a.at - b.at);
}

function FireRow({ fire, zone }: { readonly fire: PreviewFire; readonly zone: string }) {
  const t = useT();
  const { at, local, marks, movedFrom, dueAt } = fire;
  return (
    <li>
      <span>
        <Wall at={at} local={local} zone={zone} />
        {dueAt === undefined || dueAt === at ? null : (
          <span className="faint put-off" title={t('preview.dueHint')}>
            {t('preview.due', { span: roughSpan(dueAt - at, t) })}
          </span>
        )}
      </span>
      <span className="faint">
        <Ago at={at} zone={zone} />
      </span>
      {marks.length === 0 ? null : (
        <span className="marks">
          {marks.map((mark) => (
            <Mark key={mark} mark={mark} from={movedFrom?.local ?? ''} />
          ))}
        </span>
      )}
    </li>
  );
}

function Mark({ mark, from }: { readonly mark: FireMark; readonly from: string }) {
  const t = useT();
  const tone = mark === 'moved' ? 'live' : 'warn';
  const words = mark === 'moved' ? t('preview.mark.moved', { from: dayText(from) }) : t(`preview.mark.${mark}`);
  return <span className={`mark tone-${tone}`}>{words}</span>;
}

function LeftOutRow({ leftOut: { calendar, first, last, count, movedTo } }: { readonly leftOut: LeftOut }) {
  const t = useT();
  const toDay = dayText(last.local);
  return (
    <li className="left-out">
      <span>
        <s>{dayText(first.local)}</s>
        {dayText(first.local) === toDay ? null : (
          <>
            {' – '}
            <s>{toDay}</s>
          </>
        )}
      </span>
      <span className="faint">
        {t('preview.leftOut', { count })}{' '}
        <Link to={{ page: 'calendar', name: calendar, year: Number(first.local.slice(0, 4)) }}>{calendar}</Link>
        {movedTo === undefined ? null : ` ${t('preview.movedTo', { to: dayText(movedTo.local) })}`}
      </span>
    </li>
  );
}

/** `2027-03-28 03:00` with its offset, and seconds only where there are any; in full in the zone that the reader has chosen. */
function Wall({ at, local, zone }: { readonly at: number; readonly local: string; readonly zone: string }) {
  const language = useLanguage();
  const shown = useZone(zone);
  const date = local.slice(0, 10);
  const seconds = local.slice(16, 19);
  return (
    <time className="wall" dateTime={local} title={fullInstant(at, shown)}>
      <span className="faint weekday">{weekdayOf(date, language)}</span> {date}{' '}
      <strong>
        {local.slice(11, 16)}
        {seconds === ':00' ? '' : seconds}
      </strong>{' '}
      <span className="faint">{local.slice(19)}</span>
    </time>
  );
}

const weekdays = {
  en: new Intl.DateTimeFormat('en-US', { weekday: 'short', timeZone: 'UTC' }),
  zh: new Intl.DateTimeFormat('zh-CN', { weekday: 'short', timeZone: 'UTC' }),
};

function weekdayOf(date: string, language: 'en' | 'zh'): string {
  return weekdays[language].format(new Date(`${date}T00:00:00Z`));
}

function dayText(local: string): string {
  return local.slice(0, 10);
}

/** What is allowed but seldom meant. */
export function Warnings({ warnings }: { readonly warnings: Preview['warnings'] }) {
  const language = useLanguage();
  if (warnings.length === 0) return null;
  return (
    <ul className="warnings">
      {warnings.map((warning) => (
        <li key={warning.en} className="notice tone-warn">
          <Icon name="warn" size={14} />
          <p>
            {warning[language]} <code className="faint">{warning.code}</code>
          </p>
        </li>
      ))}
    </ul>
  );
}
