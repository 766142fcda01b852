// One number of a worker or a master with its name above it.

import type { ReactNode } from 'react';

export function Stat({ name, value }: { readonly name: string; readonly value: ReactNode }) {
  return (
    <div>
      <dt className="faint">{name}</dt>
      <dd className="number">{value}</dd>
    </div>
  );
}
