// What time it is where times are shown, by the store's clock. A press changes the zone: mine, UTC, the job's.

import { useT } from '../language/language.ts';
import { Icon } from '../parts/icon.tsx';
import { useZone } from '../parts/moment.tsx';
import { useNow } from '../time/clock.ts';
import { clockTime, fullInstant } from '../time/format.ts';
import { setPreferences, timeModes, usePreferences } from './preferences.ts';

export function ZoneClock() {
  const t = useT();
  const { time } = usePreferences();
  const zone = useZone();
  const now = useNow(1_000);
  const next = timeModes[(timeModes.indexOf(time) + 1) % timeModes.length] ?? 'local';
  const words = `${t('setting.time')}: ${t(`setting.time.${time}`)}`;
  return (
    <button
      type="button"
      className="zone-clock"
      title={`${words} · ${fullInstant(now, zone)}`}
      aria-label={`${words}. ${t('palette.time', { zone: t(`setting.time.${next}`) })}`}
      onClick={() => setPreferences({ time: next })}
    >
      <Icon name="globe" size={14} />
      <time>{clockTime(now, zone).slice(0, 8)}</time>
      <span className="ellipsis">{time === 'utc' ? 'UTC' : t(`setting.time.${time}`)}</span>
    </button>
  );
}
