// Events come out whole, however the network cut them.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { EventParser } from './event-stream.ts';

const wire =
  'retry: 1000\n\nevent: changed\nid: 7\ndata: {"topics":\ndata: ["runs"]}\n\n: ping\n\ndata:plain\r\n\r\nid: 8\ndata: unfinished';

test('fields, several data lines, comments and line ends are read', () => {
  assert.deepEqual(new EventParser().push(wire), [
    { event: 'changed', data: '{"topics":\n["runs"]}', id: '7' },
    { event: 'message', data: 'plain', id: '7' },
  ]);
});

test('the events do not depend on where the text was cut', () => {
  const whole = new EventParser().push(wire);
  fc.assert(
    fc.property(fc.array(fc.nat(wire.length), { maxLength: 12 }), (cuts) => {
      const parser = new EventParser();
      const ends = [...cuts.toSorted((a, b) => a - b), wire.length];
      let from = 0;
      const events = ends.flatMap((end) => {
        const piece = wire.slice(from, end);
        from = end;
        return parser.push(piece);
      });
      assert.deepEqual(events, whole);
    }),
  );
});
