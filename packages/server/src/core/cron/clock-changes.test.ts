// Every change of twenty clocks in thirty years: the engine's fires around it are those of the naive oracle.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transitionsBetween } from '../zone-clock.ts';
import { cronMark, cronNext } from './next.ts';
import { parseCron } from './parse.ts';
import { offsetOf, oracleFires, type Part, type Rules, type Shape, textOf } from './testing/oracle.ts';

const zones = [
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'America/St_Johns',
  'America/Santiago',
  'America/Asuncion',
  'Europe/Berlin',
  'Europe/Dublin',
  'Europe/Moscow',
  'Europe/Istanbul',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Gaza',
  'Asia/Tehran',
  'Asia/Amman',
  'Australia/Lord_Howe',
  'Australia/Adelaide',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Antarctica/Troll',
];
const [from, to] = [Date.UTC(2006, 0, 1), Date.UTC(2036, 0, 1)];
const hour = 3_600_000;

const any = { text: '*', meets: () => true };
const one = (value: number): Part<number> => ({ text: String(value), meets: (other) => other === value });
const either = (a: number, b: number): Part<number> => ({
  text: `${a},${b}`,
  meets: (other) => other === a || other === b,
});
const every = (step: number): Part<number> => ({ text: `*/${step}`, meets: (other) => other % step === 0 });

/** Around the hour that the wall shows when the clock is changed. */
function expressions(wallHour: number): Shape[] {
  const times: [minute: Part<number>, hour: Part<number>][] = [
    [one(0), one(wallHour)],
    [one(30), one(wallHour)],
    [either(15, 45), one(wallHour)],
    [one(30), one((wallHour + 23) % 24)],
    [one(0), either(wallHour, (wallHour + 1) % 24)],
    [every(15), one(wallHour)],
    [every(20), any],
    [one(0), every(2)],
    [one(59), one(23)],
    [one(0), one(0)],
  ];
  const days = { day: any, month: any, weekday: any, plus: false };
  return times.map(([minute, hours]) => ({ second: null, minute, hour: hours, ...days, year: null }));
}

const rules: Rules[] = [
  { gap: 'after', overlap: 'once' },
  { gap: 'before', overlap: 'last' },
  { gap: 'skip', overlap: 'both' },
  { gap: 'after', overlap: 'first' },
];

/** Found by looking at the wall every three hours. */
function changesOf(zone: string): number[] {
  const changes: number[] = [];
  for (let at = from; at < to; at += 3 * hour) {
    if (offsetOf(zone, at) !== offsetOf(zone, at + 3 * hour)) changes.push(at);
  }
  return changes;
}

for (const zone of zones) {
  test(`every clock change of ${zone} in thirty years: the fires are those of the oracle`, () => {
    const changes = changesOf(zone);
    assert.equal(changes.length, transitionsBetween(zone, from, to).length);
    for (const [index, at] of changes.entries()) {
      let change = at;
      while (offsetOf(zone, change) === offsetOf(zone, at)) change += 60_000;
      const wallHour = new Date(change + offsetOf(zone, at)).getUTCHours();
      for (const [place, shape] of expressions(wallHour).entries()) {
        const chosen = rules[(index + place) % rules.length] ?? { gap: 'after', overlap: 'once' };
        const cron = parseCron(textOf(shape), zone, { dst: chosen });
        const found: number[] = [];
        for (
          let next = cronNext(cron, at - 2 * hour);
          next !== null && next <= at + 6 * hour;
          next = cronNext(cron, next)
        ) {
          found.push(next);
        }
        const told = `${cron.expression} in ${zone} at ${new Date(change).toISOString()}, ${JSON.stringify(chosen)}`;
        assert.deepEqual(found, oracleFires(shape, zone, chosen, at - 2 * hour, at + 6 * hour), told);
        for (const fire of found) {
          // A fire is marked when its wall time is none of the expression's own, or shows twice.
          const wall = fire + offsetOf(zone, fire);
          const shift = offsetOf(zone, change) - offsetOf(zone, at);
          const own =
            shape.minute.meets(new Date(wall).getUTCMinutes()) && shape.hour.meets(new Date(wall).getUTCHours());
          const mark = cronMark(cron, fire);
          if (!own) assert.equal(mark, 'gap', told);
          else if (shift < 0 && fire >= change && fire < change - shift) assert.equal(mark, 'repeated-second', told);
          else if (shift < 0 && fire < change && fire >= change + shift) assert.equal(mark, 'repeated-first', told);
          else assert.ok(mark === null || mark === 'gap', told);
        }
      }
    }
  });
}
