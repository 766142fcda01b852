// The frame beside the pages: where one is, where one can go, which namespace, who is signed in. On narrow screens it becomes a bar
// on top and a row of places at the bottom, within reach of a thumb.

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { namespacesQuery, serverQuery, sessionQuery } from '../api/queries.ts';
import { signOut, useSession } from '../api/session.ts';
import { useT } from '../language/language.ts';
import { IconButton } from '../parts/button.tsx';
import { Select } from '../parts/field.tsx';
import { Icon, Logo } from '../parts/icon.tsx';
import { useToasts } from '../parts/toast.tsx';
import { goTo, Link, useNamespace, useRoute } from '../routing/navigation.tsx';
import { addressOf, type Place, places } from '../routing/route.ts';
import { commandKey } from './command-key.ts';
import { ConnectionDot } from './connection.tsx';
import { SettingsFields } from './settings.tsx';
import { ZoneClock } from './zone-clock.tsx';

export const mainPages = ['overview', 'schedules', 'runs', 'jobs', 'workers', 'locks', 'cluster'] as const;
export type MainPage = (typeof mainPages)[number];
/** Pages that hang below a main one, and can be gone to by name. */
export const morePages = ['coming', 'calendars', 'try', 'pools', 'backups'] as const;
export type NamedPage = MainPage | (typeof morePages)[number];

/** A page of one thing belongs to the list of such things. */
function sectionOf(place: Place): MainPage | null {
  const sections: Partial<Record<Place['page'], MainPage>> = {
    schedule: 'schedules',
    coming: 'schedules',
    calendars: 'schedules',
    calendar: 'schedules',
    try: 'schedules',
    run: 'runs',
    job: 'jobs',
    pools: 'workers',
    pool: 'workers',
    backups: 'cluster',
  };
  return sections[place.page] ?? mainPages.find((page) => page === place.page) ?? null;
}

interface SidebarProps {
  readonly onPalette: () => void;
  readonly onShortcuts: () => void;
}

export function Sidebar({ onPalette, onShortcuts }: SidebarProps) {
  const t = useT();
  const [open, setOpen] = useState(false);
  return (
    <aside className="sidebar">
      <div className="brand">
        <Link to={places.overview} className="brand-link" label="Tidewheel">
          <Logo />
          <span>Tidewheel</span>
        </Link>
        <span className="brand-side">
          <ConnectionDot />
        </span>
      </div>
      <NamespaceSwitch />
      <button type="button" className="palette-button" onClick={onPalette}>
        <Icon name="search" size={14} />
        <span>{t('nav.search')}</span>
        <kbd>{commandKey} K</kbd>
      </button>
      <Navigation />
      <div className="sidebar-foot">
        {open ? (
          <div className="settings-panel">
            <SettingsFields withTime />
            <ServerFacts />
          </div>
        ) : null}
        <ZoneClock />
        <div className="foot-row">
          <Account />
          <IconButton icon="keyboard" label={t('keys.title')} onPress={onShortcuts} />
          <IconButton icon="sliders" label={t('nav.settings')} pressed={open} onPress={() => setOpen(!open)} />
        </div>
      </div>
    </aside>
  );
}

function Navigation() {
  const t = useT();
  const section = sectionOf(useRoute().place);
  return (
    <nav className="navigation" aria-label={t('nav.label')}>
      {mainPages.map((page) => (
        <Link key={page} to={places[page]} current={section === page} className="nav-link">
          <Icon name={page} />
          <span>{t(`nav.${page}`)}</span>
        </Link>
      ))}
    </nav>
  );
}

/** Shown only when there is a choice. The page stays the same kind, without filters that mean nothing elsewhere. */
function NamespaceSwitch() {
  const t = useT();
  const current = useNamespace();
  const section = sectionOf(useRoute().place) ?? 'overview';
  const namespaces = useQuery(namespacesQuery).data ?? [];
  if (namespaces.length < 2) return null;
  const names = namespaces.includes(current) ? namespaces : [current, ...namespaces];
  return (
    <div className="namespace">
      <Select
        label={t('nav.namespace')}
        value={current}
        choices={names.map((name) => ({ value: name, text: name }))}
        onChange={(name) => goTo(addressOf(name, places[section]))}
      />
    </div>
  );
}

function Account() {
  const t = useT();
  const session = useSession();
  const leave = useSignOut();
  if (session === null) return null;
  const role = t(`role.${session.role}`);
  return (
    <div className="account">
      <span className="account-name ellipsis" title={t('nav.signedInAs', { name: session.name, role })}>
        {session.name}
        <span className="faint"> {role}</span>
      </span>
      <IconButton icon="signOut" label={t('nav.signOut')} onPress={leave} />
    </div>
  );
}

export function useSignOut(): () => void {
  const client = useQueryClient();
  const toasts = useToasts();
  return () => {
    signOut().then(() => {
      client.clear();
      client.setQueryData(sessionQuery.queryKey, undefined);
      goTo('/sign-in?out=1');
    }, toasts.refuse);
  };
}

function ServerFacts() {
  const server = useQuery(serverQuery).data;
  if (server === undefined) return null;
  return (
    <p className="faint server-facts">
      Tidewheel {server.version} · {server.store === 'sqlite' ? 'SQLite' : 'PostgreSQL'} · tzdata{' '}
      {server.zoneDataVersion}
    </p>
  );
}
