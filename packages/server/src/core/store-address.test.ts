import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf, storeUrls } from './store-address.ts';

test('a store URL with several servers becomes one URL for each of them', () => {
  assert.deepEqual(storeUrls('postgres://tide:a%40b@one:5432,two:5433,[::1]:5434/tide?sslmode=require'), [
    'postgres://tide:a%40b@one:5432/tide?sslmode=require',
    'postgres://tide:a%40b@two:5433/tide?sslmode=require',
    'postgres://tide:a%40b@[::1]:5434/tide?sslmode=require',
  ]);
});

test('a store URL with one server stays as it is, its options too', () => {
  const url = 'postgresql://tide@db/tide?options=-c%20search_path%3Dfresh';
  assert.deepEqual(storeUrls(url), [url]);
});

test('attributes that ask for the primary are taken, others refused', () => {
  assert.deepEqual(storeUrls('postgres://a,b/x?target_session_attrs=read-write'), ['postgres://a/x', 'postgres://b/x']);
  assert.deepEqual(storeUrls('postgres://a,b/x?target_session_attrs=primary'), ['postgres://a/x', 'postgres://b/x']);
  for (const wish of ['any', 'standby', 'read-only', 'prefer-standby'])
    assert.match(String(storeUrls(`postgres://a,b/x?target_session_attrs=${wish}`)), /primary/);
});

test('a store URL that is none is refused with what was expected', () => {
  for (const url of ['mysql://a/b', 'postgres:/a', 'postgres://a,,b/x', 'postgres://a,a/x', 'postgres://a:99999,b/x'])
    assert.equal(typeof storeUrls(url), 'string', url);
  const many = Array.from({ length: 10 }, (_, n) => `h${n}`).join(',');
  assert.match(String(storeUrls(`postgres://${many}/x`)), /at most 9/);
});

test('the place of a store is shown without user and password', () => {
  assert.equal(placeOf('postgres://tide:secret@db:5432/tide?sslmode=require'), 'db:5432/tide');
});
