// Told while masters answer with what they kept, because the store does not answer.

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useStaleSince } from '../api/staleness.ts';
import { useT } from '../language/language.ts';
import { Icon } from '../parts/icon.tsx';
import { useZone } from '../parts/moment.tsx';
import { useNow } from '../time/clock.ts';
import { shortInstant } from '../time/format.ts';

export function StaleBanner() {
  const t = useT();
  const zone = useZone();
  const now = useNow(1_000);
  const since = useStaleSince();
  const client = useQueryClient();
  const wasStale = useRef(false);
  useEffect(() => {
    if (since !== null) wasStale.current = true;
    if (since !== null || !wasStale.current) return;
    wasStale.current = false;
    // One answer is fresh again: so will the others be.
    void client.invalidateQueries();
  }, [since, client]);
  if (since === null) return null;
  return (
    <div className="banner banner-lost" role="alert">
      <Icon name="warn" size={14} />
      <span>{t('store.stale', { time: shortInstant(since, zone, now) })}</span>
    </div>
  );
}
