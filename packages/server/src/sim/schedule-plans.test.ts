// What the simulations draw is as wide as what they are there to prove.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  calendarDefinitionSchema,
  misfirePolicies,
  overlapPolicies,
  scheduleDefinitionSchema,
} from '@tidewheel/protocol';
import { compileCalendars } from '../core/calendar.ts';
import { compileTimes, nextFireAfter } from '../core/schedule-times.ts';
import { calendarInput } from './calendar-shapes.ts';
import { drawJobs } from './job-plans.ts';
import { nominalTimes } from './nominal-times.ts';
import { drawOptions } from './options.ts';
import { Random } from './random.ts';
import { scheduleInput } from './schedule-plans.ts';
import { dayMs, zoneOffset } from './wall-clock-times.ts';

test('among the schedules of the first seeds are all triggers, policies, rules, bounds, and many zones whose clocks change then', () => {
  const seen = new Set<string>();
  let zoned = 0;
  let turning = 0;
  for (let seed = 1; seed <= 150; seed += 1) {
    const options = drawOptions(seed);
    const { epochMs } = options;
    const jobs = drawJobs(options, new Random(seed).fork('jobs'));
    for (const { timing, overlap, misfire, jitterMs } of jobs.flatMap((job) => job.schedules)) {
      seen
        .add(timing.kind)
        .add(overlap)
        .add(misfire.policy)
        .add(jitterMs > 0 ? 'jitter' : '');
      for (const [bound, value] of Object.entries(timing.within ?? {})) if (value !== undefined) seen.add(bound);
      const use = timing.within?.calendar;
      if (use !== undefined)
        seen
          .add(use.rule)
          .add(`move ${use.move}`)
          .add(use.shape.dates.length > 0 ? 'dates' : 'hours');
      if (timing.kind !== 'cron') continue;
      const { zone, dst, asRule } = timing.shape;
      seen
        .add(`gap ${dst?.gap}`)
        .add(`overlap ${dst?.overlap}`)
        .add(asRule === true ? 'rule' : '');
      zoned += 1;
      if (zoneOffset(zone, epochMs - dayMs) !== zoneOffset(zone, epochMs + dayMs)) turning += 1;
    }
  }
  const wanted: readonly string[] = [
    ...overlapPolicies,
    ...misfirePolicies,
    ...'every cron at in delay several rule jitter start end count calendar exclude only dates hours'.split(' '),
    ...['skip', 'next', 'previous'].map((move) => `move ${move}`),
    ...['skip', 'after', 'before'].map((gap) => `gap ${gap}`),
    ...['once', 'first', 'last', 'both'].map((rule) => `overlap ${rule}`),
  ];
  assert.deepEqual(
    wanted.filter((one) => !seen.has(one)),
    [],
  );
  assert.ok(turning > zoned / 3, `${turning} of ${zoned}`);
});

test('the oracle and the scheduler read what is drawn alike', () => {
  let compared = 0;
  for (let seed = 1; seed <= 300; seed += 1) {
    const options = drawOptions(seed);
    const anchorAt = options.epochMs + 2000;
    const until = anchorAt + options.troubleMs;
    for (const { calendar, schedules } of drawJobs(options, new Random(seed).fork('jobs'))) {
      const calendars = compileCalendars(
        calendar === null ? [] : [calendarDefinitionSchema.parse(calendarInput(calendar))],
      );
      for (const plan of schedules) {
        // It counts from the ends of runs.
        if (plan.timing.kind === 'delay') continue;
        const times = compileTimes(scheduleDefinitionSchema.parse(scheduleInput(plan)), anchorAt, calendars);
        const found: number[] = [];
        for (let at = nextFireAfter(times, anchorAt); at !== null && at <= until; at = nextFireAfter(times, at))
          found.push(at);
        compared += found.length;
        assert.deepEqual(found, nominalTimes(plan.timing, anchorAt, anchorAt, until), JSON.stringify(plan));
      }
    }
  }
  assert.ok(compared > 10_000, `${compared}`);
});
