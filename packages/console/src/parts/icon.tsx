// The icons of the console: strokes on a 16 by 16 grid that take the colour of the text. Decorative always; the words beside them,
// or the label of their button, say what they mean.

const paths = {
  overview: 'M2.5 13.5h11M4 11V8m4 3V3.5M12 11V6',
  schedules: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.6',
  runs: 'M2.5 4h6m-6 4h4m-4 4h4m3.5-4.6v5.2L14 10Z',
  jobs: 'M2.5 5 8 2l5.5 3v6L8 14l-5.5-3ZM2.7 5.1 8 8l5.3-2.9M8 8v6',
  workers: 'M4 4h8v8H4ZM6.5 6.5h3v3h-3ZM6 4V2m4 2V2M6 14v-2m4 2v-2M4 6H2m2 4H2m12-4h-2m2 4h-2',
  pools: 'M2.5 2.5h4v4h-4Zm7 0h4v4h-4Zm-7 7h4v4h-4Zm9 0v4m-2-2h4',
  locks: 'M4 7.5h8v6H4ZM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5M8 9.8v1.4',
  cluster:
    'M8 5.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4ZM3.7 13.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4Zm8.6 0a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4ZM7.2 5.3l-2.6 5m4.2-5 2.6 5m-5.9 1.5h5',
  coming: 'M2.5 13.5V9.2m3.7 4.3v-9m3.6 9V7m3.7 6.5v-2.7',
  calendars: 'M2.5 3.5h11v10h-11ZM2.5 6.6h11M5.5 2v3m5-3v3M5 9.6h.1m2.9 0h.1m2.8 0h.1',
  try: 'M6.5 2.5v4L2.8 13.5h10.4L9.5 6.5v-4M5.3 2.5h5.4M5 10.5h6',
  backups: 'M2.5 4h11v3h-11ZM3.5 7v6.5h9V7M6.5 9.5h3',
  crown: 'M2.5 12.5h11M3 10.5 2.2 4.8l3.3 2.4L8 3l2.5 4.2 3.3-2.4-.8 5.7Z',
  unlock: 'M4 7.5h8v6H4ZM5.5 7.5V5a2.5 2.5 0 0 1 4.8-1',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Zm3.2-1.3L14 14',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5m0 11V15M1 8h1.5m11 0H15M3 3l1.1 1.1m7.8 7.8L13 13M3 13l1.1-1.1m7.8-7.8L13 3',
  moon: 'M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1Z',
  screen: 'M2 3h12v8H2Zm3.5 11h5M8 11v3',
  language: 'M2 4h7M5.5 2.5V4m2.2 0c-.6 2.6-2.4 4.8-5 6M3.6 6.2c1 2 2.6 3.4 4.6 4.3M8 14l3-7 3 7m-5-2.3h4',
  globe: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM2 8h12M8 2c4 4 4 8 0 12-4-4-4-8 0-12Z',
  check: 'm3 8.5 3.2 3.2L13 4.8',
  cross: 'm4 4 8 8m0-8-8 8',
  play: 'M5 3.2v9.6L12.5 8Z',
  pause: 'M5.5 3.5v9m5-9v9',
  stop: 'M4.5 4.5h7v7h-7Z',
  retry: 'M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3',
  copy: 'M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3',
  download: 'M8 2.5v7.2M4.8 6.8 8 10l3.2-3.2M3 13.5h10',
  wrap: 'M2.5 4h11m-11 4h8.7a2 2 0 0 1 0 4H8m1.5-1.7L7.8 12l1.7 1.7M2.5 12h2.7',
  down: 'm4 6.2 4 4 4-4',
  up: 'm4 9.8 4-4 4 4',
  right: 'm6.2 4 4 4-4 4',
  left: 'm9.8 4-4 4 4 4',
  warn: 'M8 2.2 14.5 13h-13ZM8 6.5v3m0 1.8v.1',
  signOut: 'M6.5 2.5h-4v11h4M6.5 8h7m-2.7-2.7L13.5 8l-2.7 2.7',
  keyboard: 'M1.5 4h13v8h-13ZM4 6.7h.1m2.6 0h.1m2.5 0h.1m2.6 0h.1M5 9.5h6',
  drain: 'M3 2.5h10M8 5v8m-3-3 3 3 3-3',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.6',
  hourglass: 'M4.5 2.5h7m-7 11h7M5 2.5c0 3 2.2 4 3 5.5-.8 1.5-3 2.5-3 5.5m6-11c0 3-2.2 4-3 5.5.8 1.5 3 2.5 3 5.5',
  lock: 'M4 7.5h8v6H4ZM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  slash: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM4 12 12 4',
  skip: 'M3.5 4v8L9 8Zm9 0v8',
  question:
    'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.4 6.3c.2-1 .9-1.5 1.7-1.5 1 0 1.7.6 1.7 1.5 0 1.3-1.8 1.4-1.8 2.7m0 2v.1',
  terminal: 'M2 3h12v10H2Zm2.5 3 2 2-2 2m4 0h3',
  bolt: 'M8.8 1.8 3.6 9h4l-.6 5.2L12.4 7h-4Z',
  sliders: 'M2.5 4.5h5m4 0h2M2.5 11.5h2m4 0h5M9.5 3v3m-3 4v3',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** The mark of Tidewheel: a wheel that the tide turns. */
export function Logo({ size = 24 }: { readonly size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="16" cy="16" r="13" />
      <path d="M5 18c3.7-4.4 7.3-4.4 11 0s7.3 4.4 11 0" />
      <circle className="logo-hub" cx="16" cy="9.5" r="2.4" />
    </svg>
  );
}
