// Definitions on SQLite.

import { testApply } from './testing/apply.ts';
import { openBench } from './testing/bench-context.ts';
import { testCalendars } from './testing/calendar-changes.ts';
import { testDefinitionChanges } from './testing/definition-changes.ts';

async function open() {
  const bench = await openBench();
  return { deps: bench.context, close: bench.close };
}

testApply('SQLite', open);
testDefinitionChanges('SQLite', open);
testCalendars('SQLite', open);
