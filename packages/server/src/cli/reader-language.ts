// The language in which the person reads what the server says in several.

import type { Words } from '@tidewheel/protocol';
import type { Terminal } from './terminal.ts';

/** As POSIX has it: the first of these that is set decides; anything but Chinese is English. */
export function readerLanguage({ env }: Pick<Terminal, 'env'>): keyof Words {
  const said = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find((value) => value !== undefined && value !== '');
  return said?.toLowerCase().startsWith('zh') === true ? 'zh' : 'en';
}
