/* Search box and choices above a list; / goes into the box. */
import { useRef, type ReactNode } from 'react';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconSearch, IconX } from '@tabler/icons-react';
import { t } from '../i18n';
import { useFilters, useTyped } from '../lib/filters';
import { useKeys } from '../lib/keys';

export function SearchBox({ placeholder }: { placeholder: string }) {
  const [text, setText] = useTyped('q');
  const box = useRef<HTMLInputElement>(null);
  useKeys({ '/': () => box.current?.focus() });
  return <TextInput ref={box} type="search" size="xs" w={230} placeholder={placeholder} aria-label={placeholder} leftSection={<IconSearch size={13} />} value={text} onChange={(e) => setText(e.currentTarget.value)} />;
}

export function Choice({ name, label, any, options }: { name: string; label: string; any: string; options: [string, string][] }) {
  const [filters, set] = useFilters();
  const value = filters[name] ?? '';
  const known = options.some(([v]) => v === value) || !value;
  return <NativeSelect size="xs" aria-label={label} value={value} onChange={(e) => set({ [name]: e.currentTarget.value || undefined })} data={[{ value: '', label: any }, ...options.map(([v, l]) => ({ value: v, label: l })), ...(known ? [] : [{ value, label: value }])]} />;
}

export function FilterBar({ children, end, clear = [] }: { children: ReactNode; end?: ReactNode; clear?: string[] }) {
  const [filters, set] = useFilters();
  const any = clear.some((k) => filters[k]);
  return (
    <div className="bar">{children}{any && <Button variant="subtle" size="compact-xs" leftSection={<IconX size={12} />} onClick={() => set(Object.fromEntries(clear.map((k) => [k, undefined])))}>{t.act.clear}</Button>}{end && <div className="bar end">{end}</div>}</div>
  );
}
export const Shown = ({ n, total }: { n: number; total: number | undefined }) => <span className="muted num small" role="status">{total === undefined ? '' : n < total ? t.list.shown(n, total) : t.list.total(total)}</span>;
