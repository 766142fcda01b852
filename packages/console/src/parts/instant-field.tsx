// The browser's own date and time picker, in the browser's zone.

interface InstantFieldProps {
  readonly label: string;
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
}

export function InstantField({ label, value, onChange }: InstantFieldProps) {
  return (
    <label className="instant">
      <span>{label}</span>
      <input
        type="datetime-local"
        step={1}
        value={value === null ? '' : localText(value)}
        onChange={(event) => {
          const at = Date.parse(event.target.value);
          onChange(Number.isNaN(at) ? null : at);
        }}
      />
    </label>
  );
}

function localText(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
