// How much of something is taken: a bar for a number of slots.

interface MeterProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  /** What is full is done, rather than at its limit. */
  readonly towardsDone?: boolean;
}

export function Meter({ label, value, max, towardsDone = false }: MeterProps) {
  const full = towardsDone ? 'meter-done' : 'meter-full';
  const share = max <= 0 ? 0 : Math.min(1, Math.max(0, value / max));
  return (
    <svg className="meter" role="img" aria-label={label} viewBox="0 0 100 6" preserveAspectRatio="none">
      <rect className="meter-track" width="100" height="6" rx="0" />
      <rect className={share >= 1 ? full : 'meter-fill'} width={share * 100} height="6" rx="0" />
    </svg>
  );
}
