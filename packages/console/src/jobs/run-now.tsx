// Runs a job now, with a payload of the reader's choice. The field begins with the job's own payload, or a sample of its schema.

import type { JobView, TriggerResult } from '@tidewheel/protocol';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { useToasts } from '../parts/toast.tsx';
import { parseJson, prettyJson, sampleOf } from '../payload/json-text.ts';
import { PayloadField } from '../payload/payload-field.tsx';

export function RunNow({ job }: { readonly job: JobView }) {
  const t = useT();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button kind="primary" icon="play" changes onPress={() => setOpen(true)}>
        {t('job.runNow')}
      </Button>
      {open ? <RunDialog job={job} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

/** Text to begin with. */
export function firstPayload(definition: JobView['definition']): string {
  const { payload, inputSchema } = definition;
  if (payload !== undefined) return prettyJson(payload);
  return inputSchema === undefined ? '' : prettyJson(sampleOf(inputSchema));
}

function RunDialog({ job, onClose }: { readonly job: JobView; readonly onClose: () => void }) {
  const t = useT();
  const toasts = useToasts();
  const [text, setText] = useState(() => firstPayload(job.definition));
  const parsed = parseJson(text);
  const valid = parsed.kind === 'value' || parsed.kind === 'empty';
  const trigger = useAction({
    send: () =>
      request<TriggerResult>(pathOf(job.namespace, 'runs'), {
        method: 'POST',
        body: { job: job.name, ...(parsed.kind === 'value' ? { payload: parsed.value } : {}) },
      }),
    touches: ['runs'],
    onDone: ({ runId }) => {
      onClose();
      toasts.say(t('job.ranToast', { name: job.name }), {
        to: { page: 'run', id: runId, attempt: null },
        text: t('run.open'),
      });
    },
  });
  return (
    <FormDialog
      title={t('job.runTitle', { name: job.name })}
      wide
      onClose={onClose}
      onSubmit={() => {
        if (valid) trigger.run(undefined);
      }}
      buttons={
        <>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" icon="play" busy={trigger.busy} disabled={!valid}>
            {t('job.runConfirm')}
          </Button>
        </>
      }
    >
      <p className="soft">{t('job.runHint')}</p>
      <PayloadField text={text} onChange={setText} />
    </FormDialog>
  );
}
