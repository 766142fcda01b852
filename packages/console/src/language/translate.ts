// The typed message catalogue: a message is a text with {holes} in each language; English may have a singular and a plural
// chosen by {count}. Both languages stand side by side, so one cannot lack a key; a test compares their holes.

export type Language = 'en' | 'zh';
export const languages: readonly Language[] = ['en', 'zh'];

type English = string | { readonly one: string; readonly other: string };
export interface Message {
  readonly en: English;
  readonly zh: string;
}

type HolesOf<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | HolesOf<Rest> : never;
type FormsOf<Entry> = Entry extends { readonly one: infer One; readonly other: infer Other } ? One | Other : Entry;
type HolesOfMessage<Entry extends Message> = HolesOf<FormsOf<Entry['en']>>;

export type Values = Readonly<Record<string, string | number>>;
/** No second argument for a message without holes; exactly its holes otherwise. */
export type Arguments<Entry extends Message> = [HolesOfMessage<Entry>] extends [never]
  ? []
  : [values: { readonly [Name in HolesOfMessage<Entry>]: string | number }];

const plural = new Intl.PluralRules('en');
const grouped = new Intl.NumberFormat('en-US');

export function translate(message: Message, language: Language, values: Values = {}): string {
  return textOf(message, language, values).replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = values[name];
    if (value === undefined) return hole;
    return typeof value === 'number' ? grouped.format(value) : value;
  });
}

function textOf(message: Message, language: Language, values: Values): string {
  if (language === 'zh') return message.zh;
  if (typeof message.en === 'string') return message.en;
  return plural.select(Number(values['count'])) === 'one' ? message.en.one : message.en.other;
}
