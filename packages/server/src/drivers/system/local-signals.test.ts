// Signals within one process keep what the port promises.

import { testSignals } from '../../ports/conformance/signals.ts';
import { localSignals } from './local-signals.ts';

testSignals('one process', () => {
  const signals = localSignals();
  return Promise.resolve({ here: signals, there: signals, close: () => signals.close() });
});
