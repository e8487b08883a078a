/* Declaring a channel, or another way of it: what is asked for is what its kind wants to know. Findings stand at the
   fields that they name; a setting that ends in _secret names a secret and never holds one. */
import { useRef, useState } from 'react';
import { ActionIcon, Button, Checkbox, NativeSelect, Select, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import { q } from '../api/queries';
import type { ChannelKind, ChannelSetting, DeclaredChannel, Finding, Json } from '../api/types';
import { t, word } from '../i18n';
import { done, failed } from '../lib/notify';
import { Failed, LinkButton, Panel, Rows } from '../components/Bits';
import { Findings } from '../components/Findings';
import { PageHead } from '../components/PageHead';

const c = t.channelForm;
const MEGABYTE = 1024 * 1024;
type Draft = { name: string; kind: string; direction: string; partner: string; every_s: string; megabytes: string; usual: boolean; settings: Record<string, Json> };
const EMPTY: Draft = { name: '', kind: 'folder', direction: 'in', partner: '', every_s: '30', megabytes: '32', usual: true, settings: {} };
const crumbs = [{ label: t.transports.title, to: '/channels' as const }];
const str = (v: Json | undefined) => (v === undefined || v === null ? '' : String(v));
const isPairs = (v: Json | undefined): v is Record<string, Json> => v !== null && typeof v === 'object' && !Array.isArray(v);

export function NewChannel() { return <Loaded title={t.transports.create} of={EMPTY} fresh />; }

export function EditChannel() {
  const { id = '' } = useParams({ strict: false });
  const { data: of, error, refetch } = useQuery(q.channel(id));
  const title = t.transports.change(id);
  if (!of) return <div className="page"><PageHead title={title} crumbs={crumbs} /><div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={8} />}</div></div>;
  return <Loaded title={title} of={{ name: of.channel, kind: of.kind, direction: of.direction, partner: of.partner ?? '', every_s: String(of.every_s), megabytes: String(of.max_bytes / MEGABYTE), usual: of.usual, settings: isPairs(of.settings) ? of.settings : {} }} />;
}

function Loaded(p: { title: string; of: Draft; fresh?: boolean }) {
  const { data, error, refetch } = useQuery(q.channelKinds());
  if (!data) return <div className="page"><PageHead title={p.title} crumbs={crumbs} /><div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={8} />}</div></div>;
  return <Form {...p} kinds={data} />;
}

/** What was typed as what the kind wants; digits that are no number stay text, and the gateway says so. */
const numeric = (v: Json | undefined): Json | undefined => (typeof v === 'string' && /^-?\d+([.]\d+)?$/.test(v.trim()) ? Number(v) : v);
const kept = (s: ChannelSetting, v: Json | undefined): Json | undefined => {
  if (s.entered === 'whole' || s.entered === 'number') return v === '' ? undefined : numeric(v);
  if (s.entered === 'list') return Array.isArray(v) ? v.map((x) => str(x).trim()).filter(Boolean) : v;
  return v === '' && !s.required ? undefined : v;
};

