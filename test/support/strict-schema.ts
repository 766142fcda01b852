// Holds an object to the published schema of its kind, and refuses fields that the schema does not know. The validators are compiled ones that
// let unknown fields pass; but they read every field that they know. So each is handed an object that notes what was read of it: what was not
// read is not known. Where all keys are walked through, as in labels, any key is.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

interface Validator {
  (data: unknown): boolean;
  errors?: readonly { instancePath: string; message?: string; keyword: string; params: unknown }[] | null;
}

const packages = ['kubernetes-models', '@kubernetes-models/keda'];
const resolver = createRequire(import.meta.url);

async function validatorOf({ apiVersion, kind }: KubernetesObject): Promise<Validator> {
  for (const name of packages) {
    const folder = dirname(resolver.resolve(`${name}/package.json`));
    const model = join(folder, apiVersion, `${kind}.js`);
    if (!existsSync(model)) continue;
    const { readFileSync } = await import('node:fs');
    // The model names its validator in its first import of a schema.
    const schema = /from"([^"]*_schemas\/[^"]*)"/.exec(readFileSync(model, 'utf8'))?.[1];
    if (schema === undefined) throw new Error(`${model} names no schema`);
    const file = join(dirname(model), schema);
    return ((await import(pathToFileURL(file).href)) as { validate: Validator }).validate;
  }
  throw new Error(`there is no schema of ${apiVersion} ${kind}`);
}

/** What is wrong with it, each with its place; nothing when all is right. */
export async function schemaFaults(object: KubernetesObject): Promise<string[]> {
  const validate = await validatorOf(object);
  const unread: string[] = [];
  const watched = watch(object, '', unread);
  const faults = validate(watched.value)
    ? []
    : (validate.errors ?? []).map(
        ({ instancePath, keyword, params }) => `${instancePath} ${keyword} ${JSON.stringify(params)}`,
      );
  watched.finish();
  return [...faults, ...unread.map((path) => `${path} is not known`)];
}

interface Watched {
  value: unknown;
  /** Adds what was not read to the list. */
  finish: () => void;
}

function watch(value: unknown, path: string, unread: string[]): Watched {
  if (typeof value !== 'object' || value === null) return { value, finish: () => undefined };
  const inner = new Map<PropertyKey, Watched>();
  const read = new Set<PropertyKey>();
  let walked = Array.isArray(value);
  const proxy = new Proxy(value, {
    get: (target, key) => {
      read.add(key);
      const found: unknown = Reflect.get(target, key);
      if (typeof found !== 'object' || found === null) return found;
      const known = inner.get(key) ?? watch(found, `${path}/${String(key)}`, unread);
      inner.set(key, known);
      return known.value;
    },
    ownKeys: (target) => {
      walked = true;
      return Reflect.ownKeys(target);
    },
  });
  const finish = (): void => {
    for (const key of Object.keys(value)) {
      if (!walked && !read.has(key)) unread.push(`${path}/${key}`);
      inner.get(key)?.finish();
    }
  };
  return { value: proxy, finish };
}
