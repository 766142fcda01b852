// All messages of the console under one typed lookup. Those that only later pages say come with these pages.

import { generalMessages } from './messages/general.ts';
import { overviewMessages } from './messages/overview.ts';
import { runsMessages } from './messages/runs.ts';
import { shellMessages } from './messages/shell.ts';
import type { LaterMessages } from './later-messages.ts';
import { type Arguments, type Language, type Message, translate, type Values } from './translate.ts';

export const firstMessages = {
  ...shellMessages,
  ...generalMessages,
  ...overviewMessages,
  ...runsMessages,
};

export type Catalogue = typeof firstMessages & LaterMessages;
export type MessageKey = keyof Catalogue;
export type Translate = <Key extends MessageKey>(key: Key, ...values: Arguments<Catalogue[Key]>) => string;

const known: Record<string, Message> = { ...firstMessages };

/** For the file of pages that brings them along. */
export function learn(messages: Readonly<Record<string, Message>>): void {
  Object.assign(known, messages);
}

function say(key: string, language: Language, values: unknown): string {
  const message = known[key];
  return message === undefined ? key : translate(message, language, values as Values | undefined);
}

const translators: Record<Language, Translate> = {
  en: (key, ...values) => say(key, 'en', values[0]),
  zh: (key, ...values) => say(key, 'zh', values[0]),
};

export function translator(language: Language): Translate {
  return translators[language];
}
