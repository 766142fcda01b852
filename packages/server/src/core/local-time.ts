// Instants as the clocks of a time zone show them, with the offset that holds then.

/** Gives `2026-03-29T01:30:00+01:00`. The zone must be known. */
export function localTimes(timezone: string): (ms: number) => string {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'longOffset',
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map((part) => [part.type, part.value]));
    const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
    const offset = of('timeZoneName').replace('GMT', '') || '+00:00';
    return `${of('year')}-${of('month')}-${of('day')}T${of('hour')}:${of('minute')}:${of('second')}${offset}`;
  };
}
