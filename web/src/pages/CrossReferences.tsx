/* What partners call otherwise than we: what corrections suggest, seen with what it would change before it is accepted;
   and the entries in use. */
import { useMemo, useState } from 'react';
import { Button, Checkbox, NativeSelect, SegmentedControl, TextInput } from '@mantine/core';
import { IconDownload, IconPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { CrossReference, Proposal, ProposalChoice, ProposalEvidence } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { done, failed } from '../lib/notify';
import { useCanOperate } from '../lib/session';
import { Empty, Facts, Failed, Hints, Pill, Rows, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Modal } from '../components/Dialog';
import { FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const STATES = ['proposed', 'accepted', 'rejected'], ENTRIES = 'entries';
const SCHEMES = ['buyer', 'supplier', 'gtin', 'manufacturer'];

const refresh = (qc: QueryClient) => void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/cross-reference') });
const kindOf = (p: { kind: string; qualifier: string }) => [word(t.xref.kinds, p.kind), p.qualifier && word(t.xref.schemes, p.qualifier)].filter(Boolean).join(', ');

export function CrossReferences() {
  const [f, set] = useFilters();
  const shown = f.show ?? 'proposed';
  const switcher = <SegmentedControl size="xs" value={shown} onChange={(v) => set({ show: v === 'proposed' ? undefined : v, q: undefined })} aria-label={t.xref.show} data={[...STATES.map((s) => ({ value: s, label: word(t.xref.states, s) })), { value: ENTRIES, label: t.xref.entries }]} />;
  return (
    <div className="page fill">
      <PageHead title={t.xref.title} crumbs={[{ label: t.maps.title, to: '/maps' }]} />
      {shown === ENTRIES ? <Entries switcher={switcher} /> : <Proposals state={shown} switcher={switcher} />}
    </div>
  );
}

function Proposals({ state, switcher }: { state: string; switcher: React.ReactNode }) {
  const { data, error, isPending, refetch } = useQuery(q.proposals(state));
  const [f] = useFilters();
  const [current, setCurrent] = useState<string | null>(null), [looking, look] = useState<string | null>(null);
  const rows = useMemo(() => (data ?? []).filter((p) => !f.q || `${p.partner} ${p.theirs} ${p.ours}`.toLowerCase().includes(f.q.toLowerCase())), [data, f.q]);
  const columns = useMemo<Column<Proposal>[]>(() => [
    { id: 'theirs', head: t.xref.theirs, max: 200, cell: (p) => <button type="button" className="linklike mono" onClick={() => look(p.id)}>{p.theirs}</button> },
    { id: 'ours', head: t.xref.ours, max: 200, cell: (p) => <span className="mono">{p.ours}</span> },
    { id: 'kind', head: t.xref.kind, hide: 's', cell: (p) => kindOf(p) },
    { id: 'partner', head: t.documents.partner, grow: 100, cell: (p) => <Link className="quiet" to="/partners/$id" params={{ id: p.partner }}>{p.partner}</Link> },
    { id: 'seen', head: t.xref.seen, right: true, cell: (p) => <span className="num">{p.evidence.length}</span> },
    { id: 'by', head: t.xref.by, hide: 'm', max: 190, cell: (p) => p.evidence.at(-1)?.by ?? '–' },
    { id: 'at', head: t.xref.proposedAt, hide: 's', right: true, cell: (p) => <When at={p.proposed_at} /> },
    ...(state === 'proposed' ? [] : [{ id: 'decided', head: t.xref.decidedBy, hide: 's' as const, cell: (p: Proposal) => p.decided_by ?? '–' }]),
  ], [state]);
  return (
    <>
      <FilterBar end={<Shown n={rows.length} total={rows.length} />}>{switcher}<SearchBox placeholder={t.xref.search} /></FilterBar>
      <section className="panel" aria-label={t.xref.proposals}>
        <DataTable label={t.xref.proposals} columns={columns} rows={rows} rowId={(p) => p.id} rowLabel={(p) => t.xref.says(p.theirs, p.ours)} loading={isPending} error={error} retry={() => void refetch()} current={current} onCurrent={setCurrent} keys={!looking} onOpen={(p) => look(p.id)}
          empty={f.q ? <Empty title={t.list.noMatch} /> : <Empty title={t.xref.none[state] ?? t.list.noMatch}>{state === 'proposed' && t.xref.noneWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.keys.open], ['/', t.keys.filter]]} />
      </section>
      {looking && <ProposalDialog id={looking} close={() => look(null)} />}
    </>
  );
}

function ProposalDialog({ id, close }: { id: string; close: () => void }) {
  const qc = useQueryClient(), may = useCanOperate();
  const { data: p, error, refetch } = useQuery(q.proposal(id));
  const [busy, setBusy] = useState<ProposalChoice | null>(null);
  const decide = async (choice: ProposalChoice) => {
    setBusy(choice);
    try {
      await act.decideProposal(id, choice);
      const takeBack = () => void act.decideProposal(id, 'undo').then(() => refresh(qc), (e: unknown) => failed(t.xref.failed, e));
      done(t.xref.did[choice], p ? t.xref.says(p.theirs, p.ours) : '', choice === 'undo' ? undefined : takeBack);
      refresh(qc);
      close();
    } catch (e) { failed(t.xref.failed, e); setBusy(null); }
  };
  return (
    <Modal opened onClose={close} size="lg" title={p ? t.xref.says(p.theirs, p.ours) : t.xref.one} closeButtonProps={{ 'aria-label': t.act.close }}>
      {!p ? error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={6} /> : (
        <div className="stack">
          <Facts of={[
            [t.documents.partner, <Link to="/partners/$id" params={{ id: p.partner }}>{p.partner}</Link>], [t.xref.kind, kindOf(p)], [t.xref.standing, p.standing ? <span className="mono">{p.standing}</span> : t.xref.asWritten],
            [t.documents.status, <Pill of={p.state} label={word(t.xref.states, p.state)} />], ...(p.decided_by ? [[t.xref.decidedBy, <>{p.decided_by}, <When at={p.decided_at} /></>] as [string, React.ReactNode]] : []),
          ]} />
          <section><h3>{t.xref.evidence(p.evidence.length)}</h3><ol className="history">{p.evidence.map((e, i) => <Evidence key={i} of={e} />)}</ol></section>
          {p.state === 'proposed' && <section role="status">
            <h3>{t.xref.would}</h3>
            {p.waiting.length === 0 ? <p className="muted">{t.xref.nothingWaits}</p> : <>
              <p className="muted small">{t.xref.waits(p.waiting.length)}</p>
              <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.xref.would)}><table className="tbl plain" aria-label={t.xref.would}><thead><tr><th scope="col">{t.documents.type}</th><th scope="col">{t.maps.field}</th><th scope="col">{t.maps.before}</th><th scope="col">{t.maps.after}</th></tr></thead>
                <tbody>{p.waiting.flatMap((d) => d.fields.map((x, i) => <tr key={d.document + x.pointer}><td>{i === 0 && <Link to="/documents/$id" params={{ id: d.document }}>{word(t.docTypes, d.type)} {d.po}</Link>}</td><td className="mono">{x.pointer}</td><td className="mono">{text(x.before)}</td><td className="mono">{text(x.after)}</td></tr>))}</tbody></table></div>
            </>}
            {p.cases.length > 0 && <><p className="muted small">{t.xref.inCases(p.cases.length)}</p><ul className="list">{p.cases.map((c) => <li key={c.id}><div className="a"><Link className="mono" to="/exceptions/$id" params={{ id: c.id }}>{c.number}</Link><span>{c.title}</span></div></li>)}</ul></>}
          </section>}
          <div className="buttons">
            <Button variant="default" onClick={close}>{t.act.close}</Button>
            {may && (p.state === 'proposed'
              ? <><Button variant="default" loading={busy === 'reject'} disabled={!!busy} onClick={() => void decide('reject')}>{t.xref.reject}</Button><Button data-autofocus loading={busy === 'accept'} disabled={!!busy} onClick={() => void decide('accept')}>{t.xref.accept}</Button></>
              : <Button loading={busy === 'undo'} onClick={() => void decide('undo')}>{t.xref.undo}</Button>)}
          </div>
        </div>
      )}
    </Modal>
  );
}

