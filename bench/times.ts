// How fast next fires are worked out: `node --conditions=source bench/times.ts`. One line a pattern; each call goes on from the fire before
// it ("in turn") or from anywhere in ten years ("anywhere"), which is what a master does when it loads a hundred thousand schedules.

import { cronNext } from '../packages/server/src/core/cron/next.ts';
import { parseCron } from '../packages/server/src/core/cron/parse.ts';
import { rate, rateText } from './numbers.ts';
import { nowMs } from './wall-clock.ts';

const patterns = [
  '* * * * *',
  '*/5 * * * *',
  '0 * * * *',
  '30 2 * * *',
  '0 9 * * MON-FRI',
  '0 0 1 * *',
  '0 0 L * *',
  '0 12 15W * *',
  '0 0 29 2 *',
  '*/10 * * * * *',
  '0 0 0 1 1 ? 2090',
];
const zones = ['UTC', 'Asia/Shanghai', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Casablanca'];
const start = Date.UTC(2026, 0, 1);
const years = 10 * 365 * 86_400_000;
const calls = 200_000;

function measure(work: () => void): number {
  work();
  const begin = nowMs();
  work();
  return rate(calls, nowMs() - begin);
}

let slowest = Infinity;
process.stdout.write(
  `${'pattern'.padEnd(20)}${'zone'.padEnd(22)}${'in turn'.padStart(14)}${'anywhere'.padStart(14)}\n`,
);
for (const pattern of patterns) {
  for (const zone of zones) {
    const cron = parseCron(pattern, zone);
    const inTurn = measure(() => {
      let at: number | null = start;
      for (let call = 0; call < calls; call += 1) at = cronNext(cron, at ?? start);
    });
    const anywhere = measure(() => {
      for (let call = 0; call < calls; call += 1) cronNext(cron, start + ((call * 48_271) % 99_991) * (years / 99_991));
    });
    slowest = Math.min(slowest, inTurn, anywhere);
    process.stdout.write(
      `${pattern.padEnd(20)}${zone.padEnd(22)}${rateText(inTurn).padStart(14)}${rateText(anywhere).padStart(14)}\n`,
    );
  }
}
const parsed = measure(() => {
  for (let call = 0; call < calls; call += 1) parseCron(patterns[call % patterns.length] ?? '', 'Europe/Berlin');
});
process.stdout.write(`\nparsed: ${rateText(parsed)}; the slowest next fire: ${rateText(slowest)}\n`);
