// All messages of the console under one typed lookup.

import { clusterMessages } from './messages/cluster.ts';
import { generalMessages } from './messages/general.ts';
import { jobsMessages } from './messages/jobs.ts';
import { locksMessages } from './messages/locks.ts';
import { logMessages } from './messages/log.ts';
import { overviewMessages } from './messages/overview.ts';
import { runsMessages } from './messages/runs.ts';
import { schedulesMessages } from './messages/schedules.ts';
import { shellMessages } from './messages/shell.ts';
import { workersMessages } from './messages/workers.ts';
import { type Arguments, type Language, translate, type Values } from './translate.ts';

export const catalogue = {
  ...shellMessages,
  ...generalMessages,
  ...overviewMessages,
  ...schedulesMessages,
  ...runsMessages,
  ...logMessages,
  ...jobsMessages,
  ...workersMessages,
  ...locksMessages,
  ...clusterMessages,
};

export type Catalogue = typeof catalogue;
export type MessageKey = keyof Catalogue;
export type Translate = <Key extends MessageKey>(key: Key, ...values: Arguments<Catalogue[Key]>) => string;

const translators: Record<Language, Translate> = {
  en: (key, ...values) => translate(catalogue[key], 'en', values[0] as Values | undefined),
  zh: (key, ...values) => translate(catalogue[key], 'zh', values[0] as Values | undefined),
};

export function translator(language: Language): Translate {
  return translators[language];
}
