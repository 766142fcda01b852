// The sheet of keyboard shortcuts.

import { useT } from '../language/language.ts';
import { Dialog } from '../parts/dialog.tsx';
import { commandKey } from './command-key.ts';
import { goKeys } from './keyboard.ts';

export function Shortcuts({ onClose }: { readonly onClose: () => void }) {
  const t = useT();
  const keys: (readonly [keys: readonly string[], words: string])[] = [
    [['?'], t('keys.help')],
    [[commandKey, 'K'], t('keys.palette')],
    [['/'], t('keys.search')],
    [['t'], t('keys.theme')],
    [['Esc'], t('keys.close')],
    ...Object.entries(goKeys).map(([key, page]) => [['g', key], t('keys.go', { page: t(`nav.${page}`) })] as const),
  ];
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl className="shortcuts">
        {keys.map(([combination, words]) => (
          <div key={words}>
            <dt>
              {combination.map((key, index) => (
                <span key={key}>
                  {index > 0 ? <span className="faint">{combination[0] === 'g' ? t('keys.then') : '+'}</span> : null}
                  <kbd>{key}</kbd>
                </span>
              ))}
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
