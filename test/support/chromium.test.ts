// The browser that the tests find can really show a page.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { browserLaunch, findChromium } from './chromium.ts';

test('the browser starts and runs a script', async () => {
  const browser = await chromium.launch(browserLaunch());
  try {
    const page = await browser.newPage();
    await page.setContent('<title>tide</title>');
    assert.equal(await page.title(), 'tide');
    assert.equal(await page.evaluate('6 * 7'), 42);
  } finally {
    await browser.close();
  }
});

test('a browser on the path comes before all others, and must be executable', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewheel-find-'));
  try {
    const file = join(folder, 'chromium');
    writeFileSync(file, '#!/bin/sh\n', { mode: 0o644 });
    assert.notEqual(findChromium(folder), file);
    rmSync(file);
    writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 });
    assert.equal(findChromium(folder), file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
