// The pages around schedules, one beside the other.

import { useT } from '../language/language.ts';
import { Link, useRoute } from '../routing/navigation.tsx';
import { places } from '../routing/route.ts';

const tabs = ['schedules', 'coming', 'calendars', 'try'] as const;

export function SectionTabs() {
  const t = useT();
  const { page } = useRoute().place;
  return (
    <nav className="tabs" aria-label={t('times.tabs')}>
      {tabs.map((tab) => (
        <Link
          key={tab}
          to={places[tab]}
          current={page === tab || (page === 'calendar' && tab === 'calendars')}
          className="tab"
        >
          {t(`nav.${tab}`)}
        </Link>
      ))}
    </nav>
  );
}
