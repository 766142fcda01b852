// The offset of a time zone from UTC, for instants that lie far from any change of the clock.
//
// Asking Intl costs some microseconds, so offsets are remembered on a grid of half days. An instant is "calm" when the offset is the
// same from a day before its half day to a day after it: no clock change is so near that its wall time could be skipped or repeated
// (the largest known changes are by 24 hours, at the date line). Whatever is not calm is left to croner.
// The memory here only saves time; the answers do not depend on it.

const blockMs = 12 * 3_600_000;
/** Fifty-six years of half days; a full memory is emptied and fills again. */
const rememberedBlocks = 40_960;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly offsets: Map<number, number>;
}
const zones = new Map<string, Zone>();

/** Milliseconds to add to UTC for the wall time, or null near a change of the clock. */
export function calmOffsetMs(timezone: string, at: number): number | null {
  const zone = zoneOf(timezone);
  const block = Math.floor(at / blockMs);
  const offset = offsetAtBlock(zone, block - 2);
  for (let edge = block - 1; edge <= block + 3; edge += 1) {
    if (offsetAtBlock(zone, edge) !== offset) return null;
  }
  return offset;
}

function zoneOf(timezone: string): Zone {
  let zone = zones.get(timezone);
  if (zone === undefined) {
    const field = 'numeric';
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: field,
      month: field,
      day: field,
      hour: field,
      minute: field,
      second: field,
    });
    zone = { format, offsets: new Map() };
    zones.set(timezone, zone);
  }
  return zone;
}

function offsetAtBlock(zone: Zone, block: number): number {
  const known = zone.offsets.get(block);
  if (known !== undefined) return known;
  if (zone.offsets.size >= rememberedBlocks) zone.offsets.clear();
  const at = block * blockMs;
  const wall: Record<string, number> = {};
  for (const part of zone.format.formatToParts(at)) wall[part.type] = Number(part.value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = wall;
  const offset = Date.UTC(year, month - 1, day, hour, minute, second) - at;
  zone.offsets.set(block, offset);
  return offset;
}
