// Just enough of SQL's lexical rules to tell words from quoted text and comments, so that a driver may change words
// and a migration may be cut into statements. Bodies quoted with $$ and nested comments are not known: we use neither.

export interface SqlPiece {
  readonly kind: 'word' | 'parameter' | 'quoted' | 'comment' | 'space' | 'other';
  readonly text: string;
}

const pieces =
  /(?<comment>--[^\n]*|\/\*[\s\S]*?\*\/)|(?<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?<parameter>\$\d+)|(?<word>[A-Za-z_]\w*)|(?<space>\s+)|\d[\w.]*|[\s\S]/g;

export function* sqlPieces(sql: string): Generator<SqlPiece> {
  for (const match of sql.matchAll(pieces)) {
    const groups = match.groups ?? {};
    const kind =
      groups['word'] !== undefined
        ? 'word'
        : groups['space'] !== undefined
          ? 'space'
          : groups['parameter'] !== undefined
            ? 'parameter'
            : groups['quoted'] !== undefined
              ? 'quoted'
              : groups['comment'] !== undefined
                ? 'comment'
                : 'other';
    yield { kind, text: match[0] };
  }
}

const writingWords = new Set(['insert', 'update', 'delete', 'merge', 'replace']);

/** Whether a statement only reads, judged by its words: a select, or a with that contains nothing that writes. */
export function sqlReads(sql: string): boolean {
  const words = [...sqlPieces(sql)].filter((piece) => piece.kind === 'word').map((piece) => piece.text.toLowerCase());
  return words[0] === 'select' || (words[0] === 'with' && !words.some((word) => writingWords.has(word)));
}

/** The statements of a script, without comments and without the semicolons that end them. */
export function sqlStatements(script: string): string[] {
  const statements: string[] = [];
  let current = '';
  for (const piece of sqlPieces(script)) {
    if (piece.kind === 'comment') continue;
    if (piece.kind === 'other' && piece.text === ';') {
      statements.push(current);
      current = '';
    } else current += piece.text;
  }
  statements.push(current);
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '');
}
