// A refusal in full: code, what happened, how to mend it, and the faults inside a request.

import type { ReactNode } from 'react';
import { ApiProblem } from '../api/request.ts';
import { useLanguage, useT } from '../language/language.ts';
import { problemsZh } from '../language/problems-zh.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { Rich } from './rich.tsx';

/** Title and remedy in the reader's language; details come from the server as they are. */
export function useProblemText(): (error: unknown) => { code: string; title: string; detail: string; remedy: string } {
  const language = useLanguage();
  return (error) => {
    if (!(error instanceof ApiProblem)) {
      return { code: 'INTERNAL', title: String(error), detail: '', remedy: '' };
    }
    const words = language === 'zh' ? (problemsZh[error.code] ?? error) : error;
    return { code: error.code, title: words.title, detail: error.message, remedy: words.remedy };
  };
}

interface ProblemNoteProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
  readonly children?: ReactNode;
}

export function ProblemNote({ error, onRetry, children }: ProblemNoteProps) {
  const t = useT();
  const { code, title, detail, remedy } = useProblemText()(error);
  const problem = error instanceof ApiProblem ? error : null;
  return (
    <div className="problem" role="alert">
      <Icon name="warn" />
      <div className="problem-text">
        <p className="problem-title">
          {title} <code>{code}</code>
        </p>
        {detail === '' || detail === title ? null : <p>{detail}</p>}
        {problem === null || problem.faults.length === 0 ? null : (
          <ul>
            {problem.faults.map((fault) => (
              <li key={fault.pointer + fault.detail}>
                <code>{fault.pointer || '/'}</code> {fault.detail}
              </li>
            ))}
          </ul>
        )}
        {remedy === '' ? null : (
          <p className="soft">
            <Rich text={remedy} />
          </p>
        )}
        {problem?.requestId ? <p className="faint">{t('problem.reference', { id: problem.requestId })}</p> : null}
        {children}
        {onRetry === undefined ? null : (
          <Button small icon="retry" onPress={onRetry}>
            {t('action.retry')}
          </Button>
        )}
      </div>
    </div>
  );
}
