// The foot of a list that comes in pages.

import { useT } from '../language/language.ts';
import { Button } from './button.tsx';

interface MoreProps {
  readonly shown: number;
  readonly hasMore: boolean;
  readonly busy: boolean;
  readonly onMore: () => void;
}

export function More({ shown, hasMore, busy, onMore }: MoreProps) {
  const t = useT();
  if (shown === 0 && !hasMore) return null;
  return (
    <div className="more">
      <span className="faint">{t('data.loadedAll', { count: shown })}</span>
      {hasMore ? (
        <Button onPress={onMore} busy={busy} small>
          {t('action.loadMore')}
        </Button>
      ) : null}
    </div>
  );
}
