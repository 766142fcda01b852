// What a reader can do to a run: cancel it with a reason, or have it again with the same or another payload.

import type { RunView, TriggerResult } from '@tidewheel/protocol';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { Field, Segmented } from '../parts/field.tsx';
import { useToasts } from '../parts/toast.tsx';
import { parseJson, prettyJson } from '../payload/json-text.ts';
import { PayloadField } from '../payload/payload-field.tsx';
import { useGoTo } from '../routing/navigation.tsx';
import { isFinal } from './states.ts';

/** The bound of the protocol. */
const reasonChars = 500;

export function RunActions({ run }: { readonly run: RunView }) {
  const t = useT();
  const [open, setOpen] = useState<'cancel' | 'retry' | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      {isFinal(run.state) ? null : (
        <Button
          kind="danger"
          icon="stop"
          changes
          disabled={run.cancelRequestedAt !== null}
          onPress={() => setOpen('cancel')}
        >
          {t('run.cancel')}
        </Button>
      )}
      <Button icon="retry" changes disabled={!isFinal(run.state)} onPress={() => setOpen('retry')}>
        {t('run.retry')}
      </Button>
      {open === 'cancel' ? <CancelDialog run={run} onClose={close} /> : null}
      {open === 'retry' ? <RetryDialog run={run} onClose={close} /> : null}
    </>
  );
}

interface RunDialogProps {
  readonly run: RunView;
  readonly onClose: () => void;
}

function CancelDialog({ run, onClose }: RunDialogProps) {
  const t = useT();
  const toasts = useToasts();
  const [reason, setReason] = useState('');
  const cancel = useAction({
    send: () =>
      request<CancelAnswer>(pathOf(run.namespace, 'runs', run.id, 'cancel'), {
        method: 'POST',
        body: { reason: reason.trim() },
      }),
    touches: ['runs'],
    onDone: ({ outcome }) => {
      onClose();
      toasts.say(t(cancelWords[outcome]));
    },
  });
  return (
    <FormDialog
      title={t('run.cancelTitle')}
      onClose={onClose}
      onSubmit={() => cancel.run(undefined)}
      buttons={
        <>
          <Button onPress={onClose}>{t('run.keep')}</Button>
          <Button kind="danger" type="submit" icon="stop" busy={cancel.busy}>
            {t('run.cancelConfirm')}
          </Button>
        </>
      }
    >
      <p className="soft">{t('run.cancelHint')}</p>
      <Field label={t('run.cancelReason')}>
        {(id) => (
          <input
            id={id}
            value={reason}
            maxLength={reasonChars}
            placeholder={t('run.cancelPlaceholder')}
            onChange={(event) => setReason(event.target.value)}
          />
        )}
      </Field>
    </FormDialog>
  );
}

/** Canceled at once, asked of its worker, or too late. */
interface CancelAnswer {
  readonly outcome: 'canceled' | 'requested' | 'finished';
}

const cancelWords = {
  canceled: 'run.canceledToast',
  requested: 'run.cancelRequestedToast',
  finished: 'run.alreadyFinishedToast',
} as const;

function RetryDialog({ run, onClose }: RunDialogProps) {
  const t = useT();
  const toasts = useToasts();
  const go = useGoTo();
  const original = run.payload === null || run.payload === undefined ? '' : prettyJson(run.payload);
  const [edited, setEdited] = useState(false);
  const [text, setText] = useState(original);
  const parsed = parseJson(text);
  const valid = !edited || parsed.kind === 'value' || parsed.kind === 'empty';
  const retry = useAction({
    send: () =>
      request<TriggerResult>(pathOf(run.namespace, 'runs', run.id, 'retry'), {
        method: 'POST',
        body: edited ? { payload: parsed.kind === 'value' ? parsed.value : null } : {},
      }),
    touches: ['runs'],
    onDone: ({ runId }) => {
      onClose();
      toasts.say(t('run.retriedToast'));
      go({ page: 'run', id: runId, attempt: null });
    },
  });
  return (
    <FormDialog
      title={t('run.retryTitle')}
      wide
      onClose={onClose}
      onSubmit={() => {
        if (valid) retry.run(undefined);
      }}
      buttons={
        <>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" icon="retry" busy={retry.busy} disabled={!valid}>
            {t('run.retryConfirm')}
          </Button>
        </>
      }
    >
      <p className="soft">{t('run.retryHint')}</p>
      <Segmented
        label={t('run.payload')}
        value={edited ? 'edited' : 'same'}
        choices={[
          { value: 'same', text: t('run.retrySame') },
          { value: 'edited', text: t('run.retryEdited') },
        ]}
        onChange={(choice) => setEdited(choice === 'edited')}
      />
      <PayloadField text={edited ? text : original} onChange={setText} readOnly={!edited} />
    </FormDialog>
  );
}
