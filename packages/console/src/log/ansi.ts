// Terminal output as styled text: colours and weights (SGR) become spans, every other escape sequence is dropped, and a carriage
// return overwrites the line as a terminal would. Pure; the style that is open at the end of a line goes on in the next one.

export interface Style {
  /** 0 to 15, or `#rrggbb`, or null for the default. */
  readonly color: number | string | null;
  readonly background: number | string | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
}

export interface Span {
  readonly text: string;
  readonly style: Style;
}

export const plain: Style = {
  color: null,
  background: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
};

// CSI sequences; OSC strings (titles, links) with either terminator; other two-character escapes; remaining control characters.
const escapes =
  /\u001b\[([0-?]*)([ -/]*[@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-_]?|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f]/g;

export function parseAnsi(line: string, open: Style = plain): { spans: Span[]; style: Style } {
  const text = overwritten(line);
  const spans: Span[] = [];
  let style = open;
  let from = 0;
  const push = (to: number) => {
    if (to > from) spans.push({ text: text.slice(from, to), style });
  };
  for (const match of text.matchAll(escapes)) {
    push(match.index);
    from = match.index + match[0].length;
    if (match[2] === 'm') style = applied(style, match[1] ?? '');
  }
  push(text.length);
  return { spans, style };
}

/** Only the text, for search and copying. */
export function stripAnsi(line: string): string {
  return overwritten(line).replace(escapes, '');
}

/** A progress bar redraws its line after each carriage return: what was drawn last is what a person would see. */
function overwritten(line: string): string {
  const end = line.endsWith('\r') ? line.length - 1 : line.length;
  const last = line.lastIndexOf('\r', end - 1);
  return last === -1 ? line.slice(0, end) : line.slice(last + 1, end);
}

function applied(style: Style, parameters: string): Style {
  const codes = parameters === '' ? [0] : parameters.split(/[;:]/).map(Number);
  let next = style;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const { color, used } = extended(codes.slice(index + 1));
      if (color !== null) next = code === 38 ? { ...next, color } : { ...next, background: color };
      index += used;
    } else {
      next = { ...next, ...change(code) };
    }
  }
  return next;
}

function change(code: number): Partial<Style> {
  if (code >= 30 && code <= 37) return { color: code - 30 };
  if (code >= 40 && code <= 47) return { background: code - 40 };
  if (code >= 90 && code <= 97) return { color: code - 82 };
  if (code >= 100 && code <= 107) return { background: code - 92 };
  switch (code) {
    case 0:
      return plain;
    case 1:
      return { bold: true };
    case 2:
      return { dim: true };
    case 3:
      return { italic: true };
    case 4:
      return { underline: true };
    case 7:
      return { inverse: true };
    case 22:
      return { bold: false, dim: false };
    case 23:
      return { italic: false };
    case 24:
      return { underline: false };
    case 27:
      return { inverse: false };
    case 39:
      return { color: null };
    case 49:
      return { background: null };
    default:
      return {};
  }
}

/** `5;n` of the 256 colours or `2;r;g;b`; `used` is how many codes it took. */
function extended(codes: readonly number[]): { color: number | string | null; used: number } {
  if (codes[0] === 5) return { color: paletteColor(codes[1] ?? 0), used: 2 };
  if (codes[0] === 2) return { color: hex([codes[1] ?? 0, codes[2] ?? 0, codes[3] ?? 0]), used: 4 };
  return { color: null, used: codes.length };
}

function paletteColor(index: number): number | string {
  if (index < 16) return index;
  if (index >= 232) return hex([0, 0, 0].map(() => 8 + (index - 232) * 10));
  const cube = index - 16;
  return hex(
    [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => (step === 0 ? 0 : 55 + step * 40)),
  );
}

function hex(channels: readonly number[]): string {
  return `#${channels.map((channel) => Math.min(255, Math.max(0, channel)).toString(16).padStart(2, '0')).join('')}`;
}
