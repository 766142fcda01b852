// Ids of runs as people hand them over: `-o name` prints `run/<id>`, and what it prints can be given back.

export function bareId(given: string): string {
  return given.replace(/^run\//, '');
}
