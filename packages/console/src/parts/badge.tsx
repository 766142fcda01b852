// States as a word with a colour and a sign of its own, so that none depends on colour alone.

import type { AttemptOutcome, RunState, SessionState } from '@tidewheel/protocol';
import type { ReactNode } from 'react';
import { useT } from '../language/language.ts';
import type { ScheduleState } from '../routing/route.ts';
import { isRunState, type Tone, toneOfOutcome, toneOfRun } from '../runs/states.ts';
import { Icon, type IconName } from './icon.tsx';

const runIcons: Record<RunState, IconName> = {
  running: 'play',
  ready: 'hourglass',
  scheduled: 'clock',
  blocked: 'lock',
  succeeded: 'check',
  failed: 'cross',
  canceled: 'slash',
  skipped: 'skip',
  lost: 'question',
};

interface BadgeProps {
  readonly tone: Tone;
  readonly icon: IconName;
  readonly children: ReactNode;
  readonly alive?: boolean;
  readonly title?: string;
}

export function Badge({ tone, icon, children, alive = false, title }: BadgeProps) {
  return (
    <span className={`badge tone-${tone}`} title={title}>
      {alive ? <span className="pulse" aria-hidden="true" /> : <Icon name={icon} size={12} />}
      <span>{children}</span>
    </span>
  );
}

export function RunBadge({ state }: { readonly state: RunState }) {
  const t = useT();
  return (
    <Badge tone={toneOfRun(state)} icon={runIcons[state]} alive={state === 'running'}>
      {t(`state.${state}`)}
    </Badge>
  );
}

/** For state words that come as plain text, such as the last run of a schedule. */
export function RunWordBadge({ state }: { readonly state: string }) {
  if (isRunState(state)) return <RunBadge state={state} />;
  return (
    <Badge tone="mute" icon="question">
      {state}
    </Badge>
  );
}

export function OutcomeBadge({ outcome }: { readonly outcome: AttemptOutcome }) {
  const t = useT();
  const tone = toneOfOutcome(outcome);
  const icon: IconName = tone === 'good' ? 'check' : tone === 'mute' ? 'slash' : tone === 'gone' ? 'question' : 'cross';
  return (
    <Badge tone={tone} icon={icon}>
      {t(`outcome.${outcome}`)}
    </Badge>
  );
}

export function ScheduleBadge({ state, title }: { readonly state: ScheduleState; readonly title?: string }) {
  const t = useT();
  const look = ({ enabled: ['good', 'check'], paused: ['warn', 'pause'], finished: ['mute', 'stop'] } as const)[state];
  return (
    <Badge tone={look[0]} icon={look[1]} {...(title === undefined ? {} : { title })}>
      {t(`schedule.${state}`)}
    </Badge>
  );
}

export function WorkerBadge({ state }: { readonly state: SessionState }) {
  const t = useT();
  const look = ({ live: ['good', 'check'], draining: ['warn', 'drain'], dead: ['mute', 'slash'] } as const)[state];
  return (
    <Badge tone={look[0]} icon={look[1]}>
      {t(`worker.state.${state}`)}
    </Badge>
  );
}
