// Names of pools as they are typed.

/** What `-o name` prints is taken as the name of a pool too. */
export function barePool(name: string): string {
  return name.replace(/^pool\//, '');
}
