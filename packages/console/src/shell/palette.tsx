// The command palette: type a few letters, choose with the arrows, Enter.

import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { useT } from '../language/language.ts';
import { closeOnVeil, useModal } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { type PaletteItem, usePaletteItems } from './palette-items.ts';

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const t = useT();
  const id = useId();
  const dialog = useModal();
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const items = usePaletteItems(typed);
  const current = Math.min(at, items.length - 1);
  const choose = (item: PaletteItem | undefined) => {
    if (item === undefined) return;
    onClose();
    item.run();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && items.length > 0) {
      event.preventDefault();
      setAt((current + step + items.length) % items.length);
    } else if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      event.preventDefault();
      choose(items[current]);
    }
  };
  return (
    <dialog
      ref={dialog}
      className="dialog palette"
      aria-label={t('palette.label')}
      onClose={onClose}
      onClick={closeOnVeil}
    >
      <div className="palette-input">
        <Icon name="search" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={items.length === 0 ? undefined : `${id}-${current}`}
          aria-label={t('palette.label')}
          placeholder={t('palette.placeholder')}
          value={typed}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
      </div>
      <Items id={id} items={items} current={current} onChoose={choose} onPoint={setAt} />
    </dialog>
  );
}

interface ItemsProps {
  readonly id: string;
  readonly items: readonly PaletteItem[];
  readonly current: number;
  readonly onChoose: (item: PaletteItem) => void;
  readonly onPoint: (index: number) => void;
}

function Items({ id, items, current, onChoose, onPoint }: ItemsProps) {
  const t = useT();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [current, items.length]);
  return (
    <div ref={list} className="palette-list" role="listbox" id={`${id}-list`} aria-label={t('palette.label')}>
      {items.length === 0 ? <p className="palette-none faint">{t('palette.none')}</p> : null}
      {items.map((item, index) => (
        <div key={`${item.group} ${item.key}`}>
          {items[index - 1]?.group === item.group ? null : (
            <div className="palette-group faint" aria-hidden="true">
              {item.group}
            </div>
          )}
          <div
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === current}
            className="palette-item"
            onClick={() => onChoose(item)}
            onPointerMove={() => onPoint(index)}
          >
            <Icon name={item.icon} size={14} />
            <span className="ellipsis">{item.text}</span>
            {item.more === undefined ? null : <span className="faint ellipsis">{item.more}</span>}
          </div>
        </div>
      ))}
    </div>
  );
}