const text = (v: unknown) => (v === null || v === undefined ? '–' : typeof v === 'string' ? v : JSON.stringify(v));

function Evidence({ of: e }: { of: ProposalEvidence }) {
  return (
    <li><When at={e.at} /> <strong>{e.by}</strong> {e.case ? <>{t.xref.inException} <Link className="mono" to="/exceptions/$id" params={{ id: e.case }}>{e.number}</Link></> : <>{t.xref.inDocument} <Link to="/documents/$id" params={{ id: e.original ?? e.document }}>{t.xref.theDocument}</Link></>}
      : <span className="mono">{e.from} → {e.to}</span>{e.why && <span className="muted"> {e.why}</span>}</li>
  );
}

function Entries({ switcher }: { switcher: React.ReactNode }) {
  const [f] = useFilters();
  const may = useCanOperate();
  const { data, error, isPending, refetch } = useQuery(q.crossReferences({ q: f.q, limit: 500 }));
  const [current, setCurrent] = useState<string | null>(null), [editing, edit] = useState<CrossReference | 'new' | null>(null);
  const rows = data ?? [];
  const key = (r: CrossReference) => [r.partner, r.kind, r.qualifier, r.theirs].join('\u001f');
  const columns = useMemo<Column<CrossReference>[]>(() => [
    { id: 'theirs', head: t.xref.theirs, max: 200, cell: (r) => (may ? <button type="button" className="linklike mono" onClick={() => edit(r)}>{r.theirs}</button> : <span className="mono">{r.theirs}</span>) },
    { id: 'ours', head: t.xref.ours, max: 200, cell: (r) => <span className="mono">{r.ours}</span> },
    { id: 'kind', head: t.xref.kind, hide: 's', cell: (r) => kindOf(r) },
    { id: 'partner', head: t.documents.partner, grow: 100, cell: (r) => (r.partner ? <Link className="quiet" to="/partners/$id" params={{ id: r.partner }}>{r.partner}</Link> : t.xref.everybody) },
    { id: 'written', head: t.xref.written, hide: 'm', cell: (r) => (r.written ? t.xref.yes : <span className="muted">{t.xref.no}</span>) },
    { id: 'by', head: t.xref.by, hide: 'm', cell: (r) => r.entered_by },
    { id: 'at', head: t.xref.enteredAt, hide: 's', right: true, cell: (r) => <When at={r.entered_at} /> },
  ], [may]);
  return (
    <>
      <FilterBar end={<><Shown n={rows.length} total={rows.length} /><Button component="a" href="/api/cross-references.csv" download variant="default" size="compact-sm" leftSection={<IconDownload size={14} />}>{t.documents.export}</Button>{may && <Button size="compact-sm" leftSection={<IconPlus size={14} />} onClick={() => edit('new')}>{t.xref.add}</Button>}</>}>{switcher}<SearchBox placeholder={t.xref.search} /></FilterBar>
      <section className="panel" aria-label={t.xref.entries}>
        <DataTable label={t.xref.entries} columns={columns} rows={rows} rowId={key} rowLabel={(r) => t.xref.says(r.theirs, r.ours)} loading={isPending} error={error} retry={() => void refetch()} current={current} onCurrent={setCurrent} keys={!editing} onOpen={(r) => may && edit(r)}
          empty={f.q ? <Empty title={t.list.noMatch} /> : <Empty title={t.xref.noEntries}>{t.xref.noEntriesWhy}</Empty>} />
      </section>
      {editing && <EntryDialog of={editing === 'new' ? null : editing} close={() => edit(null)} />}
    </>
  );
}

