import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonFault } from './json-fault.ts';

test('a fault in JSON is found with line, column and what was expected there', () => {
  const cases: [string, number, number, RegExp][] = [
    ['{"a":1,}', 1, 8, /"}" where a name/],
    ['{"a" 1}', 1, 6, /"1" where ":"/],
    ['{\n  "a": tru\n}', 2, 8, /"t" where a value/],
    ['{"a":}', 1, 6, /where a value/],
    ['[1,2', 1, 5, /the text ends where "," or the closing bracket/],
    ['[1 2]', 1, 4, /"2" where "," or/],
    ['[1}', 1, 3, /"}" where/],
    ['', 1, 1, /the text ends where a value/],
    ['"open', 1, 1, /where a value/],
    ['1 2', 1, 3, /where nothing more/],
    ["{'a':1}", 1, 2, /"'" where a name in double quotes or "}"/],
    ['[01]', 1, 3, /"1" where/],
  ];
  for (const [text, line, column, detail] of cases) {
    const fault = jsonFault(text);
    assert.deepEqual([text, fault?.line, fault?.column], [text, line, column]);
    assert.match(fault?.detail ?? '', detail);
  }
});

test('the fault finder agrees with the engine on what is JSON', () => {
  const texts = fc.oneof(
    fc.json(),
    fc.json().chain((text) => fc.nat(text.length).map((at) => text.slice(0, at) + text.slice(at + 1))),
    fc.string({ unit: fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '1', '-', 'e', '.', ' ', 'null', '\\', 'u') }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      let parses = true;
      try {
        JSON.parse(text);
      } catch {
        parses = false;
      }
      assert.equal(jsonFault(text) === null, parses);
    }),
    { numRuns: 2000 },
  );
});
