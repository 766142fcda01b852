// How much of something is taken: a bar for a number of slots.

interface MeterProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
}

export function Meter({ label, value, max }: MeterProps) {
  const share = max <= 0 ? 0 : Math.min(1, Math.max(0, value / max));
  return (
    <svg className="meter" role="img" aria-label={label} viewBox="0 0 100 6" preserveAspectRatio="none">
      <rect className="meter-track" width="100" height="6" rx="0" />
      <rect className={share >= 1 ? 'meter-full' : 'meter-fill'} width={share * 100} height="6" rx="0" />
    </svg>
  );
}
