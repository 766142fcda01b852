// Stands for a worker in tests of the process driver: says that it is there by a file named as it is, and ends politely, or dies as it is told by
// the directory. Test code only.

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [directory = '', , ...words] = process.argv.slice(2);
const name = words.find((word) => word.startsWith('--name='))?.slice('--name='.length) ?? '';
const place = join(directory, name);

if (existsSync(join(directory, 'crash'))) {
  process.stderr.write('there is no task file\n');
  process.exit(3);
}
process.on('SIGTERM', () => {
  rmSync(place, { force: true });
  process.exit(0);
});
writeFileSync(place, String(process.pid));
setInterval(() => undefined, 1000);
