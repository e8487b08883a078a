/* Finding a customer or an item by name or number: the server searches, the field shows what it found. Who types fast and
   presses Enter before the answer is there gets the best match when it comes. */
import { useEffect, useRef, useState } from 'react';
import { Select, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { q } from '../api/queries';
import type { Customer, Item, List } from '../api/types';
import { t } from '../i18n';
import { money } from '../lib/format';

type Common = Omit<SelectProps, 'data' | 'value' | 'onChange' | 'searchValue' | 'onSearchChange'>;
interface Choosing<T> extends Common { chosen: T | null; choose: (x: T | null) => void; id: string }
interface Kind<T> { search: (text: string) => ReturnType<typeof q.customers> | ReturnType<typeof q.items>; keyOf: (x: T) => string; nameOf: (x: T) => string; sub: (x: T) => string }

function Lookup<T>({ chosen, choose, search, keyOf, nameOf, sub, ...rest }: Choosing<T> & Kind<T>) {
  const [text, setText] = useState(chosen ? nameOf(chosen) : ''), [open, setOpen] = useState(false);
  const wanted = useRef<string | null>(null); // Enter was pressed on this text, its answer is still to come
  const [settled] = useDebouncedValue(text.trim(), 150);
  // the chosen one's own name is no question
  const asked = chosen && settled === nameOf(chosen) ? '' : settled;
  const { data, isFetching, isPlaceholderData } = useQuery(search(asked) as ReturnType<typeof q.customers>);
  const found = ((data as List<T> | undefined)?.items ?? []) as T[];
  const fresh = !isFetching && !isPlaceholderData && asked === text.trim();
  const take = (x: T) => { wanted.current = null; setText(nameOf(x)); setOpen(false); choose(x); };
  useEffect(() => { if (fresh && wanted.current !== null && wanted.current === asked && found[0]) take(found[0]); });
  const enter = (e: React.KeyboardEvent) => {
    if (e.key !== 'Enter' || e.ctrlKey || e.metaKey || !open || e.currentTarget.getAttribute('aria-activedescendant') || !text.trim()) return;
    e.preventDefault();
    e.stopPropagation();
    const said = text.trim().toLowerCase(), exact = found.find((x) => keyOf(x).toLowerCase() === said || nameOf(x).toLowerCase() === said);
    if (exact ?? (fresh && found[0])) take((exact ?? found[0]) as T); else wanted.current = text.trim();
  };
  const typed = (s: string) => {
    // going on to the next field empties the box; not while the answer to its Enter is still to come
    if (wanted.current !== null && document.activeElement?.id !== rest.id) return;
    setText(s);
    wanted.current = null;
  };
  const all = chosen && !found.some((x) => keyOf(x) === keyOf(chosen)) ? [chosen, ...found] : found;
  return (
    <Select {...rest} searchable openOnFocus={false} clearable={false} allowDeselect={false} data={all.map((x) => ({ value: keyOf(x), label: nameOf(x) }))} value={chosen ? keyOf(chosen) : null} filter={({ options }) => options} limit={20}
      dropdownOpened={open} onDropdownOpen={() => setOpen(true)} onDropdownClose={() => setOpen(false)} onKeyDownCapture={enter}
      searchValue={text} onSearchChange={typed} onChange={(v) => { const x = all.find((y) => keyOf(y) === v); if (x) take(x); }} nothingFoundMessage={isFetching ? t.palette.searching : t.entry.nothingFound}
      comboboxProps={{ withinPortal: true, width: 340, position: 'bottom-start' }} maxDropdownHeight={280} withCheckIcon={false} rightSectionWidth={24}
      renderOption={({ option }) => { const x = all.find((y) => keyOf(y) === option.value); return <span><span className="w550">{option.label}</span>{x && <><br /><span className="muted small">{sub(x)}</span></>}</span>; }} />
  );
}

export const CustomerLookup = (p: Choosing<Customer>) => <Lookup<Customer> {...p} search={q.customers} keyOf={(c) => c.customer_id} nameOf={(c) => c.name} sub={(c) => `${c.customer_id}, ${t.entry.tier(c.tier)}`} />;

export const ItemLookup = ({ currency, ...p }: Choosing<Item> & { currency: string }) => <Lookup<Item> {...p} search={q.items} keyOf={(i) => i.sku} nameOf={(i) => i.sku} sub={(i) => `${i.description}, ${money(i.list_price, currency)} / ${i.unit}`} />;
