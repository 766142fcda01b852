// Asks for the reason of something that others will wonder about later, and confirms it.

import { type ReactNode, useState } from 'react';
import { useT } from '../language/language.ts';
import { Button } from './button.tsx';
import { FormDialog } from './dialog.tsx';
import { Field } from './field.tsx';
import type { IconName } from './icon.tsx';

/** The bound of the protocol. */
const reasonChars = 500;

interface ReasonDialogProps {
  readonly title: string;
  /** What will happen. */
  readonly hint: string;
  readonly placeholder: string;
  /** The word on the confirming button. */
  readonly confirm: string;
  readonly icon: IconName;
  readonly danger?: boolean;
  readonly busy: boolean;
  readonly onClose: () => void;
  readonly onConfirm: (reason: string) => void;
  readonly children?: ReactNode;
}

export function ReasonDialog(props: ReasonDialogProps) {
  const { title, hint, placeholder, confirm, icon, danger = false, busy, onClose, onConfirm, children } = props;
  const t = useT();
  const [reason, setReason] = useState('');
  const given = reason.trim();
  return (
    <FormDialog
      title={title}
      onClose={onClose}
      onSubmit={() => onConfirm(given)}
      buttons={
        <>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button kind={danger ? 'danger' : 'primary'} type="submit" icon={icon} busy={busy} disabled={given === ''}>
            {confirm}
          </Button>
        </>
      }
    >
      <p className="soft">{hint}</p>
      {children}
      <Field label={t('reason.label')}>
        {(id) => (
          <input
            id={id}
            value={reason}
            required
            maxLength={reasonChars}
            placeholder={placeholder}
            onChange={(event) => setReason(event.target.value)}
          />
        )}
      </Field>
    </FormDialog>
  );
}
