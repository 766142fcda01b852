// A message in which `backticks` stand for code, as in the remedies of the error catalogue.

export function Rich({ text }: { readonly text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 === 1 ? (
      // Pieces of a fixed text never move.
      <code key={index} className="tag">
        {part}
      </code>
    ) : (
      part
    ),
  );
}
