// What is ordered of a pool by hand, and the ways to order it and to end it.

import type { PoolOrderView, PoolView } from '@tidewheel/protocol';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { Field } from '../parts/field.tsx';
import { Moment } from '../parts/moment.tsx';
import { Card } from '../parts/page.tsx';
import { ReasonDialog } from '../parts/reason-dialog.tsx';
import { useToasts } from '../parts/toast.tsx';
import { useNamespace } from '../routing/navigation.tsx';

type Ordering = 'scale' | 'freeze' | 'rollout';
const orderings = { scale: 'sliders', freeze: 'pause', rollout: 'retry' } as const;

export function PoolActions({ pool }: { readonly pool: PoolView }) {
  const t = useT();
  const [ordering, setOrdering] = useState<Ordering | null>(null);
  return (
    <>
      {(['scale', 'freeze', 'rollout'] as const).map((kind) => (
        <Button key={kind} icon={orderings[kind]} changes onPress={() => setOrdering(kind)}>
          {t(`pool.${kind}`)}
        </Button>
      ))}
      {ordering === null ? null : <OrderDialog pool={pool} kind={ordering} onClose={() => setOrdering(null)} />}
    </>
  );
}

interface OrderDialogProps {
  readonly pool: PoolView;
  readonly kind: Ordering;
  readonly onClose: () => void;
}

function OrderDialog({ pool, kind, onClose }: OrderDialogProps) {
  const t = useT();
  const toasts = useToasts();
  const namespace = useNamespace();
  const [workers, setWorkers] = useState(String(pool.status?.wanted ?? pool.workers.live));
  const order = useAction({
    send: (reason: string) =>
      request<PoolOrderView>(pathOf(namespace, 'pools', pool.name, 'orders'), {
        method: 'POST',
        body: { kind, reason, ...(kind === 'scale' ? { workers: Number(workers) } : {}) },
      }),
    touches: ['pools'],
    onDone: () => {
      onClose();
      toasts.say(t('pool.ordered'));
    },
  });
  return (
    <ReasonDialog
      title={t(`pool.${kind}Title`, { name: pool.name })}
      hint={t(`pool.${kind}Hint`)}
      placeholder={t('pool.reason')}
      confirm={t(`pool.${kind}`)}
      icon={orderings[kind]}
      busy={order.busy}
      onClose={onClose}
      onConfirm={order.run}
    >
      {kind === 'scale' ? (
        <Field label={t('pool.workers')}>
          {(id) => (
            <input
              id={id}
              type="number"
              min={0}
              required
              value={workers}
              onChange={(event) => setWorkers(event.target.value)}
            />
          )}
        </Field>
      ) : null}
    </ReasonDialog>
  );
}

export function PoolOrders({ pool }: { readonly pool: PoolView }) {
  const t = useT();
  const [ending, setEnding] = useState<PoolOrderView | null>(null);
  return (
    <Card title={t('pool.orders')}>
      {pool.orders.length === 0 ? <p className="soft">{t('pool.ordersEmpty')}</p> : null}
      <ul className="rows">
        {pool.orders.map((order) => (
          <li key={order.id} className="row">
            <span className="row-main">
              <OrderWords order={order} />
              <span className="faint">
                {order.reason} · {order.createdBy}
                {order.until === null ? null : (
                  <>
                    {' · '}
                    {t('pool.order.until')} <Moment at={order.until} />
                  </>
                )}
              </span>
            </span>
            <Button small changes onPress={() => setEnding(order)}>
              {t('pool.order.end')}
            </Button>
          </li>
        ))}
      </ul>
      {ending === null ? null : <EndDialog pool={pool} order={ending} onClose={() => setEnding(null)} />}
    </Card>
  );
}

function OrderWords({ order: { kind, order } }: { readonly order: PoolOrderView }) {
  const t = useT();
  const number = (key: string): number => Number(order[key] ?? 0);
  if (kind === 'scale') return <span>{t('pool.order.scale', { workers: number('workers') })}</span>;
  if (kind === 'reserve')
    return <span>{t('pool.order.reserve', { runs: number('runs'), queue: String(order['queue']) })}</span>;
  return <span>{t(`pool.order.${kind}`)}</span>;
}

interface EndDialogProps {
  readonly pool: PoolView;
  readonly order: PoolOrderView;
  readonly onClose: () => void;
}

function EndDialog({ pool, order, onClose }: EndDialogProps) {
  const t = useT();
  const toasts = useToasts();
  const namespace = useNamespace();
  const end = useAction({
    send: (reason: string) =>
      request<null>(pathOf(namespace, 'pools', pool.name, 'orders', order.id, 'end'), {
        method: 'POST',
        body: { reason },
      }),
    touches: ['pools'],
    onDone: () => {
      onClose();
      toasts.say(t('pool.ended'));
    },
  });
  return (
    <ReasonDialog
      title={t('pool.order.endTitle')}
      hint={t('pool.order.endHint')}
      placeholder={t('pool.reason')}
      confirm={t('pool.order.end')}
      icon="check"
      busy={end.busy}
      onClose={onClose}
      onConfirm={end.run}
    />
  );
}
