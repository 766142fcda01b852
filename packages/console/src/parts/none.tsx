// Stands where a value is absent.

export function None() {
  return (
    <span className="faint" aria-hidden="true">
      –
    </span>
  );
}
