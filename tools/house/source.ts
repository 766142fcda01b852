// A source file with its comments and the contents of its strings told apart from its code, so that a rule about code
// does not stumble over prose. A scanner, not a parser: it knows strings, templates, comments and regular expressions.

export interface Source {
  readonly file: string;
  readonly text: string;
  /** The text with comments blanked; strings are kept. Same length and lines. */
  readonly withoutComments: string;
  /** The text with comments and the contents of strings and regular expressions blanked. Same length and lines. */
  readonly code: string;
}

type Span = { readonly kind: 'comment' | 'string' | 'regex'; readonly from: number; readonly to: number };

export function scan(file: string, text: string): Source {
  const spans = spansOf(text);
  const comments = spans.filter(({ kind }) => kind === 'comment');
  return { file, text, withoutComments: blank(text, comments), code: blank(text, spans) };
}

export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

function blank(text: string, spans: readonly Span[]): string {
  let result = '';
  let at = 0;
  for (const { from, to } of spans) {
    result += text.slice(at, from) + text.slice(from, to).replace(/[^\n]/g, ' ');
    at = to;
  }
  return result + text.slice(at);
}

function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  // For each open `${` of a template, how many braces are open inside it.
  const templates: number[] = [];
  let at = text.startsWith('#!') ? endOfLine(text, 0) : 0;
  if (at > 0) spans.push({ kind: 'comment', from: 0, to: at });
  let lastToken = '';
  const take = (kind: Span['kind'], from: number, to: number): void => {
    spans.push({ kind, from, to });
    at = to;
  };
  const takeTemplate = (from: number): void => {
    const { end, open } = templatePart(text, from);
    take('string', from, end);
    if (open) {
      templates.push(0);
      at += 2;
    } else at += 1;
    lastToken = open ? '{' : '`';
  };
  while (at < text.length) {
    const char = text[at] ?? '';
    const pair = text.slice(at, at + 2);
    if (pair === '//') take('comment', at, endOfLine(text, at));
    else if (pair === '/*') take('comment', at, endOf(text, '*/', at + 2));
    else if (char === "'" || char === '"') {
      const end = quoted(text, at);
      take('string', at + 1, end);
      at = end + 1;
      lastToken = char;
    } else if (char === '`') takeTemplate(at + 1);
    else if (char === '}' && templates.at(-1) === 0) {
      templates.pop();
      takeTemplate(at + 1);
    } else if (char === '/' && beginsRegex(lastToken)) {
      const end = regexEnd(text, at);
      take('regex', at + 1, end);
      at = end + 1;
      lastToken = 'regex';
    } else {
      if (char === '{') count(templates, 1);
      if (char === '}') count(templates, -1);
      const word = /^[\w$]+/.exec(text.slice(at, at + 64))?.[0];
      if (!/\s/.test(char)) lastToken = word ?? char;
      at += word?.length ?? 1;
    }
  }
  return spans;
}

function count(templates: number[], change: number): void {
  const open = templates.pop();
  if (open !== undefined) templates.push(open + change);
}

/** A slash after a value divides; after an operator, a bracket or a keyword it begins a regular expression. */
function beginsRegex(lastToken: string): boolean {
  if (/^(return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield)$/.test(lastToken)) return true;
  return !/^[\w$]+$|^[)\]}'"`]$/.test(lastToken);
}

function endOfLine(text: string, from: number): number {
  return endOf(text, '\n', from, 0);
}

function endOf(text: string, mark: string, from: number, past: number = mark.length): number {
  const index = text.indexOf(mark, from);
  return index < 0 ? text.length : index + past;
}

/** The index of the closing quote, or of the end of the line: an unterminated string is JSX text or a mistake. */
function quoted(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === text[open] || text[at] === '\n') return at;
  }
  return text.length;
}

function templatePart(text: string, from: number): { end: number; open: boolean } {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '`') return { end: at, open: false };
    else if (text[at] === '$' && text[at + 1] === '{') return { end: at, open: true };
  }
  return { end: text.length, open: false };
}

function regexEnd(text: string, open: number): number {
  let inClass = false;
  for (let at = open + 1; at < text.length && text[at] !== '\n'; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '[') inClass = true;
    else if (text[at] === ']') inClass = false;
    else if (text[at] === '/' && !inClass) return at;
  }
  return open + 1;
}
