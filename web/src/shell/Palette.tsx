/* Ctrl K: go to a page, or find an order, exception, document, approval or customer by what one remembers of it. */
import { useState } from 'react';
import { Spotlight } from '@mantine/spotlight';
import { useDebouncedValue } from '@mantine/hooks';
import { useMantineColorScheme } from '@mantine/core';
import { IconAlertTriangle, IconChecklist, IconFileText, IconMoon, IconPackages, IconPlayerPlay, IconSearch, IconSun, IconUser } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useRouter } from '@tanstack/react-router';
import { q } from '../api/queries';
import { t, word } from '../i18n';
import { useCanWork } from '../lib/session';
import { useNav } from './nav';

const ICON = { order: IconPackages, case: IconAlertTriangle, document: IconFileText, approval: IconChecklist, customer: IconUser };

/** Enter takes the first of the list when none was chosen with the arrows. */
function first(e: React.KeyboardEvent<HTMLElement>) {
  const dialog = e.currentTarget.closest('[role=dialog]');
  if (e.key !== 'Enter' || dialog?.querySelector('[data-selected]')) return;
  e.preventDefault();
  dialog?.querySelector<HTMLElement>('[data-action]')?.click();
}

export function Palette() {
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(text.trim(), 150);
  const nav = useNav(), may = useCanWork(), go = useNavigate(), router = useRouter();
  const { setColorScheme } = useMantineColorScheme();
  const { data, isFetching } = useQuery({ ...q.search(asked), enabled: asked.length >= 2 });
  const hits = asked.length >= 2 ? data?.items ?? [] : [];
  const low = text.trim().toLowerCase();
  const places = nav.flatMap((g) => g.places).filter((p) => (!p.work || may) && p.label.toLowerCase().includes(low));
  const { data: starts } = useQuery({ ...q.starts(), enabled: may, staleTime: 60_000 });
  const offered = low ? starts?.items.filter((x) => x.may && `${t.start.title} ${x.title}`.toLowerCase().includes(low)) ?? [] : [];
  const themes = [{ id: 'light' as const, label: t.shell.light, icon: IconSun }, { id: 'dark' as const, label: t.shell.dark, icon: IconMoon }].filter((x) => x.label.toLowerCase().includes(low));
  return (
    <Spotlight.Root query={text} onQueryChange={setText} shortcut={['mod + K']} scrollable maxHeight={440} clearQueryOnClose>
      <Spotlight.Search onKeyDown={first} placeholder={t.palette.place} aria-label={t.palette.place} leftSection={<IconSearch size={16} stroke={1.7} />} />
      <Spotlight.ActionsList>
        {hits.length > 0 && <Spotlight.ActionsGroup label={t.palette.found}>{hits.map((h) => { const Icon = ICON[h.kind] ?? IconSearch; return <Spotlight.Action key={`${h.kind}-${h.id}`} label={h.title} description={`${word(t.hits, h.kind)}${h.subtitle ? ` · ${h.subtitle}` : ''}`} leftSection={<Icon size={17} stroke={1.7} />} onClick={() => router.history.push(h.link)} />; })}</Spotlight.ActionsGroup>}
        {places.length > 0 && <Spotlight.ActionsGroup label={t.palette.go}>{places.map((p) => <Spotlight.Action key={p.to} label={p.label} leftSection={<p.icon size={17} stroke={1.7} />} rightSection={<span className="muted small"><kbd>G</kbd><kbd>{p.key.toUpperCase()}</kbd></span>} onClick={() => void go({ to: p.to })} />)}</Spotlight.ActionsGroup>}
        {offered.length > 0 && <Spotlight.ActionsGroup label={t.start.title}>{offered.map((x) => <Spotlight.Action key={x.name} label={x.title} description={x.summary} leftSection={<IconPlayerPlay size={17} stroke={1.7} />} onClick={() => void go({ to: '/start/$namespace/$name', params: { namespace: x.namespace, name: x.name } })} />)}</Spotlight.ActionsGroup>}
        {themes.length > 0 && <Spotlight.ActionsGroup label={t.palette.act}>{themes.map((x) => <Spotlight.Action key={x.id} label={x.label} leftSection={<x.icon size={17} stroke={1.7} />} onClick={() => setColorScheme(x.id)} />)}</Spotlight.ActionsGroup>}
        {!hits.length && !places.length && !offered.length && !themes.length && <Spotlight.Empty>{isFetching ? t.palette.searching : low.length < 2 ? t.palette.short : t.palette.nothing}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