function Form({ title, of, fresh, kinds }: { title: string; of: Draft; fresh?: boolean; kinds: ChannelKind[] }) {
  const qc = useQueryClient(), go = useNavigate(), form = useRef<HTMLFormElement>(null);
  const { data: partners } = useQuery(q.partners());
  const [d, set] = useState(of), [findings, setFindings] = useState<Finding[]>([]), [bad, setBad] = useState(''), [busy, setBusy] = useState(false);
  const kind = kinds.find((k) => k.kind === d.kind) ?? kinds[0];
  if (!kind) return null;
  const change = (part: Partial<Draft>) => { set({ ...d, ...part }); setFindings([]); setBad(''); };
  const setting = (key: string, v: Json | undefined) => { const { [key]: _, ...others } = d.settings; change({ settings: v === undefined ? others : { ...others, [key]: v } }); };
  const choose = (name: string) => { const to = kinds.find((k) => k.kind === name); change({ kind: name, settings: {}, direction: to?.directions.includes(d.direction) ? d.direction : to?.directions[0] ?? 'in' }); };
  const known = new Set(['channel', 'direction', 'partner', 'every_s', 'max_bytes', ...kind.settings.map((s) => s.key)]);
  const at = (key: string) => findings.filter((f) => f.where === key).map((f) => `${t.reading.said(f.expected, f.found)} ${f.fix}`).join(' ') || undefined;
  const rest = findings.filter((f) => !known.has(f.where));
  const save = async () => {
    if (busy) return;
    const name = d.name.trim();
    if (!name) { setFindings([{ code: 'channel.settings', where: 'channel', expected: c.nameHint, found: '', fix: '' }]); return; }
    const settings = Object.fromEntries(kind.settings.map((s) => [s.key, kept(s, d.settings[s.key])] as const).filter((e): e is [string, Json] => e[1] !== undefined));
    const body: DeclaredChannel = { kind: d.kind, direction: d.direction, partner: d.partner || null, settings, every_s: Number(d.every_s) || 0, max_bytes: Math.round((Number(d.megabytes) || 0) * MEGABYTE), usual: d.usual };
    setBusy(true);
    setFindings([]);
    setBad('');
    try {
      await act.putChannel(name, body);
      done(c.saved, c.tryIt);
      void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/channels') });
      await go({ to: '/channels', search: { q: name } as never });
      return;
    } catch (e) {
      if (e instanceof ApiError && e.problem.findings?.length) { setFindings(e.problem.findings); requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()); } else if (e instanceof ApiError) setBad(e.problem.detail || e.problem.title); else failed(c.failed, e);
    }
    setBusy(false);
  };
  const usualWay = d.direction !== 'in';
  return (
    <div className="page">
      <PageHead title={title} crumbs={crumbs} />
      <form ref={form} className="stack" noValidate onSubmit={(e) => { e.preventDefault(); void save(); }} onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); void save(); } }}>
        {(bad || findings.length > 0) && <div className="note bad" role="alert">{bad || t.partners.wrong(findings.length)}{rest.length > 0 && <Findings of={rest} />}</div>}
        <Panel title={c.what}><div className="body formgrid">
          <TextInput label={c.name} description={c.nameHint} value={d.name} disabled={!fresh} onChange={(e) => change({ name: e.currentTarget.value })} error={at('channel')} required withAsterisk={false} />
          <NativeSelect label={t.transports.kind} description={word(c.kindHints, d.kind)} value={d.kind} disabled={!fresh} onChange={(e) => choose(e.currentTarget.value)} data={kinds.map((k) => ({ value: k.kind, label: word(t.transports.kinds, k.kind) }))} />
          <NativeSelect label={t.partners.direction} value={d.direction} onChange={(e) => change({ direction: e.currentTarget.value })} error={at('direction')} data={kind.directions.map((w) => ({ value: w, label: word(t.partners.ways, w) }))} disabled={kind.directions.length < 2} />
          <Select label={t.partners.one} searchable clearable={!kind.needs_partner} placeholder={kind.needs_partner ? t.start.choose : t.transports.several} value={d.partner || null} onChange={(v) => change({ partner: v ?? '' })} error={at('partner')} data={(partners?.items ?? []).map((p) => ({ value: p.id, label: p.name }))} />
        </div></Panel>
        <Panel title={c.settings(word(t.transports.kinds, d.kind))}><div className="body formgrid">{[...kind.settings].sort((a, b) => Number(a.entered === 'pairs') - Number(b.entered === 'pairs')).map((s) => <Setting key={`${d.kind} ${s.key}`} of={s} value={d.settings[s.key]} change={(v) => setting(s.key, v)} error={at(s.key)} />)}</div></Panel>
        <Panel title={c.running}><div className="body formgrid">
          <TextInput label={c.every} inputMode="numeric" value={d.every_s} onChange={(e) => change({ every_s: e.currentTarget.value })} error={at('every_s')} />
          <TextInput label={c.largest} inputMode="decimal" value={d.megabytes} onChange={(e) => change({ megabytes: e.currentTarget.value })} error={at('max_bytes')} />
          {usualWay && <Checkbox label={c.usual} description={c.usualHint} checked={d.usual} onChange={(e) => change({ usual: e.currentTarget.checked })} />}
        </div></Panel>
        <div className="buttons"><LinkButton variant="default" to="/channels">{t.act.cancel}</LinkButton><Button type="submit" loading={busy}>{c.save}</Button></div>
      </form>
    </div>
  );
}

