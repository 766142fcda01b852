// Sizes for readers. Of the protocol package the console takes types only: its values would bring the validators along, which make code
// at run time, and the content policy of the page forbids that.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** In the largest unit that leaves a number of at least one, as the command line says it: `1.5 GiB`. */
export function bytesText(bytes: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(bytes) || 1) / 10)));
  const value = bytes / 1024 ** power;
  return `${power > 0 && Math.abs(value) < 10 ? value.toFixed(1) : Math.round(value)} ${units[power] ?? 'B'}`;
}
