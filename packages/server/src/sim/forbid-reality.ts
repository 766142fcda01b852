// While a simulation runs, real time and real chance do not exist: whoever asks for them breaks the promise of a repeatable
// seed and is told so at once. Promises that fail with nobody waiting are defects as well.

/** Places of the platform, by the name of a global and of its method; null: the global itself is the function. */
const places: readonly [global: string, method: string | null][] = [
  ['Date', 'now'],
  ['Math', 'random'],
  ['performance', 'now'],
  ['crypto', 'getRandomValues'],
  ['crypto', 'randomUUID'],
  ['setTimeout', null],
  ['setInterval', null],
  ['fetch', null],
];

/** Puts the traps in place; the answer takes them away again. */
export function forbidReality(report: (what: string) => void): () => void {
  const undo = places.map(([global, method]) =>
    method === null
      ? trap(globalThis, global, global)
      : trap(Reflect.get(globalThis, global) as object, method, `${global}.${method}`),
  );
  const unheard = (error: unknown): void => {
    report(`a promise failed with nobody waiting: ${error instanceof Error ? error.stack : String(error)}`);
  };
  process.on('unhandledRejection', unheard);
  return () => {
    process.off('unhandledRejection', unheard);
    for (const restore of undo) restore();
  };
}

function trap(object: object, name: string, what: string): () => void {
  let holder = object;
  let original = Object.getOwnPropertyDescriptor(holder, name);
  while (original === undefined) {
    holder = Object.getPrototypeOf(holder) as object;
    original = Object.getOwnPropertyDescriptor(holder, name);
  }
  const found = original;
  Object.defineProperty(holder, name, {
    configurable: true,
    enumerable: found.enumerable ?? false,
    value: () => {
      throw new Error(`${what} was asked for inside a simulation: take a port`);
    },
  });
  return () => Object.defineProperty(holder, name, found);
}
