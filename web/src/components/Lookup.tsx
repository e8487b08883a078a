/* Finding a customer or an item by name or number: the server searches, the field shows what it found. */
import { useState } from 'react';
import { Select, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { q } from '../api/queries';
import type { Customer, Item } from '../api/types';
import { t } from '../i18n';
import { money } from '../lib/format';

type Common = Omit<SelectProps, 'data' | 'value' | 'onChange' | 'searchValue' | 'onSearchChange'>;

interface Props<T> extends Common { chosen: T | null; choose: (x: T | null) => void; id: string }

function useLookup<T>(chosen: T | null, label: (x: T) => string) {
  const [text, setText] = useState(chosen ? label(chosen) : '');
  const [asked] = useDebouncedValue(text, 150);
  // the chosen one's own label is no question
  return { text, setText, asked: chosen && asked === label(chosen) ? '' : asked };
}

function field<T>({ chosen, choose, found, keyOf, nameOf, text, setText, searching, sub, ...rest }: Common & { chosen: T | null; choose: (x: T | null) => void; found: T[]; keyOf: (x: T) => string; nameOf: (x: T) => string; sub: (x: T) => string; text: string; setText: (s: string) => void; searching: boolean }) {
  const all = chosen && !found.some((x) => keyOf(x) === keyOf(chosen)) ? [chosen, ...found] : found;
  return (
    <Select {...rest} searchable clearable={false} allowDeselect={false} data={all.map((x) => ({ value: keyOf(x), label: nameOf(x) }))} value={chosen ? keyOf(chosen) : null} filter={({ options }) => options} limit={20} selectFirstOptionOnChange
      searchValue={text} onSearchChange={setText} onChange={(v) => choose(all.find((x) => keyOf(x) === v) ?? null)} nothingFoundMessage={searching ? t.palette.searching : t.entry.nothingFound} comboboxProps={{ withinPortal: true, width: 340, position: 'bottom-start' }} maxDropdownHeight={280} withCheckIcon={false} rightSectionWidth={24}
      renderOption={({ option }) => { const x = all.find((y) => keyOf(y) === option.value); return <span><span className="w550">{option.label}</span>{x && <><br /><span className="muted small">{sub(x)}</span></>}</span>; }} />
  );
}

export function CustomerLookup({ chosen, choose, ...rest }: Props<Customer>) {
  const nameOf = (c: Customer) => c.name;
  const l = useLookup(chosen, nameOf);
  const { data, isFetching } = useQuery(q.customers(l.asked));
  return field<Customer>({ ...rest, chosen, choose, found: data?.items ?? [], keyOf: (c) => c.customer_id, nameOf, sub: (c) => `${c.customer_id}, ${t.entry.tier(c.tier)}`, text: l.text, setText: l.setText, searching: isFetching });
}

export function ItemLookup({ chosen, choose, currency, ...rest }: Props<Item> & { currency: string }) {
  const nameOf = (i: Item) => i.sku;
  const l = useLookup(chosen, nameOf);
  const { data, isFetching } = useQuery(q.items(l.asked));
  return field<Item>({ ...rest, chosen, choose, found: data?.items ?? [], keyOf: (i) => i.sku, nameOf, sub: (i) => `${i.description}, ${money(i.list_price, currency)} / ${i.unit}`, text: l.text, setText: l.setText, searching: isFetching });
}
