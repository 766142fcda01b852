// What must always be true of the data, asserted again and again: each check in words, with what it found.

import type { SelfCheck } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import { selfCheckQuery } from '../api/queries.ts';
import { useT } from '../language/language.ts';
import { Icon } from '../parts/icon.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Card } from '../parts/page.tsx';

export function SelfCheckCard() {
  const t = useT();
  const result = useQuery(selfCheckQuery);
  return (
    <Card title={t('check.title')} {...(result.data?.clean === true ? { hint: t('check.clean') } : {})} flush>
      <Loaded query={result}>
        {({ checks }) => (
          <ul className="rows checks">
            {checks.toSorted(foundFirst).map((one) => (
              <Check key={one.check} one={one} />
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  );
}

type One = SelfCheck['checks'][number];

function foundFirst(a: One, b: One): number {
  return Number(b.findings > 0) - Number(a.findings > 0);
}

function Check({ one: { check, findings, samples } }: { readonly one: One }) {
  const t = useT();
  const well = findings === 0;
  return (
    <li className="check">
      <span className={`row-icon tone-${well ? 'good' : 'bad'}`}>
        <Icon name={well ? 'check' : 'warn'} size={12} />
      </span>
      <details open={!well}>
        <summary>
          <span>{t(`check.${check}`)}</span>
          <span className={well ? 'faint' : 'number'}>
            {well ? t('check.ok') : t('check.found', { count: findings })}
          </span>
        </summary>
        <p className="soft">{t(`check.${check}.hint`)}</p>
        {samples.length === 0 ? null : (
          <p className="check-samples">
            {samples.map((sample) => (
              <code key={sample} className="tag">
                {sample}
              </code>
            ))}
          </p>
        )}
      </details>
    </li>
  );
}
