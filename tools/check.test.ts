// The check is part of the tests, so that `npm test` alone decides whether a change is good.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parts } from './check-parts.ts';

// The house rules have a test each in tidy.test.ts.
for (const part of parts.filter(({ name }) => name !== 'tidy')) {
  test(`the check passes: ${part.name}`, async () => {
    const { ok, output } = await part.run([]);
    assert.ok(ok, `\n${output}`);
  });
}

for (const path of ['tools/check.ts', 'changes/unreleased/README.md']) {
  test(`a path that nothing is wrong with passes alone: ${path}`, async () => {
    for (const part of parts) {
      const { ok, output } = await part.run([path]);
      assert.ok(ok, `${part.name}\n${output}`);
    }
  });
}