function EntryDialog({ of: was, close }: { of: CrossReference | null; close: () => void }) {
  const qc = useQueryClient();
  const { data: partners } = useQuery(q.partners());
  const [e, change] = useState({ partner: was?.partner ?? '', kind: was?.kind ?? 'sku', qualifier: was?.qualifier ?? 'buyer', theirs: was?.theirs ?? '', ours: was?.ours ?? '', written: was?.written ?? true, note: was?.note ?? '' }), [busy, setBusy] = useState(false);
  const set = (x: Partial<typeof e>) => change({ ...e, ...x });
  const run = async (work: () => Promise<unknown>, told: string) => {
    setBusy(true);
    try { await work(); done(told, t.xref.says(e.theirs, e.ours)); refresh(qc); close(); } catch (x) { failed(t.xref.failed, x); setBusy(false); }
  };
  const save = () => run(() => act.putCrossReference({ ...e, qualifier: e.kind === 'unit' ? '' : e.qualifier }), t.xref.saved);
  const remove = () => was && run(() => act.removeCrossReference(was), t.xref.removed);
  const names = (partners?.items ?? []).map((p) => ({ value: p.id, label: p.name }));
  return (
    <Modal opened onClose={close} title={was ? t.xref.says(was.theirs, was.ours) : t.xref.add} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(x) => { x.preventDefault(); void save(); }}>
        <NativeSelect label={t.documents.partner} value={e.partner} disabled={!!was} onChange={(x) => set({ partner: x.currentTarget.value })} data={[{ value: '', label: t.xref.everybody }, ...names, ...(e.partner && !names.some((n) => n.value === e.partner) ? [{ value: e.partner, label: e.partner }] : [])]} />
        <div className="two"><NativeSelect label={t.xref.kind} value={e.kind} disabled={!!was} onChange={(x) => set({ kind: x.currentTarget.value, qualifier: x.currentTarget.value === 'ship_to' ? 'assigned_by_buyer' : x.currentTarget.value === 'unit' ? '' : 'buyer' })} data={['sku', 'unit', 'ship_to'].map((k) => ({ value: k, label: word(t.xref.kinds, k) }))} />
          {e.kind === 'sku' ? <NativeSelect label={t.xref.whose} value={e.qualifier} disabled={!!was} onChange={(x) => set({ qualifier: x.currentTarget.value })} data={SCHEMES.map((s) => ({ value: s, label: word(t.xref.schemes, s) }))} /> : e.kind === 'ship_to' ? <TextInput label={t.xref.whose} value={e.qualifier} disabled={!!was} onChange={(x) => set({ qualifier: x.currentTarget.value })} /> : <span />}</div>
        <div className="two"><TextInput label={t.xref.theirs} value={e.theirs} disabled={!!was} required onChange={(x) => set({ theirs: x.currentTarget.value })} classNames={{ input: 'mono' }} data-autofocus={!was || undefined} /><TextInput label={t.xref.ours} value={e.ours} required onChange={(x) => set({ ours: x.currentTarget.value })} classNames={{ input: 'mono' }} data-autofocus={!!was || undefined} /></div>
        <Checkbox label={t.xref.writtenHint} checked={e.written} onChange={(x) => set({ written: x.currentTarget.checked })} />
        <TextInput label={t.maps.note} value={e.note} onChange={(x) => set({ note: x.currentTarget.value })} />
        <div className="buttons">{was && <Button variant="default" color="red" disabled={busy} onClick={() => void remove()}>{t.xref.remove}</Button>}<Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy} disabled={!e.theirs.trim() || !e.ours.trim()}>{t.act.save}</Button></div>
      </form>
    </Modal>
  );
}
