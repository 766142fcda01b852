// The heat map: one cell for each bucket, darker the more fires, framed where there is more work than slots. One tab stop; arrow keys
// go from cell to cell.

import type { ComingBucket } from '@tidewheel/protocol';
import { type KeyboardEvent, useRef } from 'react';
import { useT } from '../language/language.ts';
import { useZone } from '../parts/moment.tsx';
import type { ComingRange } from '../routing/route.ts';
import { fullInstant } from '../time/format.ts';
import { heatOf, heatRows, isCrowded, scaleOf } from './heat.ts';

interface HeatMapProps {
  readonly buckets: readonly ComingBucket[];
  readonly range: ComingRange;
  readonly chosen: number;
  readonly onChoose: (at: number) => void;
}

export function HeatMap({ buckets, range, chosen, onChoose }: HeatMapProps) {
  const t = useT();
  const zone = useZone();
  const ref = useRef<HTMLTableElement>(null);
  const rows = heatRows(buckets, range, zone);
  const scale = scaleOf(buckets);
  const columns = rows[0]?.cells.length ?? 0;
  const step = range === '24h' ? 5 : 1;
  const wordsOf = (bucket: ComingBucket) => {
    const fires = `${fullInstant(bucket.at, zone)}: ${t('coming.cell', { count: bucket.fires })}`;
    return isCrowded(bucket) ? `${fires}, ${t('coming.crowdedCell')}` : fires;
  };
  const move = (event: KeyboardEvent) => {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const row = rows.findIndex(({ cells }) => cells.some((cell) => cell?.at === chosen));
    const column = rows[row]?.cells.findIndex((cell) => cell?.at === chosen) ?? 0;
    const to = rows[row + (by[0] ?? 0)]?.cells[column + (by[1] ?? 0)];
    if (to === null || to === undefined) return;
    onChoose(to.at);
    ref.current?.querySelector<HTMLElement>(`[data-at="${to.at}"]`)?.focus();
  };
  return (
    <table ref={ref} className={`heat heat-${range}`} aria-label={t('coming.heat')} onKeyDown={move}>
      <thead>
        <tr>
          <td />
          {Array.from({ length: columns }, (_, column) => (
            <th key={column} scope="col">
              {column % 3 === 0 ? String(column * step).padStart(2, '0') : ''}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, cells }, index) => (
          <tr key={`${name} ${index}`}>
            <th scope="row">{range === '24h' ? name : name.slice(5)}</th>
            {cells.map((bucket, column) => (
              <td key={column}>
                {bucket === null ? null : (
                  <button
                    type="button"
                    className={`heat-cell heat-${heatOf(bucket.fires, scale)}${isCrowded(bucket) ? ' heat-crowded' : ''}`}
                    tabIndex={bucket.at === chosen ? 0 : -1}
                    aria-pressed={bucket.at === chosen}
                    data-at={bucket.at}
                    aria-label={wordsOf(bucket)}
                    title={wordsOf(bucket)}
                    onClick={() => onChoose(bucket.at)}
                  />
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
