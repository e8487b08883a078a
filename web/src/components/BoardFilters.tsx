/* What the board is narrowed by, in the address: process, version, site, partner, channel, order type. And its saved views. */
import { useEffect, useRef, useState } from 'react';
import { Button, Checkbox, Menu, NativeSelect, TextInput } from '@mantine/core';
import { IconBookmark, IconBookmarkFilled } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { BoardView } from '../api/types';
import { t, word } from '../i18n';
import { useFilters, type Filters } from '../lib/filters';
import { ZONE, chosenZone } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useSession } from '../lib/session';
import { Modal } from './Dialog';
import { Choice } from './FilterBar';

export const BOARD_FILTERS = ['process', 'version', 'site', 'customer', 'partner', 'channel', 'type'];
const CHANNELS = ['x12', 'edifact', 'json', 'csv', 'xlsx', 'manual'];
export const boardParams = (f: Filters) => Object.fromEntries(BOARD_FILTERS.filter((k) => f[k]).map((k) => [k, f[k]]));

export function SiteChoice() {
  const { data } = useQuery(q.boardOptions());
  return <Choice name="site" label={t.board.site} any={t.board.anySite} options={data?.sites.map((s) => [s, s]) ?? []} />;
}

export function BoardFilters() {
  const [f, set] = useFilters();
  const { data: processes } = useQuery(q.processes()), { data: options } = useQuery(q.boardOptions());
  const list = processes?.items ?? [], chosen = f.process ?? list[0]?.name ?? '', of = list.find((p) => p.name === chosen);
  return <>
    <NativeSelect size="xs" aria-label={t.board.process} value={chosen} onChange={(e) => set({ process: e.currentTarget.value === list[0]?.name ? undefined : e.currentTarget.value, version: undefined })} data={list.map((p) => ({ value: p.name, label: `${p.title || p.name} · ${t.board.open(p.open)}` }))} />
    <Choice name="version" label={t.board.version} any={t.board.anyVersion} options={(of?.versions ?? []).map((v) => [v.version, `${v.version} · ${t.board.open(v.open)}`])} />
    <SiteChoice />
    <Choice name="partner" label={t.board.partner} any={t.board.anyPartner} options={options?.partners.map((p) => [p.id, p.name]) ?? []} />
    <Choice name="channel" label={t.orders.channel} any={t.orders.anyChannel} options={CHANNELS.map((c) => [c, word(t.channels, c)])} />
    <Choice name="type" label={t.board.type} any={t.board.anyType} options={(options?.types ?? []).map((k) => [k, word(t.board.types, k)])} />
    {f.customer && <button type="button" className="pill" data-tone="info" title={t.act.clear} onClick={() => set({ customer: undefined })}>{t.board.customer}: {f.customer} ×</button>}
  </>;
}

export function ZoneChoice() {
  const me = useSession(), own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set([me.time_zone, own, 'UTC'])];
  const choose = (zone: string) => { try { if (zone === me.time_zone) localStorage.removeItem(ZONE); else localStorage.setItem(ZONE, zone); } catch { /* it lasts as long as the page */ } location.reload(); };
  return <NativeSelect size="xs" aria-label={t.board.zones} value={chosenZone(me.time_zone)} onChange={(e) => choose(e.currentTarget.value)} data={zones.map((z) => ({ value: z, label: `${t.board.zone} ${z}${z === own && z !== me.time_zone ? ` (${t.board.ownZone})` : ''}` }))} />;
}

/** Opens with one's default view, once, where the address names no filters. */
export function SavedViews({ kept }: { kept: Filters }) {
  const [, set] = useFilters();
  const qc = useQueryClient();
  const { data } = useQuery(q.boardViews());
  const [naming, setNaming] = useState(false), [name, setName] = useState(''), [shared, share] = useState(false), [busy, setBusy] = useState(false);
  const views = data?.items ?? [], opened = useRef(false);
  const filters = Object.fromEntries(Object.entries(kept).filter((e): e is [string, string] => !!e[1]));
  const open = (v: BoardView) => set({ ...Object.fromEntries([...BOARD_FILTERS, 'as'].map((k) => [k, undefined])), ...v.filters });
  useEffect(() => {
    if (!data || opened.current) return;
    opened.current = true;
    const own = data.items.find((v) => v.default);
    if (own && Object.keys(filters).length === 0) open(own);
  });
  const run = async (what: () => Promise<unknown>, said?: string) => {
    setBusy(true);
    try { await what(); if (said) done(said); setNaming(false); setName(''); await qc.invalidateQueries({ queryKey: ['/board-views'] }); } catch (e) { failed(t.board.views, e); } finally { setBusy(false); }
  };
  const current = views.find((v) => JSON.stringify(Object.entries(v.filters).sort()) === JSON.stringify(Object.entries(filters).sort()));
  return <>
    <Menu position="bottom-end" shadow="md" width={300}>
      <Menu.Target><Button size="xs" variant="default" leftSection={current ? <IconBookmarkFilled size={14} /> : <IconBookmark size={14} />}>{current?.name ?? t.board.noView}</Button></Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t.board.views}</Menu.Label>
        {views.length === 0 && <Menu.Item disabled>{t.board.none}</Menu.Item>}
        {views.map((v) => <Menu.Item key={v.id} onClick={() => open(v)} rightSection={<span className="muted small">{[v.mine ? '' : t.board.by(v.owner), v.default ? t.board.isDefault : ''].filter(Boolean).join(' · ')}</span>}>{v.name}</Menu.Item>)}
        <Menu.Divider />
        <Menu.Item onClick={() => setNaming(true)}>{t.board.save}</Menu.Item>
        {current && <Menu.Item onClick={() => void run(() => act.chooseView(current.default ? null : current.id))}>{current.default ? t.board.unsetDefault : t.board.setDefault}</Menu.Item>}
        {current?.mine && <Menu.Item color="red" onClick={() => void run(() => act.removeView(current.id), t.board.removed)}>{t.board.remove}</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
    <Modal opened={naming} onClose={() => setNaming(false)} title={t.board.save}>
      <form onSubmit={(e) => { e.preventDefault(); if (name.trim()) void run(() => act.addView({ name: name.trim(), filters, shared }), t.board.saved); }}>
        <TextInput label={t.board.saveAs} value={name} onChange={(e) => setName(e.currentTarget.value)} maxLength={80} data-autofocus required />
        <Checkbox mt="sm" label={t.board.shared} checked={shared} onChange={(e) => share(e.currentTarget.checked)} />
        <div className="buttons end"><Button variant="default" onClick={() => setNaming(false)}>{t.board.cancel}</Button><Button type="submit" loading={busy}>{t.board.save}</Button></div>
      </form>
    </Modal>
  </>;
}
