// Short answers to what the reader did, in a corner, read out by screen readers. Refusals stay until they are closed.

import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from 'react';
import { useT } from '../language/language.ts';
import { Link } from '../routing/navigation.tsx';
import type { Place } from '../routing/route.ts';
import { IconButton } from './button.tsx';
import { Icon } from './icon.tsx';
import { ProblemNote } from './problem.tsx';

interface Toast {
  readonly id: number;
  readonly text: string | null;
  readonly error: unknown;
  readonly link: { readonly to: Place; readonly text: string } | null;
}

export interface Toasts {
  readonly say: (text: string, link?: Toast['link']) => void;
  readonly refuse: (error: unknown) => void;
}

/** Older ones make room. */
const shownToasts = 4;
const saidMs = 6_000;

const ToastContext = createContext<Toasts | null>(null);

export function useToasts(): Toasts {
  const toasts = useContext(ToastContext);
  if (toasts === null) throw new Error('there is no ToastProvider above this component');
  return toasts;
}

export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [shown, setShown] = useState<readonly Toast[]>([]);
  const lastId = useRef(0);
  const add = useCallback((toast: Omit<Toast, 'id'>) => {
    lastId.current += 1;
    const id = lastId.current;
    setShown((before) => [...before, { ...toast, id }].slice(-shownToasts));
    return id;
  }, []);
  const remove = useCallback((id: number) => setShown((before) => before.filter((toast) => toast.id !== id)), []);
  const toasts = useMemo<Toasts>(
    () => ({
      say: (text, link = null) => {
        const id = add({ text, link, error: null });
        setTimeout(() => remove(id), saidMs);
      },
      refuse: (error) => void add({ text: null, link: null, error }),
    }),
    [add, remove],
  );
  return (
    <ToastContext value={toasts}>
      {children}
      <div className="toasts" aria-live="polite">
        {shown.map((toast) => (
          <ToastCard key={toast.id} toast={toast} onClose={() => remove(toast.id)} />
        ))}
      </div>
    </ToastContext>
  );
}

function ToastCard({ toast, onClose }: { readonly toast: Toast; readonly onClose: () => void }) {
  const t = useT();
  return (
    <div className="toast">
      {toast.text === null ? (
        <ProblemNote error={toast.error} />
      ) : (
        <p>
          <Icon name="check" /> <span>{toast.text}</span>
          {toast.link === null ? null : (
            <Link to={toast.link.to} onFollow={onClose}>
              {toast.link.text}
            </Link>
          )}
        </p>
      )}
      <IconButton icon="cross" label={t('action.close')} onPress={onClose} />
    </div>
  );
}
