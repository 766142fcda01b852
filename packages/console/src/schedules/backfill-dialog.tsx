// Asks for a backfill: the range, how fast, in which order. What it would make is counted while one chooses.

import type { BackfillRequest, BackfillView, ScheduleView } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { backfillCountQuery } from '../api/times-queries.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { Field, Segmented } from '../parts/field.tsx';
import { InstantField } from '../parts/instant-field.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { useToasts } from '../parts/toast.tsx';
import { serverNow } from '../time/clock.ts';
import { useRested } from './use-rested.ts';

interface BackfillDialogProps {
  readonly schedule: ScheduleView;
  readonly onClose: () => void;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** Of the protocol. */
const most = { active: 10_000, rate: 60_000 } as const;

type Wanted = Omit<BackfillRequest, 'from' | 'to' | 'dryRun'> & { from: number | null; to: number | null };

/** Yesterday, up to the minute before now. */
function firstWanted(): Wanted {
  const to = Math.floor(serverNow() / minuteMs) * minuteMs;
  return { from: to - dayMs, to, active: 1, order: 'oldest', missingOnly: false, reason: '' };
}

export function BackfillDialog({ schedule, onClose }: BackfillDialogProps) {
  const t = useT();
  const toasts = useToasts();
  const [wanted, setWanted] = useState(firstWanted);
  // One order is one backfill, however often it is sent.
  const [key] = useState(() => `console ${schedule.id} ${String(performance.timeOrigin + performance.now())}`);
  const asked = requestOf(wanted);
  const begin = useAction({
    send: (order: BackfillRequest) =>
      request<BackfillView>(pathOf(schedule.namespace, 'schedules', schedule.name, 'backfills'), {
        method: 'POST',
        body: order,
        idempotencyKey: key,
      }),
    touches: ['schedules', 'runs'],
    onDone: ({ total }) => {
      onClose();
      toasts.say(t('backfill.begunToast', { count: total }));
    },
  });
  const count = useCount(schedule, asked);
  return (
    <FormDialog
      title={t('backfill.newTitle', { name: schedule.name })}
      onClose={onClose}
      onSubmit={() => {
        if (asked !== null && count.total !== null && count.total > 0) begin.run(asked);
      }}
      buttons={
        <>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" icon="retry" busy={begin.busy} disabled={(count.total ?? 0) === 0}>
            {count.total === null ? t('backfill.begin') : t('backfill.beginCount', { count: count.total })}
          </Button>
        </>
      }
    >
      <p className="soft">{t('backfill.newHint')}</p>
      <Wishes wanted={wanted} onChange={setWanted} />
      {count.note}
    </FormDialog>
  );
}

interface WishesProps {
  readonly wanted: Wanted;
  readonly onChange: (wanted: Wanted) => void;
}

function Wishes({ wanted, onChange }: WishesProps) {
  const t = useT();
  const set = (change: Partial<Wanted>) => onChange({ ...wanted, ...change });
  return (
    <>
      <div className="field-row">
        <InstantField label={t('backfill.from')} value={wanted.from} onChange={(from) => set({ from })} />
        <InstantField label={t('backfill.to')} value={wanted.to} onChange={(to) => set({ to })} />
      </div>
      <div className="field-row">
        <NumberField
          label={t('backfill.active')}
          hint={t('backfill.activeHint')}
          max={most.active}
          value={wanted.active ?? null}
          onChange={(active) => set({ active: active ?? 1 })}
        />
        <NumberField
          label={t('backfill.rate')}
          hint={t('backfill.rateHint')}
          max={most.rate}
          value={wanted.rate ?? null}
          onChange={(rate) => {
            const { rate: _, ...rest } = wanted;
            onChange(rate === null ? rest : { ...rest, rate });
          }}
        />
      </div>
      <Segmented
        label={t('backfill.order')}
        value={wanted.order ?? 'oldest'}
        choices={[
          { value: 'oldest', text: t('backfill.oldest') },
          { value: 'newest', text: t('backfill.newest') },
        ]}
        onChange={(order) => set({ order })}
      />
      <label className="tick">
        <input
          type="checkbox"
          checked={wanted.missingOnly ?? false}
          onChange={(event) => set({ missingOnly: event.target.checked })}
        />
        <span>{t('backfill.missingOnly')}</span>
      </label>
      <Field label={t('backfill.reason')}>
        {(id) => (
          <input
            id={id}
            value={wanted.reason ?? ''}
            maxLength={500}
            placeholder={t('backfill.reasonPlaceholder')}
            onChange={(event) => set({ reason: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}

interface NumberFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly max: number;
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
}

function NumberField({ label, hint, max, value, onChange }: NumberFieldProps) {
  return (
    <Field label={label} hint={hint}>
      {(id, describedBy) => (
        <input
          id={id}
          type="number"
          min={1}
          max={max}
          value={value ?? ''}
          aria-describedby={describedBy}
          onChange={(event) => {
            const number = Number.parseInt(event.target.value, 10);
            onChange(Number.isNaN(number) ? null : Math.min(max, Math.max(1, number)));
          }}
        />
      )}
    </Field>
  );
}

/** Null as long as the range is not whole. */
function requestOf({ from, to, ...rest }: Wanted): BackfillRequest | null {
  return from === null || to === null ? null : { ...rest, from, to };
}

function useCount({ namespace, name }: ScheduleView, asked: BackfillRequest | null) {
  const t = useT();
  // What does not change the count does not ask for it again.
  const { from = 0, to = 0, order = 'oldest' } = useRested(asked) ?? {};
  const counted = useQuery({
    ...backfillCountQuery(namespace, name, { from, to, order }),
    enabled: asked !== null,
    placeholderData: (before) => before,
  });
  if (counted.error !== null) return { total: null, note: <ProblemNote error={counted.error} /> };
  if (counted.data === undefined) return { total: null, note: <p className="faint">{t('backfill.counting')}</p> };
  const { total, fires } = counted.data;
  const note = (
    <div className="backfill-count" role="status">
      <p>
        <strong>{t('backfill.count', { count: total })}</strong>
      </p>
      <p className="faint">
        {fires
          .slice(0, 3)
          .map((fire) => fire.local.replace('T', ' ').slice(0, 16))
          .join(' · ')}
        {total > 3 ? ' …' : ''}
      </p>
    </div>
  );
  return { total, note };
}
