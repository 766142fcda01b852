export function runMutations(_names: string[], _say: (t: string) => void): Promise<number> {
  return Promise.resolve(2);
}
