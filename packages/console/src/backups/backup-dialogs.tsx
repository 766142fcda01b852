// Makes a backup, and forgets old ones: each asks first.

import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { Segmented } from '../parts/field.tsx';
import { useToasts } from '../parts/toast.tsx';

type Kind = 'physical' | 'logical';

export function CreateDialog({ onClose }: { readonly onClose: () => void }) {
  const t = useT();
  const toasts = useToasts();
  const [kind, setKind] = useState<Kind>('physical');
  const create = useAction({
    send: (wanted: Kind) => request<{ id: string }>('/v1/backups', { method: 'POST', body: { kind: wanted } }),
    touches: ['cluster'],
    onDone: () => {
      onClose();
      toasts.say(t('backups.begun'));
    },
  });
  return (
    <FormDialog
      title={t('backups.createTitle')}
      onClose={onClose}
      onSubmit={() => create.run(kind)}
      buttons={
        <>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" icon="backups" busy={create.busy}>
            {t('backups.create')}
          </Button>
        </>
      }
    >
      <p className="soft">{t('backups.createHint')}</p>
      <Segmented
        label={t('backups.kind')}
        value={kind}
        choices={[
          { value: 'physical', text: t('backups.physical') },
          { value: 'logical', text: t('backups.logical') },
        ]}
        onChange={setKind}
      />
    </FormDialog>
  );
}

export function PruneDialog({ onClose }: { readonly onClose: () => void }) {
  const t = useT();
  const toasts = useToasts();
  const prune = useAction({
    send: () => request<{ pruned: string[] }>('/v1/backups/prune', { method: 'POST' }),
    touches: ['cluster'],
    onDone: ({ pruned }) => {
      onClose();
      toasts.say(t('backups.pruned', { count: pruned.length }));
    },
  });
  return (
    <FormDialog
      title={t('backups.pruneTitle')}
      onClose={onClose}
      onSubmit={() => prune.run(undefined)}
      buttons={
        <>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button kind="danger" type="submit" icon="skip" busy={prune.busy}>
            {t('backups.prune')}
          </Button>
        </>
      }
    >
      <p className="soft">{t('backups.pruneHint')}</p>
    </FormDialog>
  );
}
