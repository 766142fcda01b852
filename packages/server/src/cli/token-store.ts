// Tokens and sign-in links made in the store itself: how the first one comes into being on a new store.

import { readConfig } from '../config.ts';
import { silentLog } from '../ports/log.ts';
import type { NewToken, OpenStore } from '../compose.ts';

export function tokenInStore(url: string, token: NewToken): ReturnType<OpenStore['createToken']> {
  return withStore(url, (store) => store.createToken(token));
}

export function signInLinkInStore(url: string): ReturnType<OpenStore['createSignInLink']> {
  return withStore(url, (store) => store.createSignInLink());
}

async function withStore<T>(url: string, work: (store: OpenStore) => Promise<T>): Promise<T> {
  const config = readConfig({ flags: { store: url }, env: {}, file: null });
  // Loaded only here: the drivers are of no use to the other commands.
  const { openStore } = await import('../compose.ts');
  const store = await openStore(config.store, silentLog);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
