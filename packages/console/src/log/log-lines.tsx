// The lines themselves, rendered in blocks that never change once they are full: a line that comes renders one block, not the log.
// The browser skips blocks that are out of sight.

import { memo } from 'react';
import { useZone } from '../parts/moment.tsx';
import { clockTime } from '../time/format.ts';
import type { Span, Style } from './ansi.ts';
import { type Line, marked } from './lines.ts';

const blockLines = 100;

interface LogLinesProps {
  readonly lines: readonly Line[];
  readonly search: string;
  /** Number of the line whose match is the current one. */
  readonly current: number | null;
  readonly times: boolean;
  readonly zone: string | null;
}

export function LogLines({ lines, search, current, times, zone }: LogLinesProps) {
  const shownZone = useZone(zone);
  const blocks: { key: number; lines: readonly Line[] }[] = [];
  // Blocks are cut at round line numbers, so that dropping lines from the front leaves the others as they are.
  for (let from = 0; from < lines.length; ) {
    const number = lines[from]?.number ?? 1;
    const to = from + blockLines - ((number - 1) % blockLines);
    blocks.push({ key: Math.floor((number - 1) / blockLines), lines: lines.slice(from, to) });
    from = to;
  }
  return blocks.map((block) => {
    const holdsCurrent = current !== null && block.lines.some((line) => line.number === current);
    return (
      <Block
        key={block.key}
        lines={block.lines}
        search={search}
        current={holdsCurrent ? current : null}
        times={times}
        zone={shownZone}
      />
    );
  });
}

interface BlockProps extends Omit<LogLinesProps, 'zone'> {
  readonly zone: string;
}

const Block = memo(function Block({ lines, search, current, times, zone }: BlockProps) {
  return (
    <div className="log-block">
      {lines.map((line) => (
        <div
          key={line.number}
          className={`line line-${line.stream}${levelOf(line)}${line.number === current ? ' line-current' : ''}`}
          data-line={line.number}
        >
          <span className="line-number" aria-hidden="true">
            {line.number}
          </span>
          {times ? <span className="line-time">{clockTime(line.at, zone)}</span> : null}
          <span className="line-text">
            {marked(line.spans, search).map((part, index) => (
              // Pieces of a line never move.
              <Piece key={index} span={part.span} hit={part.hit} />
            ))}
          </span>
        </div>
      ))}
    </div>
  );
}, sameBlock);

/** Tasks write their level before the text; plain text is information. */
function levelOf(line: Line): string {
  const level = line.stream === 'log' ? /^(debug|warning|error): /.exec(line.text)?.[1] : undefined;
  return level === undefined ? '' : ` line-${level}`;
}

function sameBlock(before: BlockProps, after: BlockProps): boolean {
  return (
    before.lines.length === after.lines.length &&
    before.lines.every((line, index) => line === after.lines[index]) &&
    before.search === after.search &&
    before.current === after.current &&
    before.times === after.times &&
    before.zone === after.zone
  );
}

function Piece({ span, hit }: { readonly span: Span; readonly hit: boolean }) {
  const { className, color, background } = lookOf(span.style);
  if (hit) return <mark>{span.text}</mark>;
  if (className === '' && color === undefined && background === undefined) return span.text;
  const style = {
    ...(color === undefined ? {} : { color }),
    ...(background === undefined ? {} : { backgroundColor: background }),
  };
  return (
    <span className={className} style={style}>
      {span.text}
    </span>
  );
}

/** Named colours become classes, so that they follow the theme; free colours can only be taken as they are. */
function lookOf(style: Style): { className: string; color?: string; background?: string } {
  const fore = style.inverse ? (style.background ?? 'ground') : style.color;
  const back = style.inverse ? (style.color ?? 'text') : style.background;
  const classes: string[] = [];
  if (typeof fore === 'number') classes.push(`ansi-${fore % 8}${fore > 7 ? ' ansi-bright' : ''}`);
  if (typeof back === 'number') classes.push(`ansi-back-${back % 8}`);
  if (fore === 'ground') classes.push('ansi-ground');
  if (back === 'text') classes.push('ansi-back-text');
  for (const word of ['bold', 'dim', 'italic', 'underline'] as const) if (style[word]) classes.push(`ansi-${word}`);
  const look: { className: string; color?: string; background?: string } = { className: classes.join(' ') };
  if (typeof fore === 'string' && fore.startsWith('#')) look.color = fore;
  if (typeof back === 'string' && back.startsWith('#')) look.background = back;
  return look;
}
