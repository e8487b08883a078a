/* Finding documents by a number one has in hand: what it is, and how it begins or ends. Both stand in the address. */
import { useRef, useState } from 'react';
import { NativeSelect, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { t, word } from '../i18n';
import { useFilters, useTyped } from '../lib/filters';
import { useKeys } from '../lib/keys';

export const NUMBERS = ['q', 'po', 'invoice', 'shipment', 'bol', 'sscc', 'tracking', 'control', 'file'];

export function NumberSearch() {
  const [f, set] = useFilters();
  const [chosen, choose] = useState('q');
  const key = NUMBERS.find((k) => f[k]) ?? chosen;
  const change = (to: string) => { choose(to); set({ [key]: undefined, [to]: f[key] }); };
  return (
    <div className="joined" role="search">
      <NativeSelect size="xs" w={130} aria-label={t.documents.by} value={key} onChange={(e) => change(e.currentTarget.value)} data={NUMBERS.map((k) => ({ value: k, label: word(t.by, k) }))} />
      <Typed key={key} name={key} />
    </div>
  );
}

function Typed({ name }: { name: string }) {
  const [text, setText] = useTyped(name);
  const box = useRef<HTMLInputElement>(null);
  useKeys({ '/': () => box.current?.focus() });
  return <TextInput ref={box} type="search" size="xs" w={180} placeholder={t.documents.search} aria-label={word(t.by, name)} leftSection={<IconSearch size={13} />} value={text} onChange={(e) => setText(e.currentTarget.value)} />;
}
