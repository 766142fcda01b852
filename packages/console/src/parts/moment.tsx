// Moments in time: absolute, relative, counting down, counting up. Each shows its full form, zone included, when hovered.

import { useQuery } from '@tanstack/react-query';
import { schedulePickQuery } from '../api/queries.ts';
import { useT } from '../language/language.ts';
import { useNamespace } from '../routing/navigation.tsx';
import { usePreferences } from '../shell/preferences.ts';
import { useNow } from '../time/clock.ts';
import { countdown, fullInstant, isZone, relative, shortInstant, span } from '../time/format.ts';

const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zone in which a moment is shown. `own` is the zone of the schedule that it belongs to, when there is one. */
export function useZone(own?: string | null): string {
  const { time } = usePreferences();
  if (time === 'utc') return 'UTC';
  return time === 'job' && typeof own === 'string' && isZone(own) ? own : localZone;
}

/** The zone of a schedule that is known by name only, as in a list of runs. Asks for nothing unless the reader wants job zones. */
export function useScheduleZone(): (schedule: string | null) => string | null {
  const { time } = usePreferences();
  const schedules = useQuery({ ...schedulePickQuery(useNamespace(), ''), enabled: time === 'job' });
  return (name) => {
    const found = name === null ? undefined : schedules.data?.items.find((schedule) => schedule.name === name);
    const zone = found?.definition['timezone'];
    return typeof zone === 'string' ? zone : null;
  };
}

interface MomentProps {
  readonly at: number;
  readonly zone?: string | null;
}

/** As short as can be, without doubt: today's time, or date and time. */
export function Moment({ at, zone }: MomentProps) {
  const t = useT();
  const shown = useZone(zone);
  const now = useNow(60_000);
  return (
    <time dateTime={new Date(at).toISOString()} title={`${fullInstant(at, shown)} · ${relative(at, now, t)}`}>
      {shortInstant(at, shown, now)}
    </time>
  );
}

/** "12 s ago", "in 3 min". */
export function Ago({ at, zone }: MomentProps) {
  const t = useT();
  const shown = useZone(zone);
  const now = useNow(1_000);
  return (
    <time dateTime={new Date(at).toISOString()} title={fullInstant(at, shown)}>
      {relative(at, now, t)}
    </time>
  );
}

/** Counts down to the moment like a clock. */
export function Countdown({ at, zone }: MomentProps) {
  const t = useT();
  const shown = useZone(zone);
  const now = useNow(1_000);
  return (
    <time className="countdown" dateTime={new Date(at).toISOString()} title={fullInstant(at, shown)}>
      {countdown(at, now, t)}
    </time>
  );
}

/** Time since `from`: fixed when it has an end, else counting up. */
export function Elapsed({ from, to }: { readonly from: number; readonly to: number | null }) {
  const t = useT();
  if (to !== null) return <span className="number">{span(Math.max(0, to - from), t)}</span>;
  return <RunningSpan from={from} />;
}

function RunningSpan({ from }: { readonly from: number }) {
  const t = useT();
  const now = useNow(1_000);
  const seconds = Math.max(0, Math.floor((now - from) / 1_000));
  return <span className="number">{span(seconds === 0 ? 0 : seconds * 1_000, t)}</span>;
}
