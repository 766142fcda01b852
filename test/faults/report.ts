// A scenario's report for people, in a few lines: what was measured against what it had to be, and what the checker found.

import type { Report } from './scenario.ts';

export function reportText(report: Report): string {
  const word = report.skipped !== undefined ? 'SKIP' : report.passed ? 'PASS' : 'FAIL';
  const lines = [`${word}  ${report.id}  ${report.title}  (${Math.round(report.tookMs / 1000)} s)`];
  if (report.skipped !== undefined) lines.push(`      ${report.skipped}`);
  if (report.failure !== undefined) lines.push(`      ${report.failure.replaceAll('\n', '\n      ')}`);
  for (const { name, measured, atMost, atLeast, passed } of report.criteria) {
    const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
    lines.push(`      ${passed ? ' ' : '!'} ${name}: ${round(measured)} (${bound})`);
  }
  const { measures } = report;
  if (measures !== undefined) {
    const { fireDelayMs, startDelayMs, triggers } = measures;
    lines.push(
      `        ${measures.fires} fires, ${measures.runs} runs, ${measures.attempts} attempts, ${measures.orphans} orphans;` +
        ` triggers ${triggers.acknowledged} acknowledged, ${triggers.refused} refused, ${triggers.unknown} unknown`,
      `        fires decided after p50 ${fireDelayMs.p50}, p99 ${fireDelayMs.p99}, max ${fireDelayMs.max} ms;` +
        ` begun after p50 ${startDelayMs.p50}, p99 ${startDelayMs.p99}, max ${startDelayMs.max} ms; ${measures.lateFires} over 1 s, of ${measures.lateTimes} moments`,
    );
  }
  for (const verdict of report.verdicts) {
    if (verdict.violations === 0) continue;
    lines.push(`      ! ${verdict.rule}: ${verdict.violations} of ${verdict.looked}: ${verdict.promise}`);
    for (const sample of verdict.samples) lines.push(`          ${sample}`);
  }
  if (!report.passed) for (const { atMs, what } of report.timeline) lines.push(`        ${atMs} ms: ${what}`);
  return lines.join('\n');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
