// Both languages say the same: no key is missing or empty, and each message has the same holes in both.

import assert from 'node:assert/strict';
import test from 'node:test';
import { errorCatalogue } from '@tidewheel/protocol';
import { firstMessages, translator } from './catalogue.ts';
import { laterMessages } from './later-messages.ts';
import { backupsMessages } from './messages/backups.ts';
import { calendarsMessages } from './messages/calendars.ts';
import { clusterMessages } from './messages/cluster.ts';
import { comingMessages } from './messages/coming.ts';
import { generalMessages } from './messages/general.ts';
import { jobsMessages } from './messages/jobs.ts';
import { locksMessages } from './messages/locks.ts';
import { logMessages } from './messages/log.ts';
import { overviewMessages } from './messages/overview.ts';
import { poolsMessages } from './messages/pools.ts';
import { runsMessages } from './messages/runs.ts';
import { schedulesMessages } from './messages/schedules.ts';
import { shellMessages } from './messages/shell.ts';
import { storeMessages } from './messages/store.ts';
import { timesMessages } from './messages/times.ts';
import { workersMessages } from './messages/workers.ts';
import { problemsZh } from './problems-zh.ts';
import type { Message } from './translate.ts';

const entries = Object.entries<Message>({ ...firstMessages, ...laterMessages });

function holes(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(/\{(\w+)\}/g), (match) => match[1] ?? ''))].sort();
}

test('every message exists in English and in Chinese and is not empty', () => {
  for (const [key, message] of entries) {
    const english = typeof message.en === 'string' ? [message.en] : [message.en.one, message.en.other];
    for (const text of [...english, message.zh]) {
      assert.ok(typeof text === 'string' && text.trim() !== '', `${key} lacks a text`);
    }
  }
});

test('a message has the same holes in both languages, and plurals are chosen by count', () => {
  for (const [key, message] of entries) {
    const english = typeof message.en === 'string' ? message.en : `${message.en.one} ${message.en.other}`;
    assert.deepEqual(holes(message.zh), holes(english), key);
    if (typeof message.en !== 'string') assert.ok(holes(english).includes('count'), `${key} needs {count}`);
  }
});

test('no key stands in two files, where one would hide the other', () => {
  const files = [
    shellMessages,
    generalMessages,
    overviewMessages,
    schedulesMessages,
    runsMessages,
    logMessages,
    jobsMessages,
    workersMessages,
    poolsMessages,
    locksMessages,
    clusterMessages,
    backupsMessages,
    calendarsMessages,
    comingMessages,
    storeMessages,
    timesMessages,
  ];
  const total = files.reduce((sum, file) => sum + Object.keys(file).length, 0);
  assert.equal(total, entries.length);
});

test('every error code of the protocol has a Chinese title and remedy', () => {
  assert.deepEqual(Object.keys(problemsZh).sort(), Object.keys(errorCatalogue).sort());
  for (const [code, { title, remedy }] of Object.entries(problemsZh)) {
    assert.match(title, /\p{Script=Han}/u, code);
    assert.match(remedy, /\p{Script=Han}/u, code);
  }
});

test('a message fills its holes, groups numbers and chooses its plural', () => {
  const english = translator('en');
  assert.equal(english('runs.new', { count: 1 }), '1 new run');
  assert.equal(english('runs.new', { count: 1234 }), '1,234 new runs');
  assert.equal(translator('zh')('runs.new', { count: 1 }), '1 条新运行');
  assert.equal(english('keys.go', { page: 'Runs' }), 'Go to Runs');
});
