// Buttons. One that the reader's role does not permit stays visible, disabled, and says which role it needs.

import type { ReactNode } from 'react';
import { useT } from '../language/language.ts';
import { usePermitted, useSession } from '../api/session.ts';
import { Icon, type IconName } from './icon.tsx';

/** It changes something: in the namespace, for which it needs the role operator, or of the whole cell, for which it needs admin there. */
type Changes = boolean | 'cell';

export interface ButtonProps {
  readonly children: ReactNode;
  readonly onPress?: () => void;
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly icon?: IconName;
  readonly type?: 'button' | 'submit';
  readonly busy?: boolean;
  readonly disabled?: boolean;
  readonly changes?: Changes;
  readonly small?: boolean;
  readonly title?: string;
}

export function Button(props: ButtonProps) {
  const {
    children,
    onPress,
    kind = 'plain',
    icon,
    type = 'button',
    busy = false,
    disabled = false,
    small = false,
  } = props;
  const denied = useDenied(props.changes ?? false);
  return (
    <button
      type={type}
      className={`button button-${kind}${small ? ' button-small' : ''}`}
      onClick={onPress}
      disabled={disabled || busy || denied !== null}
      title={denied ?? props.title}
      aria-busy={busy}
    >
      {icon === undefined ? null : <Icon name={icon} size={14} />}
      <span>{children}</span>
    </button>
  );
}

export interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onPress: () => void;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly changes?: Changes;
}

export function IconButton({ icon, label, onPress, pressed, disabled = false, changes = false }: IconButtonProps) {
  const denied = useDenied(changes);
  return (
    <button
      type="button"
      className="icon-button"
      onClick={onPress}
      disabled={disabled || denied !== null}
      title={denied ?? label}
      aria-label={label}
      aria-pressed={pressed}
    >
      <Icon name={icon} />
    </button>
  );
}

/** Why the reader may not press it, or null. */
function useDenied(changes: Changes): string | null {
  const t = useT();
  const needed = changes === 'cell' ? 'admin' : 'operator';
  const { permitted, role } = usePermitted(needed);
  const everywhere = useSession()?.namespace === '*';
  if (changes === false || (permitted && (changes !== 'cell' || everywhere))) return null;
  const words = { role: t(`role.${needed}`), mine: t(`role.${role}`) };
  return changes === 'cell' ? t('problem.needsCell', words) : t('problem.needsRole', words);
}
