// IANA time zones: which names are taken, and what to say about those that are not.
// Abbreviations are refused although the platform knows some of them: CST is a clock in Chicago, in Shanghai and in Havana.

import { Refusal } from '@tidewheel/protocol';

const utcNames = new Set(['utc', 'gmt', 'etc/utc', 'etc/gmt', 'etc/uct', 'etc/universal', 'etc/zulu', 'etc/greenwich']);

/** What people usually mean by an abbreviation, for the message. */
const abbreviations: Readonly<Record<string, readonly string[]>> = {
  CST: ['America/Chicago', 'Asia/Shanghai', 'America/Havana'],
  CDT: ['America/Chicago', 'America/Havana'],
  EST: ['America/New_York', 'America/Panama'],
  EDT: ['America/New_York'],
  EST5EDT: ['America/New_York'],
  CST6CDT: ['America/Chicago'],
  MST: ['America/Denver', 'America/Phoenix'],
  MDT: ['America/Denver'],
  MST7MDT: ['America/Denver'],
  PST: ['America/Los_Angeles', 'Asia/Manila'],
  PDT: ['America/Los_Angeles'],
  PST8PDT: ['America/Los_Angeles'],
  HST: ['Pacific/Honolulu'],
  IST: ['Asia/Kolkata', 'Europe/Dublin', 'Asia/Jerusalem'],
  BST: ['Europe/London', 'Asia/Dhaka'],
  CET: ['Europe/Berlin', 'Europe/Paris'],
  CEST: ['Europe/Berlin', 'Europe/Paris'],
  MET: ['Europe/Berlin'],
  EET: ['Europe/Athens', 'Europe/Helsinki'],
  WET: ['Europe/Lisbon'],
  JST: ['Asia/Tokyo'],
  KST: ['Asia/Seoul'],
  PRC: ['Asia/Shanghai'],
  ROC: ['Asia/Taipei'],
  ROK: ['Asia/Seoul'],
  AEST: ['Australia/Sydney', 'Australia/Brisbane'],
  NZ: ['Pacific/Auckland'],
  GB: ['Europe/London'],
};

function isUtc(timezone: string): boolean {
  return utcNames.has(timezone.toLowerCase());
}

/** Names that were asked for and found good, as the runtime spells them. Only saves time: making a formatter costs 30 µs. */
const known = new Map<string, string>();
const knownMost = 2000;

/**
 * The name in the runtime's own spelling, of which there are only some hundreds: names are taken in any case.
 * Throws UNKNOWN_TIMEZONE unless `timezone` is UTC or an IANA name that this runtime knows.
 */
export function checkTimezone(timezone: string): string {
  if (isUtc(timezone)) return 'UTC';
  const before = known.get(timezone);
  if (before !== undefined) return before;
  const trouble = troubleOf(timezone);
  const name = trouble === null ? spelling(timezone) : null;
  if (name === null) {
    const detail = trouble ?? `the time zone "${timezone}" is unknown`;
    throw new Refusal('UNKNOWN_TIMEZONE', detail, { faults: [{ pointer: '/timezone', detail }] });
  }
  if (known.size >= knownMost) known.clear();
  known.set(timezone, name);
  return name;
}

function troubleOf(timezone: string): string | null {
  const meant = abbreviations[timezone.toUpperCase()];
  if (meant !== undefined) {
    return `"${timezone}" is an abbreviation, and those are ambiguous or ignore summer time; write ${meant.join(' or ')}`;
  }
  if (/^[+-]|^(?:utc|gmt)[+-]/i.test(timezone)) {
    return `"${timezone}" is an offset; write an IANA name such as Asia/Shanghai, or Etc/GMT-8 for eight hours ahead of UTC`;
  }
  if (spelling(timezone) === null) {
    const near = sameCity(timezone);
    const advice = near === null ? 'write an IANA name such as Europe/Berlin or Asia/Shanghai' : `write ${near}`;
    return `the time zone "${timezone}" is unknown; ${advice}`;
  }
  if (/^[A-Z0-9]+$/.test(timezone)) {
    return `"${timezone}" is an abbreviation; write an IANA name such as Europe/Berlin or Asia/Shanghai`;
  }
  return null;
}

function spelling(timezone: string): string | null {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: timezone }).resolvedOptions().timeZone;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** `Berlin` or `europe-berlin` → `Europe/Berlin`. */
function sameCity(timezone: string): string | null {
  const city = (name: string) =>
    name
      .toLowerCase()
      .split('/')
      .at(-1)
      ?.replaceAll(/[^a-z]/g, '') ?? '';
  const wanted = city(timezone);
  const whole = timezone.toLowerCase().replaceAll(/[^a-z]/g, '');
  const found = Intl.supportedValuesOf('timeZone').find(
    (name) => city(name) === wanted || name.toLowerCase().replaceAll(/[^a-z]/g, '') === whole,
  );
  return found ?? null;
}
