// Pause with a reason, resume, trigger now. The same in the list, as small buttons, and on the page of a schedule.

import type { ScheduleView, TriggerResult } from '@tidewheel/protocol';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { ReasonDialog } from '../parts/reason-dialog.tsx';
import { useToasts } from '../parts/toast.tsx';

interface ScheduleActionsProps {
  readonly schedule: ScheduleView;
  readonly small?: boolean;
}

export function ScheduleActions({ schedule, small = false }: ScheduleActionsProps) {
  const t = useT();
  const toasts = useToasts();
  const [pausing, setPausing] = useState(false);
  const { name } = schedule;
  const path = (verb: string) => pathOf(schedule.namespace, 'schedules', name, verb);
  const resume = useAction({
    send: () => request<unknown>(path('resume'), { method: 'POST' }),
    touches: ['schedules'],
    onDone: () => toasts.say(t('schedule.resumedToast', { name })),
  });
  const trigger = useAction({
    send: () => request<TriggerResult>(path('trigger'), { method: 'POST' }),
    touches: ['runs', 'schedules'],
    onDone: ({ runId }) =>
      toasts.say(t('schedule.triggeredToast', { name }), {
        to: { page: 'run', id: runId, attempt: null },
        text: t('run.open'),
      }),
  });
  const buttons = [
    ...(schedule.state === 'enabled'
      ? [{ key: 'pause', icon: 'pause', press: () => setPausing(true), busy: false } as const]
      : []),
    ...(schedule.state === 'paused'
      ? [{ key: 'resume', icon: 'play', press: () => resume.run(undefined), busy: resume.busy } as const]
      : []),
    { key: 'trigger', icon: 'bolt', press: () => trigger.run(undefined), busy: trigger.busy } as const,
  ];
  return (
    <>
      {buttons.map(({ key, icon, press, busy }) =>
        small ? (
          <IconButton
            key={key}
            icon={icon}
            label={`${t(`schedule.${key}`)}: ${name}`}
            changes
            disabled={busy}
            onPress={press}
          />
        ) : (
          <Button
            key={key}
            icon={icon}
            changes
            busy={busy}
            kind={key === 'resume' ? 'primary' : 'plain'}
            onPress={press}
          >
            {t(`schedule.${key}`)}
          </Button>
        ),
      )}
      {pausing ? <PauseDialog schedule={schedule} onClose={() => setPausing(false)} /> : null}
    </>
  );
}

function PauseDialog({ schedule, onClose }: { readonly schedule: ScheduleView; readonly onClose: () => void }) {
  const t = useT();
  const toasts = useToasts();
  const { name } = schedule;
  const pause = useAction({
    send: (reason: string) =>
      request<unknown>(pathOf(schedule.namespace, 'schedules', name, 'pause'), { method: 'POST', body: { reason } }),
    touches: ['schedules'],
    onDone: () => {
      onClose();
      toasts.say(t('schedule.pausedToast', { name }));
    },
  });
  return (
    <ReasonDialog
      title={t('schedule.pauseTitle', { name })}
      hint={t('schedule.pauseHint')}
      placeholder={t('schedule.pausePlaceholder')}
      confirm={t('schedule.pause')}
      icon="pause"
      busy={pause.busy}
      onClose={onClose}
      onConfirm={pause.run}
    />
  );
}
