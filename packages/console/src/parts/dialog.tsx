// A modal dialog on the browser's own <dialog>: it keeps the focus inside, closes on Escape and gives the focus back.

import { type ReactNode, type SyntheticEvent, useEffect, useId, useRef } from 'react';
import { useT } from '../language/language.ts';
import { IconButton } from './button.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly wide?: boolean;
}

export function Dialog({ title, onClose, children, wide = false }: DialogProps) {
  const t = useT();
  const id = useId();
  const ref = useModal();
  return (
    <dialog
      ref={ref}
      className={wide ? 'dialog dialog-wide' : 'dialog'}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => closeOnVeil(event)}
    >
      <div className="dialog-head">
        <h2 id={id}>{title}</h2>
        <IconButton icon="cross" label={t('action.close')} onPress={onClose} />
      </div>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}

/** Opens the dialog as long as it is rendered. */
export function useModal() {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return;
    const before = document.activeElement;
    if (!dialog.open) dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return ref;
}

/** The veil belongs to the dialog element itself; everything visible lies in children. */
export function closeOnVeil(event: SyntheticEvent<HTMLDialogElement>): void {
  if (event.target === event.currentTarget) event.currentTarget.close();
}

interface FormDialogProps extends DialogProps {
  readonly onSubmit: () => void;
  /** The buttons, the confirming one last. */
  readonly buttons: ReactNode;
}

export function FormDialog({ onSubmit, buttons, children, ...rest }: FormDialogProps) {
  return (
    <Dialog {...rest}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        {children}
        <div className="form-buttons">{buttons}</div>
      </form>
    </Dialog>
  );
}
