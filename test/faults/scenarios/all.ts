// All scenarios in the order of their rows.

import type { Scenario } from '../scenario.ts';
import { masterScenarios } from './masters.ts';

export const scenarios: readonly Scenario[] = [...masterScenarios].sort(
  (a, b) => Number.parseInt(a.id) - Number.parseInt(b.id),
);
