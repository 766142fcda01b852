// Buttons. One that the reader's role does not permit stays visible, disabled, and says which role it needs.

import type { ReactNode } from 'react';
import { useT } from '../language/language.ts';
import { usePermitted } from '../api/session.ts';
import { Icon, type IconName } from './icon.tsx';

export interface ButtonProps {
  readonly children: ReactNode;
  readonly onPress?: () => void;
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly icon?: IconName;
  readonly type?: 'button' | 'submit';
  readonly busy?: boolean;
  readonly disabled?: boolean;
  /** It changes something, so it needs the role operator. */
  readonly changes?: boolean;
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
  const denied = useDenied(props.changes === true);
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
  readonly changes?: boolean;
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
function useDenied(changes: boolean): string | null {
  const t = useT();
  const { permitted, role } = usePermitted('operator');
  if (!changes || permitted) return null;
  return t('problem.needsRole', { role: t('role.operator'), mine: t(`role.${role}`) });
}
