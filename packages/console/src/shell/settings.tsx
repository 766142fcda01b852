// Theme, language and zone of times: the three things that a reader sets for this browser.

import type { ReactNode } from 'react';
import { useT } from '../language/language.ts';
import { Segmented } from '../parts/field.tsx';
import { setPreferences, themes, timeModes, usePreferences } from './preferences.ts';

export function SettingsFields({ withTime = false }: { readonly withTime?: boolean }) {
  const t = useT();
  const { theme, language, time } = usePreferences();
  return (
    <div className="settings">
      <Setting name={t('setting.theme')}>
        <Segmented
          label={t('setting.theme')}
          value={theme}
          choices={themes.map((one) => ({ value: one, text: t(`setting.theme.${one}`) }))}
          onChange={(choice) => setPreferences({ theme: choice })}
        />
      </Setting>
      <Setting name={t('setting.language')}>
        <Segmented
          label={t('setting.language')}
          value={language}
          choices={[
            { value: 'en', text: 'English' },
            { value: 'zh', text: '简体中文' },
          ]}
          onChange={(choice) => setPreferences({ language: choice })}
        />
      </Setting>
      {withTime ? (
        <Setting name={t('setting.time')}>
          <Segmented
            label={t('setting.time')}
            value={time}
            choices={timeModes.map((one) => ({ value: one, text: t(`setting.time.${one}`) }))}
            onChange={(choice) => setPreferences({ time: choice })}
          />
        </Setting>
      ) : null}
    </div>
  );
}

function Setting({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="setting">
      <span className="faint" aria-hidden="true">
        {name}
      </span>
      {children}
    </div>
  );
}
