// Acknowledges what the standing audit found, of one schedule or of the whole namespace, with a reason that stays in the log of who did what.

import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { ReasonDialog } from '../parts/reason-dialog.tsx';
import { useToasts } from '../parts/toast.tsx';
import { useNamespace } from '../routing/navigation.tsx';

/** `schedule`: its name; all of the namespace when null. */
export function Acknowledge({ schedule }: { readonly schedule: string | null }) {
  const t = useT();
  const toasts = useToasts();
  const namespace = useNamespace();
  const [asking, setAsking] = useState(false);
  const acknowledge = useAction({
    send: (reason: string) =>
      request<{ schedules: string[] }>(pathOf(namespace, 'audit', 'findings', 'acknowledge'), {
        method: 'POST',
        body: { reason, ...(schedule === null ? {} : { schedule }) },
      }),
    touches: ['schedules', 'cluster'],
    onDone: ({ schedules }) => {
      setAsking(false);
      toasts.say(t('findings.doneToast', { count: schedules.length }));
    },
  });
  return (
    <>
      <Button icon="check" changes small onPress={() => setAsking(true)}>
        {schedule === null ? t('findings.acknowledgeAll') : t('findings.acknowledge')}
      </Button>
      {asking ? (
        <ReasonDialog
          title={schedule === null ? t('findings.titleAll') : t('findings.title', { name: schedule })}
          hint={t('findings.hint')}
          placeholder={t('findings.placeholder')}
          confirm={t('findings.acknowledge')}
          icon="check"
          busy={acknowledge.busy}
          onClose={() => setAsking(false)}
          onConfirm={acknowledge.run}
        />
      ) : null}
    </>
  );
}
