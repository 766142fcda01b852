// How many terminal cells a text takes: Chinese, Japanese, Korean and emoji take two, combining marks none.
// Also makes foreign text safe to show: a job's description must not move the reader's cursor.

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\u3200-\u33ff\uff01-\uff60\uffe0-\uffe6]|\p{Emoji}\ufe0f/u;
const plainAscii = /^[\x20-\x7e]*$/;
const invisible = /^[\p{Mark}\p{Cf}]+$/u;

export function textWidth(text: string): number {
  if (plainAscii.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment);
  return width;
}

function graphemeWidth(grapheme: string): number {
  if (wide.test(grapheme)) return 2;
  return invisible.test(grapheme) ? 0 : 1;
}

/** Pads on the right, or on the left for numbers. */
export function padText(text: string, width: number, right = false): string {
  const fill = ' '.repeat(Math.max(0, width - textWidth(text)));
  return right ? fill + text : text + fill;
}

/** Cuts to at most `width` cells, with `…` for what is missing. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 1) return '…'.slice(0, width);
  let cut = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const cells = graphemeWidth(segment);
    if (used + cells > width - 1) break;
    cut += segment;
    used += cells;
  }
  return `${cut}…`;
}

/** One line without control characters: line breaks become `⏎`, the others a visible picture of themselves. */
export function visibleLine(text: string): string {
  return text.replace(/\r?\n/g, '⏎').replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, pictureOfControl);
}

/** Text of many lines for a terminal: colours stay, every other control sequence is shown instead of obeyed. */
export function visibleText(text: string): string {
  return text
    .replace(/\x1b(?!\[[0-9;]*m)/g, '␛')
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]/g, pictureOfControl);
}

function pictureOfControl(char: string): string {
  const code = char.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '␡' : '�';
}
