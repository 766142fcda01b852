// Who is signed in, for the parts of a page that show it or depend on it.

import type { Role, SessionInfo } from '@tidewheel/protocol';
import { createContext, useContext } from 'react';
import { request } from './request.ts';

export const SessionContext = createContext<SessionInfo | null>(null);

export function useSession(): SessionInfo | null {
  return useContext(SessionContext);
}

const ranks: Record<Role, number> = { worker: 0, viewer: 1, operator: 2, admin: 3 };

/** The server decides; this only spares people a refusal. */
export function usePermitted(needed: Role): { readonly permitted: boolean; readonly role: Role } {
  const role = useSession()?.role ?? 'viewer';
  return { permitted: ranks[role] >= ranks[needed], role };
}

const exchanges = new Map<string, Promise<SessionInfo>>();

/** A one-time code is sent once, however often the page renders. */
export function exchangeCode(code: string): Promise<SessionInfo> {
  let exchange = exchanges.get(code);
  if (exchange === undefined) {
    exchange = request<SessionInfo>('/v1/session/link', { method: 'POST', body: { code } });
    exchanges.set(code, exchange);
  }
  return exchange;
}

export function signOut(): Promise<void> {
  return request('/v1/session', { method: 'DELETE' });
}
