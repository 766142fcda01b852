import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { laterChange as protocolLaterChange } from '../../../protocol/src/change.ts';
import { laterChange, learnAge, learnChange, readingHeaders } from './staleness.ts';

const kept = new Map<string, string>();
before(() => {
  Object.defineProperty(globalThis, 'sessionStorage', {
    configurable: true,
    value: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
    },
  });
});

const early = '00000001-0000000000000010-7';
const late = '00000001-0000000000000020-7';

test('reads carry the latest change that was heard of, also after the page was loaded anew', () => {
  assert.deepEqual(readingHeaders(), { 'tidewheel-change': 'none' });
  learnAge(new Headers({ 'tidewheel-change': late }), false);
  learnChange(early);
  assert.deepEqual(readingHeaders(), { 'tidewheel-change': late });
  assert.deepEqual([...kept.values()], [late]);
});

test('the page and the protocol agree on which of two changes is the later one', () => {
  const others = [
    early,
    late,
    '00000002-0000000000000001-7',
    '00000001-0000000000000001-8',
    '00000000-0000000000000000-0',
  ];
  for (const one of [null, ...others])
    for (const other of others)
      assert.equal(laterChange(one, other), protocolLaterChange(one, other), `${one} ${other}`);
});
