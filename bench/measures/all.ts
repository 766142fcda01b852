// All measures, in the order of the report.

import type { Measure } from '../harness/measure.ts';
import { backlog } from './backlog.ts';
import { drain } from './drain.ts';
import { fires } from './fires.ts';
import { fleet } from './fleet.ts';
import { herd } from './herd.ts';
import { history } from './history.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import { masters } from './masters.ts';
import { start } from './start.ts';
import { steady } from './steady.ts';
import { submit } from './submit.ts';

export const measures: readonly Measure[] = [
  drain,
  steady,
  submit,
  latency,
  fires,
  herd,
  backlog,
  history,
  fleet,
  idle,
  masters,
  start,
];
