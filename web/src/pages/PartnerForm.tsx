/* A partner's file as a form, and as the file that it is: who it is, under which identifiers, whom one asks, what was agreed.
   What the gateway finds wrong stands at the field that it is about; saving makes a new version, never another of the one in force. */
import { useState, type ReactNode } from 'react';
import { ActionIcon, Button, NativeSelect, NumberInput, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import { q } from '../api/queries';
import type { Finding, Json } from '../api/types';
import { t, word } from '../i18n';
import { done } from '../lib/notify';
import { Failed, LinkButton, Panel, Rows } from '../components/Bits';
import { PageHead } from '../components/PageHead';

type Row = Record<string, unknown>;
type File = Row & { id?: string; name?: string };
const EMPTY: File = { id: '', name: '', customer_id: '', mode: 'test', identifiers: [], contacts: [], agreements: [] };
const rowsOf = (f: File, key: string): Row[] => (Array.isArray(f[key]) ? (f[key] as Row[]) : []);
/** By when they acknowledge: a span of the agreement, or a word. A window of another form stays as the file says it. */
const within = (v: unknown): string => (typeof v === 'string' ? v : v && typeof v === 'object' ? str((v as Row).within) || 'file' : '');
const windows = (v: unknown) => { const now = within(v), known = t.partners.windows; return [...Object.entries(known), ...(now in known ? [] : [[now, now === 'file' ? t.partners.asTheFile : now] as const])].map(([value, label]) => ({ value, label })); };
const spoken = (chosen: string, was: unknown) => (chosen === 'file' ? was : /^P/.test(chosen) ? { ...(was && typeof was === 'object' ? was : {}), within: chosen } : chosen);
const str = (v: unknown) => (typeof v === 'string' || typeof v === 'number' ? String(v) : '');
/** Empty texts are left out: the file says what is so, not what is not. */
const clean = (f: File): File => Object.fromEntries(Object.entries(f).map(([k, v]) => [k, Array.isArray(v) ? v.map((r) => (r && typeof r === 'object' ? Object.fromEntries(Object.entries(r as Row).filter(([, x]) => x !== '' && x !== null)) : (r as unknown))) : v]).filter(([k, v]) => v !== '' || ['id', 'name', 'customer_id'].includes(k as string)));

export function NewPartner() { return <Form of={EMPTY} base={0} title={t.partners.newTitle} />; }

export function EditPartner() {
  const { id = '' } = useParams({ strict: false });
  const { data: p, error, refetch } = useQuery(q.partner(id));
  if (!p) return <div className="page"><PageHead title={t.partners.one} crumbs={[{ label: t.partners.title, to: '/partners' }]} /><div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={10} />}</div></div>;
  return <Form key={p.version} of={p.file as unknown as File} base={p.version} title={t.partners.editTitle(p.name)} />;
}

