// When a page breaks, the frame around it stays, says so, and offers the way out.

import { Component, type ReactNode } from 'react';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { CodeBlock } from '../parts/code.tsx';
import { Card, Empty } from '../parts/page.tsx';

interface CrashGuardProps {
  readonly children: ReactNode;
}

/** Give it a new key to try again. */
export class CrashGuard extends Component<CrashGuardProps, { error: Error | null }> {
  override readonly state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    return this.state.error === null ? this.props.children : <Crash error={this.state.error} />;
  }
}

function Crash({ error }: { readonly error: Error }) {
  const t = useT();
  return (
    <Card>
      <Empty icon="warn" title={t('problem.crashTitle')} hint={t('problem.crashHint')}>
        <CodeBlock text={error.stack ?? error.message} />
        <Button kind="primary" onPress={() => location.reload()}>
          {t('problem.reload')}
        </Button>
      </Empty>
    </Card>
  );
}