function Setting({ of: s, value, change, error }: { of: ChannelSetting; value: Json | undefined; change: (v: Json | undefined) => void; error?: string }) {
  const label = word(c.labels, s.key), hint = s.key.endsWith('_secret') ? c.secretHint : c.hints[s.key];
  const common = { label, description: hint, error, required: s.required, withAsterisk: s.required };
  const usual = s.default === null || s.default === '' ? undefined : str(s.default);
  switch (s.entered) {
    case 'flag': return <Checkbox label={label} description={hint} checked={typeof value === 'boolean' ? value : s.default === true} onChange={(e) => change(e.currentTarget.checked)} error={error} />;
    case 'choice': return <NativeSelect {...common} value={str(value) || usual} onChange={(e) => change(e.currentTarget.value)} data={s.choices.map((v) => ({ value: v, label: word(c.choices, v) }))} />;
    case 'list': return <Textarea {...common} description={[hint, c.onePerLine].filter(Boolean).join(' ')} autosize minRows={2} maxRows={8} classNames={{ input: 'mono' }} spellCheck={false} value={Array.isArray(value) ? value.map(str).join('\n') : ''} onChange={(e) => { const v = e.currentTarget.value; change(v ? v.split('\n') : undefined); }} />;
    case 'pairs': return <Pairs label={label} hint={hint} name={s.key} value={value} change={change} error={error} />;
    case 'whole': case 'number': return <TextInput {...common} inputMode="decimal" placeholder={usual} value={str(value)} onChange={(e) => change(e.currentTarget.value)} description={[hint, s.least !== null && s.most !== null ? c.between(s.least, s.most) : ''].filter(Boolean).join(' ') || undefined} />;
    case 'text': return <TextInput {...common} placeholder={usual} value={str(value)} onChange={(e) => change(e.currentTarget.value || undefined)} />;
  }
}

/** Rows are kept here while they are written: two may be empty or alike for a moment, which an object cannot say. */
function Pairs({ label, hint, name, value, change, error }: { label: string; hint?: string; name: string; value: Json | undefined; change: (v: Json | undefined) => void; error?: string }) {
  const [rows, setRows] = useState<[string, string][]>(() => (isPairs(value) ? Object.entries(value).map(([k, v]) => [k, str(v)]) : []));
  const put = (next: [string, string][]) => { setRows(next); change(Object.fromEntries(next.map(([k, v]) => [k.trim(), v.trim()] as const).filter(([k]) => k))); };
  const [left, right] = c.pairs[name] ?? [c.key, t.partners.value];
  return (
    <fieldset className="edit whole"><legend>{label}</legend>{hint && <p className="muted small">{hint}</p>}{error && <p className="bad" role="alert">{error}</p>}
      {rows.map(([k, v], i) => <div key={i} className="formrow" role="group" aria-label={`${label} ${i + 1}`}><TextInput label={left} value={k} onChange={(e) => put(rows.map((r, j) => (j === i ? [e.currentTarget.value, r[1]] : r)))} /><TextInput label={right} value={v} onChange={(e) => put(rows.map((r, j) => (j === i ? [r[0], e.currentTarget.value] : r)))} /><ActionIcon aria-label={t.partners.removeRow(label, i + 1)} onClick={() => put(rows.filter((_, j) => j !== i))}><IconX size={15} /></ActionIcon></div>)}
      <Button size="compact-sm" variant="default" leftSection={<IconPlus size={13} />} onClick={() => { setRows([...rows, ['', '']]); if (!isPairs(value)) change({}); }}>{t.partners.addRow(label)}</Button>
    </fieldset>
  );
}
