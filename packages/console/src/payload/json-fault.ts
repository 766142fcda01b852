// Where a text stops being JSON. Engines say so in words of their own, and often without the place; a reader needs the place.
// Pure: walks the grammar and gives the offset of the first character that does not fit, the length of the text when it ends too soon.

const space = /[ \t\n\r]*/y;
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
/** As far as an unfinished string, number or word is right. */
const partialString = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*/y;

/** Null when the whole text is JSON. */
export function jsonFault(text: string): number | null {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match !== null;
  };
  // What is open around the place, innermost last. A stack instead of recursion: depth is the writer's choice.
  const open: ('[' | '{')[] = [];
  let expect: 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' = 'value';
  for (;;) {
    take(space);
    const next = text[at];
    if (expect === 'comma or end' && open.length === 0) return at === text.length ? null : at;
    if (next === undefined) return at;
    const inner = open.at(-1);
    const ends = next === (inner === '[' ? ']' : '}') && inner !== undefined;
    if (ends && expect.endsWith('or end')) {
      open.pop();
      at += 1;
      expect = 'comma or end';
    } else if (expect === 'comma or end') {
      if (next !== ',') return at;
      at += 1;
      expect = inner === '{' ? 'key' : 'value';
    } else if (expect === 'colon') {
      if (next !== ':') return at;
      at += 1;
      expect = 'value';
    } else if (expect === 'key' || expect === 'key or end') {
      if (!take(string)) {
        if (next === '"') take(partialString);
        return at;
      }
      expect = 'colon';
    } else if (next === '[' || next === '{') {
      open.push(next);
      at += 1;
      expect = next === '[' ? 'value or end' : 'key or end';
    } else if (take(string) || take(number) || take(word)) {
      expect = 'comma or end';
    } else {
      if (next === '"') take(partialString);
      return at;
    }
  }
}
