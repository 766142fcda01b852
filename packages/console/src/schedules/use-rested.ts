// A value that has rested for a moment: what is asked of the server while somebody types.

import { useEffect, useState } from 'react';

const restMs = 250;

/** Values are compared as JSON, so that an equal one that was made anew does not count as change. */
export function useRested<Value>(value: Value): Value {
  const [rested, setRested] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(JSON.parse(text) as Value), restMs);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}
