// Finds where a text stops being JSON. Engines tell a position for some faults only; this is asked after they refused.

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or close' | 'end';

const token =
  /[\t\n\r ]*(?:([{}[\],:])|("[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;

export interface JsonFault {
  /** From 1. */
  line: number;
  column: number;
  detail: string;
}

const words: Readonly<Record<Expected, string>> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  key: 'a name in double quotes',
  'key or }': 'a name in double quotes or "}"',
  ':': '":"',
  ', or close': '"," or the closing bracket',
  end: 'nothing more',
};

/** Null when the text is JSON. */
export function jsonFault(text: string): JsonFault | null {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    at = skipSpace(text, at);
    if (at === text.length && expected === 'end') return null;
    token.lastIndex = at;
    const match = token.exec(text);
    const next: Expected | null =
      match === null ? null : step(match[1] ?? (match[2] === undefined ? 'scalar' : 'string'), expected, open);
    if (next === null) return faultAt(text, at, expected);
    expected = next;
    at = token.lastIndex;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text[at] ?? 'x')) at += 1;
  return at;
}

/** What may follow, or null when this token may not stand here. */
function step(found: string, expected: Expected, open: ('{' | '[')[]): Expected | null {
  const after = (): Expected => (open.length === 0 ? 'end' : ', or close');
  const wantsValue = expected === 'value' || expected === 'value or ]';
  if (found === 'string' && (expected === 'key' || expected === 'key or }')) return ':';
  if (found === 'string' || found === 'scalar') return wantsValue ? after() : null;
  if (found === ':') return expected === ':' ? 'value' : null;
  if (found === ',') return expected === ', or close' ? (open.at(-1) === '{' ? 'key' : 'value') : null;
  if (found === '{' || found === '[') {
    if (!wantsValue) return null;
    open.push(found);
    return found === '{' ? 'key or }' : 'value or ]';
  }
  const closes = found === '}' ? '{' : '[';
  const empty = found === '}' ? 'key or }' : 'value or ]';
  if (open.at(-1) !== closes || (expected !== ', or close' && expected !== empty)) return null;
  open.pop();
  return after();
}

function faultAt(text: string, at: number, expected: Expected): JsonFault {
  const lines = text.slice(0, at).split('\n');
  const found =
    at === text.length
      ? 'the text ends'
      : `there is ${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))}`;
  return {
    line: lines.length,
    column: (lines.at(-1)?.length ?? 0) + 1,
    detail: `${found} where ${words[expected]} is expected`,
  };
}
