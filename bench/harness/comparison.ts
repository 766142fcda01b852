// The rounds of one measure as a section of the report: absolute figures with their spread, how many times better the first contender is,
// and whether the goals are reached.

import type { Figure, Goal, Measure } from './measure.ts';
import { ratiosOf, spreadOf, type Spread } from './statistics.ts';
import type { Rounds } from './turns.ts';

export interface Verdict {
  readonly goal: string;
  readonly measured: string;
  /** Null when a side of it was not measured. */
  readonly reached: boolean | null;
}

export function sectionOf(measure: Measure, results: ReadonlyMap<string, Rounds>): string {
  const [reference = ''] = results.keys();
  const lines = [`## ${measure.name}`, '', measure.about, ''];
  for (const figure of measure.figures) lines.push(...tableOf(figure, reference, results), '');
  const verdicts = measure.goals.map((goal) => judge(goal, measure, results));
  if (verdicts.length > 0) {
    lines.push('| goal | measured | reached |', '| --- | --- | --- |');
    for (const { goal, measured, reached } of verdicts) {
      lines.push(`| ${goal} | ${measured} | ${reached === null ? 'not measured' : reached ? 'yes' : '**no**'} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

function tableOf(figure: Figure, reference: string, results: ReadonlyMap<string, Rounds>): string[] {
  const compared = results.size > 1;
  const unit = figure.unit === '' ? '' : ` (${figure.unit})`;
  const head = ['', 'median', 'min', 'max', ...(compared ? [`${reference} is times better`, 'min', 'max'] : [])];
  const rows = [...results].flatMap(([name, rounds]) => {
    const values = rounds.get(figure.name);
    if (values === undefined) return [];
    const cells = [name, ...cellsOf(spreadOf(values), numberText)];
    const own = results.get(reference)?.get(figure.name) ?? [];
    if (compared && name === reference) cells.push('', '', '');
    else if (compared) cells.push(...cellsOf(spreadOf(ratiosOf(own, values, figure.better)), ratioText));
    return [`| ${cells.join(' | ')} |`];
  });
  if (rows.length === 0) return [];
  return [
    `**${figure.name}**${unit}, ${figure.better} is better`,
    '',
    `| ${head.join(' | ')} |`,
    `|${' --- |'.repeat(head.length)}`,
    ...rows,
  ];
}

/** By the medians of what was taken in turns. */
export function judge(goal: Goal, measure: Measure, results: ReadonlyMap<string, Rounds>): Verdict {
  const figure = measure.figures.find(({ name }) => name === goal.figure);
  const values = results.get(goal.of)?.get(goal.figure);
  const unit = figure?.unit ?? '';
  if ('than' in goal) {
    const text = `${goal.figure}: ${goal.of} ≥ ${goal.times} × ${goal.than}`;
    const others = results.get(goal.than)?.get(goal.figure);
    if (values === undefined || others === undefined) return { goal: text, measured: '', reached: null };
    const { min, median, max } = spreadOf(ratiosOf(values, others, figure?.better ?? 'more'));
    const measured = `${ratioText(median)} × (${ratioText(min)} to ${ratioText(max)})`;
    return { goal: text, measured, reached: median >= goal.times };
  }
  const atMost = 'atMost' in goal;
  const bound = atMost ? goal.atMost : goal.atLeast;
  const text = `${goal.figure}: ${goal.of} ${atMost ? '≤' : '≥'} ${numberText(bound)} ${unit}`.trim();
  if (values === undefined) return { goal: text, measured: '', reached: null };
  const { median } = spreadOf(values);
  return { goal: text, measured: numberText(median), reached: atMost ? median <= bound : median >= bound };
}

function cellsOf(spread: Spread, text: (value: number) => string): string[] {
  return [text(spread.median), text(spread.min), text(spread.max)];
}

export function numberText(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

function ratioText(value: number): string {
  return value.toFixed(2);
}
