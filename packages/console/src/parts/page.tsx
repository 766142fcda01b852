// The frame of every page: heading with actions, cards, facts in pairs, and what stands where data is missing or on its way.

import { type ReactNode, useEffect, useId } from 'react';
import { useT } from '../language/language.ts';
import { Icon, type IconName } from './icon.tsx';

interface PageProps {
  readonly title: string;
  /** Above the title: where this page hangs. */
  readonly trail?: ReactNode;
  /** Beside the title: states and facts. */
  readonly beside?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, trail, beside, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Tidewheel`;
  }, [title]);
  return (
    <>
      <header className="page-head">
        <div className="page-title">
          {trail === undefined ? null : <div className="trail">{trail}</div>}
          <h1>{title}</h1>
          {beside === undefined ? null : <div className="beside">{beside}</div>}
        </div>
        {actions === undefined ? null : <div className="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

interface CardProps {
  readonly title?: ReactNode;
  readonly hint?: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
  /** The content touches the edges, as tables do. */
  readonly flush?: boolean;
}

export function Card({ title, hint, actions, children, className = '', flush = false }: CardProps) {
  const id = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={title === undefined ? undefined : id}>
      {title === undefined ? null : (
        <div className="card-head">
          <h2 id={id}>{title}</h2>
          {hint === undefined ? null : <p className="faint">{hint}</p>}
          {actions === undefined ? null : <div className="actions">{actions}</div>}
        </div>
      )}
      <div className={flush ? 'card-flush' : 'card-body'}>{children}</div>
    </section>
  );
}

/** Pairs of a name and a value; pairs without a value are left out. */
export function Facts({ pairs }: { readonly pairs: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {pairs
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly hint?: string;
  readonly children?: ReactNode;
}

/** Says why nothing is here, and what to do about it. */
export function Empty({ icon, title, hint, children }: EmptyProps) {
  return (
    <div className="empty">
      <span className="empty-icon">
        <Icon name={icon} size={22} />
      </span>
      <p className="empty-title">{title}</p>
      {hint === undefined ? null : <p className="soft">{hint}</p>}
      {children}
    </div>
  );
}

/** Appears only when it takes a moment, so that quick answers do not flicker. */
export function Loading() {
  const t = useT();
  return (
    <div className="loading" role="status">
      <span className="wheel" aria-hidden="true" />
      <span>{t('data.loading')}</span>
    </div>
  );
}
