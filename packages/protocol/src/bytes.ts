// Sizes as people write and read them: `512MiB`, `20GiB`, `1.5TB`, or a number of bytes.

const units = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const shape = /^(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)?$/;

/** Bytes, or null when the text is not a size. */
export function parseBytes(text: string): number | null {
  const [, number, unit = 'B'] = shape.exec(text.trim()) ?? [];
  if (number === undefined) return null;
  const bytes = Math.round(Number(number) * units[unit as keyof typeof units]);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** In the largest unit that leaves a number of at least one: `1.5 GiB`. */
export function bytesText(bytes: number): string {
  const names = ['TiB', 'GiB', 'MiB', 'KiB'] as const;
  const name = names.find((one) => Math.abs(bytes) >= units[one]);
  if (name === undefined) return `${Math.round(bytes)} B`;
  const value = bytes / units[name];
  return `${Math.abs(value) < 10 ? value.toFixed(1) : String(Math.round(value))} ${name}`;
}
