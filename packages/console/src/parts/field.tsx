// Input fields with their labels. Search fields keep what is being typed to themselves and hand it on after a short pause.

import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useT } from '../language/language.ts';
import { Icon } from './icon.tsx';

/** Typing rests this long before a search is sent. */
const restMs = 180;

interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** The field that `/` goes to. */
  readonly main?: boolean;
}

export function SearchField({ label, value, onChange, main = true }: SearchFieldProps) {
  const t = useT();
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  // A value that changed from outside (back button, "clear filters") wins over what was typed.
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => {
    if (typed === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = typed;
      onChange(typed);
    }, restMs);
    return () => clearTimeout(timer);
  }, [typed, onChange]);
  return (
    <label className="search">
      <Icon name="search" size={14} />
      <span className="unseen">{label}</span>
      <input
        type="search"
        value={typed}
        placeholder={label}
        onChange={(event) => setTyped(event.target.value)}
        data-main-search={main ? '' : undefined}
        spellCheck={false}
        autoComplete="off"
      />
      {main && typed === '' ? <kbd aria-hidden="true">/</kbd> : null}
      {typed === '' ? null : (
        <button type="button" className="search-clear" aria-label={t('action.clear')} onClick={() => setTyped('')}>
          <Icon name="cross" size={12} />
        </button>
      )}
    </label>
  );
}

interface NameFieldProps {
  readonly label: string;
  readonly value: string | null;
  /** What is known, to choose from; other names may be typed. */
  readonly names: readonly string[];
  readonly onChange: (value: string | null) => void;
  readonly main?: boolean;
}

/** A whole name: handed on when it is one of the known, or when the reader is done with typing it. */
export function NameField({ label, value, names, onChange, main = false }: NameFieldProps) {
  const t = useT();
  const list = useId();
  const [typed, setTyped] = useState(value ?? '');
  useEffect(() => setTyped(value ?? ''), [value]);
  const known = [...new Set(names)];
  const commit = (text: string) => {
    const name = text.trim();
    if (name !== (value ?? '')) onChange(name === '' ? null : name);
  };
  return (
    <label className={value === null ? 'search' : 'search search-set'}>
      <Icon name="search" size={14} />
      <span className="unseen">{label}</span>
      <input
        value={typed}
        placeholder={label}
        list={list}
        data-main-search={main ? '' : undefined}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setTyped(event.target.value);
          if (event.target.value === '' || known.includes(event.target.value)) commit(event.target.value);
        }}
        onBlur={() => commit(typed)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') commit(typed);
        }}
      />
      <datalist id={list}>
        {known.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {value === null ? null : (
        <button
          type="button"
          className="search-clear"
          aria-label={`${t('action.clear')}: ${label}`}
          onClick={() => onChange(null)}
        >
          <Icon name="cross" size={12} />
        </button>
      )}
    </label>
  );
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly fault?: string | null;
  readonly children: (id: string, describedBy: string | undefined) => ReactNode;
}

export function Field({ label, hint, fault = null, children }: FieldProps) {
  const id = useId();
  const note = fault ?? hint ?? null;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(id, note === null ? undefined : `${id}-note`)}
      {note === null ? null : (
        <p id={`${id}-note`} className={fault === null ? 'faint' : 'fault'} role={fault === null ? undefined : 'alert'}>
          {note}
        </p>
      )}
    </div>
  );
}

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly text: string;
}

interface ChoicesProps<Value extends string> {
  readonly label: string;
  readonly choices: readonly Choice<Value>[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

/** One of a few, side by side. */
export function Segmented<Value extends string>({ label, choices, value, onChange }: ChoicesProps<Value>) {
  const name = useId();
  return (
    <fieldset className="segmented">
      <legend className="unseen">{label}</legend>
      {choices.map((choice) => (
        <label key={choice.value}>
          <input type="radio" name={name} checked={choice.value === value} onChange={() => onChange(choice.value)} />
          <span>{choice.text}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** One of many, in the browser's own list. */
export function Select<Value extends string>({ label, choices, value, onChange }: ChoicesProps<Value>) {
  return (
    <label className="select">
      <span className="unseen">{label}</span>
      <select
        value={value}
        aria-label={label}
        onChange={(event) => {
          const chosen = choices.find((choice) => choice.value === event.target.value);
          if (chosen !== undefined) onChange(chosen.value);
        }}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
      <Icon name="down" size={12} />
    </label>
  );
}
