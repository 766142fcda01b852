// What is free on the disk of a file.

import { statfsSync } from 'node:fs';

/** For whoever is not root: what only root may write is not free. */
export function diskFreeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
