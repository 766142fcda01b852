// The messages in the language that the reader chose.

import { usePreferences } from '../shell/preferences.ts';
import { type Translate, translator } from './catalogue.ts';
import type { Language } from './translate.ts';

export function useT(): Translate {
  return translator(usePreferences().language);
}

export function useLanguage(): Language {
  return usePreferences().language;
}
