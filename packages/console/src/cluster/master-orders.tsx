// What an administrator of the whole cell can tell a master: each order asks for a reason, and is confirmed.

import type { MasterView } from '@tidewheel/protocol';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { Select } from '../parts/field.tsx';
import type { IconName } from '../parts/icon.tsx';
import { ReasonDialog } from '../parts/reason-dialog.tsx';
import { useToasts } from '../parts/toast.tsx';

const orders = ['stepDown', 'cordon', 'drain', 'uncordon'] as const;
type Order = (typeof orders)[number];

const icons: Record<Order, IconName> = { stepDown: 'crown', cordon: 'slash', drain: 'drain', uncordon: 'play' };
const toasted = {
  stepDown: 'cluster.stepDownToast',
  cordon: 'cluster.cordonedToast',
  drain: 'cluster.drainedToast',
  uncordon: 'cluster.uncordonedToast',
} as const;

function makesSense(order: Order, { role, wanted }: MasterView): boolean {
  if (order === 'stepDown') return role === 'leader';
  if (order === 'uncordon') return wanted !== 'active';
  return order === 'cordon' ? wanted === 'active' : wanted !== 'draining';
}

interface MasterOrdersProps {
  readonly master: MasterView;
  readonly others: readonly MasterView[];
}

export function MasterOrders({ master, others }: MasterOrdersProps) {
  const t = useT();
  const [asked, setAsked] = useState<Order | null>(null);
  return (
    <div className="unit-orders">
      {orders
        .filter((order) => makesSense(order, master))
        .map((order) => (
          <Button key={order} small icon={icons[order]} changes="cell" onPress={() => setAsked(order)}>
            {t(`cluster.${order}`)}
          </Button>
        ))}
      {asked === null ? null : (
        <OrderDialog order={asked} master={master} others={others} onClose={() => setAsked(null)} />
      )}
    </div>
  );
}

interface OrderDialogProps extends MasterOrdersProps {
  readonly order: Order;
  readonly onClose: () => void;
}

function OrderDialog({ order, master, others, onClose }: OrderDialogProps) {
  const t = useT();
  const toasts = useToasts();
  const [to, setTo] = useState('');
  const { id, address } = master;
  const give = useAction({
    send: (reason: string) =>
      order === 'stepDown'
        ? request<unknown>('/v1/cluster/step-down', { method: 'POST', body: { reason, ...(to === '' ? {} : { to }) } })
        : request<unknown>(`/v1/cluster/masters/${id}/${order}`, { method: 'POST', body: { reason } }),
    touches: ['cluster'],
    onDone: () => {
      onClose();
      toasts.say(t(toasted[order], { address }));
    },
  });
  return (
    <ReasonDialog
      title={t(`cluster.${order}Title`, { address })}
      hint={t(`cluster.${order}Hint`)}
      placeholder={t('cluster.reasonPlaceholder')}
      confirm={t(`cluster.${order}`)}
      icon={icons[order]}
      danger={order === 'drain'}
      busy={give.busy}
      onClose={onClose}
      onConfirm={give.run}
    >
      {order === 'stepDown' && others.length > 0 ? (
        <div className="field">
          <span>{t('cluster.stepDownTo')}</span>
          <Select
            label={t('cluster.stepDownTo')}
            value={to}
            choices={[
              { value: '', text: t('cluster.stepDownAny') },
              ...others.map((other) => ({ value: other.id, text: other.address })),
            ]}
            onChange={setTo}
          />
        </div>
      ) : null}
    </ReasonDialog>
  );
}
