// `npm run format`: rewrites every file in the house form, or only the paths that are given. The formatter takes no
// default path when a script passes arguments on, hence these lines.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const paths = process.argv.slice(2);
const biome = join(import.meta.dirname, '../node_modules/.bin/biome');
const { status } = spawnSync(biome, ['format', '--write', ...(paths.length > 0 ? paths : ['.'])], { stdio: 'inherit' });
process.exitCode = status ?? 1;
