import assert from 'node:assert/strict';
import { test } from 'node:test';
import { laterChange } from '@tidewheel/protocol';
import { type Change, changeText, logPosition, readChange, unknownPlace } from './change.ts';

const change = (timeline: number, position: string, systemId = '7280000000000000001'): Change => ({
  systemId,
  timeline,
  position: logPosition(position),
});

test('a change survives being carried as text', () => {
  for (const one of [change(1, '0/3000148'), change(4_294_967_295, 'FFFFFFFF/FFFFFFFF'), unknownPlace])
    assert.deepEqual(readChange(changeText(one)), one);
  assert.equal(readChange('none'), 'none');
});

test('what is no change is told from one', () => {
  for (const text of [
    '',
    'x',
    'None',
    '1-2-3',
    changeText(change(1, '0/1')).slice(1),
    `${changeText(change(1, '0/1'))}x`,
  ])
    assert.equal(readChange(text), null, text);
});

test('the later of two changes of one history is the greater text, whichever is heard first', () => {
  const [early, late, promoted] = [change(1, '0/9'), change(1, '1/0'), change(2, '0/8')].map(changeText);
  assert.ok(early !== undefined && late !== undefined && promoted !== undefined);
  assert.equal(laterChange(null, early), early);
  assert.equal(laterChange(late, early), late);
  assert.equal(laterChange(early, late), late);
  assert.equal(laterChange(late, promoted), promoted);
});

test('of two stores the change that was heard last counts', () => {
  const [here, there] = [changeText(change(9, '9/9')), changeText(change(1, '0/1', '8'))];
  assert.equal(laterChange(here, there), there);
  assert.equal(laterChange(there, here), here);
  assert.equal(laterChange(here, changeText(unknownPlace)), changeText(unknownPlace));
});
