// Text to be read or taken along as it is: JSON in colours, commands, and the button that copies them.

import { useState } from 'react';
import { useT } from '../language/language.ts';
import { prettyJson, tokensOf } from '../payload/json-text.ts';
import { Icon } from './icon.tsx';

const copiedMs = 1_600;
/** Longer JSON stays uncoloured: each coloured piece is a node. */
const colouredChars = 40_000;

interface CopyButtonProps {
  readonly text: () => string;
  readonly label?: string;
}

export function CopyButton({ text, label }: CopyButtonProps) {
  const t = useT();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text());
    setCopied(true);
    setTimeout(() => setCopied(false), copiedMs);
  };
  const words = copied ? t('action.copied') : (label ?? t('action.copy'));
  return (
    <button type="button" className="icon-button" aria-label={words} title={words} onClick={() => void copy()}>
      <Icon name={copied ? 'check' : 'copy'} />
    </button>
  );
}

/** The clipboard needs a secure page; on plain HTTP from another machine the old way still works. */
async function copyText(text: string): Promise<void> {
  if (isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // Not permitted: go on with the old way.
    }
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  // oxlint-disable-next-line typescript/no-deprecated
  document.execCommand('copy');
  area.remove();
}

export function CodeBlock({ text, label }: { readonly text: string; readonly label?: string }) {
  return (
    <div className="code code-command">
      <pre aria-label={label}>{text}</pre>
      <CopyButton text={() => text} />
    </div>
  );
}

export function JsonBlock({ value, label }: { readonly value: unknown; readonly label?: string }) {
  const text = prettyJson(value);
  return (
    <div className="code">
      <pre aria-label={label}>
        {text.length > colouredChars
          ? text
          : tokensOf(text).map((token, index) =>
              token.kind === 'mark' ? (
                token.text
              ) : (
                // Pieces of a fixed text never move.
                <span key={index} className={`json-${token.kind}`}>
                  {token.text}
                </span>
              ),
            )}
      </pre>
      <CopyButton text={() => text} />
    </div>
  );
}

/** The beginning of a long id, with the whole of it on hover and for copying. */
export function Id({ id }: { readonly id: string }) {
  return (
    <code className="id" title={id}>
      {id.length > 13 ? `…${id.slice(-8)}` : id}
    </code>
  );
}