function Form({ of, base, title }: { of: File; base: number; title: string }) {
  const qc = useQueryClient(), go = useNavigate();
  const [file, setFile] = useState<File>(of), [view, setView] = useState('form'), [text, setText] = useState(''), [note, setNote] = useState('');
  const [findings, setFindings] = useState<Finding[]>([]), [bad, setBad] = useState(''), [busy, setBusy] = useState(false), [good, setGood] = useState<string[] | null>(null);
  const { data: channels } = useQuery({ ...q.channels(), retry: false });
  const fresh = base === 0;
  const told = () => { setFindings([]); setBad(''); setGood(null); };
  const change = (part: File) => { setFile({ ...file, ...part }); told(); };
  const at = (pointer: string) => findings.filter((f) => f.where.split('#')[1] === pointer).map((f) => `${t.reading.said(f.expected, f.found)} ${f.fix}`).join(' ') || undefined;
  const parsed = (): File | null => { if (view === 'form') return clean(file); try { const v = JSON.parse(text) as unknown; if (v && typeof v === 'object' && !Array.isArray(v)) return v as File; } catch { /* said below */ } setBad(t.partners.notMapping); return null; };
  const show = (next: string) => { if (next === 'file') { setText(JSON.stringify(clean(file), null, 2)); setView('file'); return; } const v = parsed(); if (v) { setFile(v); setView('form'); setBad(''); } };
  const refused = (e: unknown) => { setFindings(e instanceof ApiError ? (e.problem.findings ?? []) : []); setBad(e instanceof ApiError ? e.problem.detail || e.problem.title : String(e)); setBusy(false); };
  const check = async () => { const f = parsed(); if (!f) return; told(); setBusy(true); try { setGood(await act.checkPartner(f as Json)); setBusy(false); } catch (e) { refused(e); } };
  const save = async () => {
    const f = parsed();
    if (!f) return;
    const id = str(fresh ? f.id : of.id);
    if (!id.trim()) { setFindings([{ code: 'partner.missing', where: 'partner#/id', expected: t.partners.id, found: '', fix: '' }]); return; }
    told();
    setBusy(true);
    try { const kept = await act.putPartner(id, f as Json, base, note.trim()); done(kept.changed ? t.partners.saved : t.partners.same, str(f.name)); void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/partners') }); void go({ to: '/partners/$id', params: { id } }); } catch (e) { refused(e); }
  };
  const field = (key: string, label: string, more: { hint?: string; disabled?: boolean; needed?: boolean } = {}) => <TextInput label={label} description={more.hint} value={str(file[key])} onChange={(e) => change({ [key]: e.currentTarget.value })} error={at(`/${key}`)} disabled={more.disabled} required={more.needed} withAsterisk={false} />;
  const choice = (key: string, label: string, options: [string, string][], usual: string) => <NativeSelect label={label} value={str(file[key]) || usual} onChange={(e) => change({ [key]: e.currentTarget.value })} error={at(`/${key}`)} data={options.map(([value, l]) => ({ value, label: l }))} />;
  const pairs = (of: Record<string, string>): [string, string][] => Object.entries(of);
  const list = (key: string, heading: string, one: string, fresh: Row, cells: (row: Row, set: (part: Row) => void, where: string, n: number) => ReactNode) => (
    <Panel title={heading} count={rowsOf(file, key).length} right={<Button size="compact-sm" variant="default" leftSection={<IconPlus size={13} />} aria-label={t.partners.addRow(one)} onClick={() => change({ [key]: [...rowsOf(file, key), fresh] })}>{t.partners.addRow(one)}</Button>}>
      <div className="body formrows">{rowsOf(file, key).length === 0 && <p className="muted none">{word(t.partners.noneOf, key)}</p>}{at(`/${key}`) && <p role="alert" className="bad">{at(`/${key}`)}</p>}{rowsOf(file, key).map((row, n) => <div key={n} className="formrow" role="group" aria-label={`${one} ${n + 1}`}>{cells(row, (part) => change({ [key]: rowsOf(file, key).map((r, m) => (m === n ? { ...r, ...part } : r)) }), `/${key}/${n}`, n)}<ActionIcon aria-label={t.partners.removeRow(one, n + 1)} onClick={() => change({ [key]: rowsOf(file, key).filter((_, m) => m !== n) })}><IconX size={15} /></ActionIcon>{at(`/${key}/${n}`) && <p role="alert" className="bad">{at(`/${key}/${n}`)}</p>}</div>)}</div>
    </Panel>
  );
  const cell = (row: Row, set: (part: Row) => void, where: string, name: string, label: string) => <TextInput label={label} value={str(row[name])} onChange={(e) => set({ [name]: e.currentTarget.value })} error={at(`${where}/${name}`)} />;
  const pick = (row: Row, set: (part: Row) => void, where: string, name: string, label: string, options: [string, string][], usual = '') => <NativeSelect label={label} value={str(row[name]) || usual} onChange={(e) => set({ [name]: e.currentTarget.value })} error={at(`${where}/${name}`)} data={options.map(([value, l]) => ({ value, label: l }))} />;
  const identifier = (row: Row, set: (part: Row) => void, where: string) => <>{cell(row, set, where, 'scheme', t.partners.scheme)}{cell(row, set, where, 'value', t.partners.value)}{pick(row, set, where, 'environment', t.partners.environment, [['production', t.partners.environments.production ?? ''], ['test', t.partners.environments.test ?? '']], 'production')}</>;
  const senders = (channels ?? []).filter((c) => c.partner === str(file.id) && c.direction !== 'in').map((c): [string, string] => [c.channel, c.channel]);
  const crumbs = [{ label: t.partners.title, to: '/partners' as const }];
  return (
    <div className="page">
      <PageHead title={title} crumbs={crumbs} />
      <form className="stack" noValidate onSubmit={(e) => { e.preventDefault(); void save(); }}>
        <div className="bar"><SegmentedControl size="xs" value={view} onChange={show} data={[{ value: 'form', label: t.partners.form }, { value: 'file', label: t.partners.asFile }]} /></div>
        {(bad || findings.length > 0) && <div className="note bad" role="alert">{findings.length > 0 ? t.partners.wrong(findings.length) : bad}{findings.length > 0 && <ul className="toast-list">{findings.map((f, n) => <li key={n}><span className="mono">{f.where.split('#')[1] || f.where}</span> {t.reading.said(f.expected, f.found)} {f.fix}</li>)}</ul>}</div>}
        {good && <div className="note ok" role="status">{t.partners.good}<ul className="toast-list">{(good.length ? good : [t.partners.nothingAgreed]).map((g) => <li key={g}>{g}</li>)}</ul></div>}
        {view === 'file' ? <Textarea label={t.partners.file} description={t.partners.fileHint} value={text} onChange={(e) => { setText(e.currentTarget.value); told(); }} autosize minRows={14} maxRows={30} spellCheck={false} classNames={{ input: 'mono' }} /> : <>
          <Panel title={t.partners.baseData}><div className="body formgrid">
            {field('id', t.partners.id, { disabled: !fresh, needed: true })}{field('name', t.partners.name, { needed: true })}{field('customer_id', t.partners.customer, { needed: true })}{field('currency', t.partners.currency)}
            {choice('mode', t.partners.mode, pairs(t.partners.modes as Record<string, string>), 'production')}{choice('go_live', t.partners.goLive, pairs(t.partners.goLives as Record<string, string>), 'approval')}{choice('unagreed', t.partners.unagreed, pairs(t.partners.unagreeds as Record<string, string>), 'hold')}
          </div></Panel>
          {list('identifiers', t.partners.identifiers, t.partners.oneIdentifier, { scheme: 'ZZ', value: '' }, identifier)}
          {list('ours', t.partners.ours, t.partners.oneOurs, { scheme: 'ZZ', value: '' }, identifier)}
          {list('contacts', t.partners.contacts, t.partners.oneContact, { name: '', role: 'edi', email: '' }, (r, s, w) => <>{cell(r, s, w, 'name', t.partners.name)}{cell(r, s, w, 'role', t.partners.role)}{cell(r, s, w, 'email', t.partners.email)}{cell(r, s, w, 'phone', t.partners.phone)}</>)}
          {list('agreements', t.partners.agreements, t.partners.oneAgreement, { document: '', direction: 'in' }, (r, s, w) => <>{cell(r, s, w, 'document', t.partners.docType)}{pick(r, s, w, 'direction', t.partners.direction, [['in', t.partners.ways.in ?? ''], ['out', t.partners.ways.out ?? '']])}{cell(r, s, w, 'version', t.partners.docVersion)}{pick(r, s, w, 'channel', t.partners.channel, [['', '–'], ...senders, ...(str(r.channel) && !senders.some(([v]) => v === str(r.channel)) ? [[str(r.channel), str(r.channel)] as [string, string]] : [])])}{r.direction !== 'out' && pick(r, s, w, 'acknowledgement', t.partners.acknowledgement, [['', t.partners.asProfile], ['997', '997'], ['999', '999'], ['CONTRL', 'CONTRL'], ['none', t.partners.noAnswer]])}{r.direction === 'out' && <NativeSelect label={t.partners.acknowledged} value={within(r.acknowledged)} onChange={(e) => s({ acknowledged: spoken(e.currentTarget.value, r.acknowledged) })} error={at(`${w}/acknowledged`) ?? at(`${w}/acknowledged/within`)} data={windows(r.acknowledged)} />}<NumberInput label={t.partners.testsNeeded} min={0} max={50} value={typeof r.tests === 'number' ? r.tests : 1} onChange={(v) => s({ tests: Number(v) })} error={at(`${w}/tests`)} /></>)}
        </>}
        <TextInput label={t.partners.note} value={note} onChange={(e) => setNote(e.currentTarget.value)} />
        <div className="buttons"><LinkButton variant="default" {...(fresh ? { to: '/partners' } : { to: '/partners/$id', params: { id: str(of.id) } })}>{t.act.cancel}</LinkButton><Button variant="default" loading={busy} onClick={() => void check()}>{t.partners.check}</Button><Button type="submit" loading={busy}>{t.partners.save}</Button></div>
      </form>
    </div>
  );
}
