// Text that both engines can hold. PostgreSQL refuses U+0000 and lone surrogates, and one such character in what a worker
// printed would make a whole batch fail for ever; so the drivers put U+FFFD in their place before anything is sent.

const replacement = '\uFFFD';

export function storableText(text: string): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', replacement) : wellFormed;
}

/** The same for JSON text, where these characters are escape sequences. Whole pairs of surrogates stay. */
export function storableJson(json: string): string {
  if (!json.includes('\\u')) return storableText(json);
  const escapes = /\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\(?<bad>u0000|ud[89a-f][0-9a-f]{2})|\\./gi;
  return storableText(
    json.replaceAll(escapes, (escape, bad: string | undefined) => (bad === undefined ? escape : String.raw`\ufffd`)),
  );
}
