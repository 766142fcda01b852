// Whether what is shown is live. A lost connection is told at once and in words, because data that silently stands still misleads.

import { useEffect, useRef, useState } from 'react';
import { useLive, useLiveState } from '../api/live.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import { useZone } from '../parts/moment.tsx';
import { useNow } from '../time/clock.ts';
import { shortInstant } from '../time/format.ts';

/** A break shorter than this (a master that restarts, a page that comes back) is not worth a word. */
const graceMs = 1_500;
const backShownMs = 3_000;

export function ConnectionDot() {
  const t = useT();
  const state = useLiveState();
  const words = { live: t('live.on'), connecting: t('live.connecting'), lost: t('live.retryNow') }[state.kind];
  return (
    <span className={`connection connection-${state.kind}`}>
      <span className={state.kind === 'live' ? 'pulse' : 'dot'} aria-hidden="true" />
      {state.kind === 'lost' ? t('live.connecting') : words}
    </span>
  );
}

export function ConnectionBanner() {
  const state = useLiveState();
  const now = useNow(1_000);
  const wasLost = useRef(false);
  const [back, setBack] = useState(false);
  const lostLong = state.kind === 'lost' && Date.now() - state.since > graceMs;
  useEffect(() => {
    if (lostLong) wasLost.current = true;
    if (state.kind !== 'live' || !wasLost.current) return;
    wasLost.current = false;
    setBack(true);
    const timer = setTimeout(() => setBack(false), backShownMs);
    return () => clearTimeout(timer);
  }, [state.kind, lostLong]);
  if (state.kind === 'lost' && lostLong) return <Lost since={state.since} retryAt={state.retryAt} now={now} />;
  return back ? <Back /> : null;
}

function Lost({ since, retryAt, now }: { readonly since: number; readonly retryAt: number; readonly now: number }) {
  const t = useT();
  const live = useLive();
  const zone = useZone();
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000));
  return (
    <div className="banner banner-lost" role="alert">
      <Icon name="warn" size={14} />
      <span>{t('live.lost', { time: shortInstant(since, zone, now) })}</span>
      <span aria-hidden="true">{t('live.retrying', { seconds })}</span>
      <Button small onPress={() => live.retryNow()}>
        {t('live.retryNow')}
      </Button>
    </div>
  );
}

function Back() {
  const t = useT();
  return (
    <div className="banner banner-back" role="status">
      <Icon name="check" size={14} />
      <span>{t('live.back')}</span>
    </div>
  );
}
