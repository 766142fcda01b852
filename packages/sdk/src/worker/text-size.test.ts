import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { shortened, utf8Bytes, utf8Cut } from './text-size.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 60 });

test('sizes are those of UTF-8', () => {
  fc.assert(fc.property(text, (value) => utf8Bytes(value) === Buffer.byteLength(value)));
});

test('cutting keeps characters whole, stays within the bound and loses nothing', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 4, max: 20 }), (value, bound) => {
      let rebuilt = '';
      for (let from = 0; from < value.length; ) {
        const to = utf8Cut(value, from, bound);
        const part = value.slice(from, to);
        assert.ok(to > from && Buffer.byteLength(part) <= bound);
        assert.equal(Buffer.from(part).toString(), part);
        rebuilt += part;
        from = to;
      }
      assert.equal(rebuilt, value);
    }),
  );
});

test('a shortened text says that it is', () => {
  assert.equal(shortened('short', 100), 'short');
  const cut = shortened('ä'.repeat(100), 50);
  assert.ok(Buffer.byteLength(cut) <= 50);
  assert.match(cut, /ä … \(cut\)$/);
});
