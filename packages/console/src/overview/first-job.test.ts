// What a newcomer is told to paste is right.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { applyRequestSchema } from '@tidewheel/protocol';
import { parse } from 'yaml';
import { firstJob, firstJobFile, workerCommands } from './first-job.ts';

test('the first job is one that the server accepts', () => {
  const request = applyRequestSchema.parse(parse(firstJobFile));
  assert.equal(request.jobs[0]?.schedules[0]?.cron, '*/10 * * * * *');
});

test('the commands write exactly that file', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-first-job-'));
  context.after(() => rmSync(directory, { recursive: true }));
  execFileSync('/bin/sh', ['-ec', `tidewheel() { :; }\n${firstJob('default')}`], { cwd: directory });
  assert.equal(readFileSync(join(directory, 'jobs.yaml'), 'utf8'), firstJobFile);
});

test('another namespace is named in the commands', () => {
  assert.match(firstJob('harbour'), /apply -f jobs.yaml --namespace harbour$/);
  assert.match(
    workerCommands('http://localhost:7070', 'harbour'),
    /--for harbour\)\ntidewheel worker --url http:\/\/localhost:7070 --namespace harbour/,
  );
});
