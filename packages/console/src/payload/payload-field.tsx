// A field for JSON: faults are named with line and column while typing, Tab indents inside, and the text is checked before it is sent.

import { type KeyboardEvent, useState } from 'react';
import type { Translate } from '../language/catalogue.ts';
import { useT } from '../language/language.ts';
import { Field } from '../parts/field.tsx';
import { type Parsed, parseJson, payloadBytes } from './json-text.ts';

interface PayloadFieldProps {
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly readOnly?: boolean;
}

export function PayloadField({ text, onChange, readOnly = false }: PayloadFieldProps) {
  const t = useT();
  // Tab leaves the field again after Escape, so that the keyboard is never caught inside.
  const [tabLeaves, setTabLeaves] = useState(false);
  const parsed = parseJson(text);
  const indent = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Escape' && !tabLeaves) {
      event.preventDefault();
      event.stopPropagation();
      setTabLeaves(true);
    }
    if (event.key !== 'Tab' || event.shiftKey || tabLeaves || readOnly) return;
    event.preventDefault();
    const area = event.currentTarget;
    area.setRangeText('  ', area.selectionStart, area.selectionEnd, 'end');
    onChange(area.value);
  };
  return (
    <Field label={t('run.payload')} hint={parsed.kind === 'empty' ? t('json.empty') : ''} fault={faultText(parsed, t)}>
      {(id, describedBy) => (
        <textarea
          id={id}
          className="payload"
          rows={10}
          value={text}
          readOnly={readOnly}
          spellCheck={false}
          aria-describedby={describedBy}
          aria-invalid={faultText(parsed, t) !== null}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={indent}
          onFocus={() => setTabLeaves(false)}
        />
      )}
    </Field>
  );
}

function faultText(parsed: Parsed, t: Translate): string | null {
  if (parsed.kind === 'too-large') return t('json.tooLarge', { limit: payloadBytes / 1024 });
  if (parsed.kind !== 'fault') return null;
  const { found, line, column } = parsed;
  return found === null ? t('json.faultEnd', { line, column }) : t('json.faultAt', { line, column, found });
}
