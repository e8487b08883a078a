/* Holds: what is stopped, by whom, until when; placing one and releasing one. */
import { useMemo, useState } from 'react';
import { Button, Checkbox, NativeSelect, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { IconHandStop } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Hold, Scope } from '../api/types';
import { t, word } from '../i18n';
import { businessNow } from '../lib/clock';
import { useFilters } from '../lib/filters';
import { num } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useRows } from '../lib/rows';
import { useCanWork } from '../lib/session';
import { Empty, Pill, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Modal } from '../components/Dialog';
import { FilterBar, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const SCOPES: Scope[] = ['order', 'customer', 'item', 'site', 'partner'];

export function Holds() {
  const [f, set] = useFilters();
  const status = f.status ?? 'active';
  const of = useRows<Hold>(q.holds({ status, order: f.order }));
  const may = useCanWork();
  const [placing, place] = useState(false), [releasing, release] = useState<Hold | null>(null), [current, setCurrent] = useState<string | null>(null);
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set()), [several, releaseSeveral] = useState<Hold[] | null>(null);
  const toggle = (id: string) => choose((c) => { const n = new Set(c); if (!n.delete(id)) n.add(id); return n; });
  const picked = of.rows.filter((h) => chosen.has(h.id) && h.status === 'active');
  const columns = useMemo<Column<Hold>[]>(() => [
    ...(status === 'active' && may ? [{ id: 'pick', head: t.holding.pick, mute: true, cell: (h: Hold) => <Checkbox size="xs" aria-label={t.holding.choose(h.number)} checked={chosen.has(h.id)} onChange={() => toggle(h.id)} onClick={(e) => e.stopPropagation()} /> }] : []),
    { id: 'number', head: t.holds.number, cell: (h) => <span className="mono">{h.number}</span> },
    { id: 'scope', head: t.holds.scope, hide: 's', cell: (h) => word(t.scopes, h.scope) },
    { id: 'key', head: t.holds.key, cell: (h) => (h.scope === 'order' ? <Link className="mono quiet" to="/orders/$order" params={{ order: h.key }}>{h.key}</Link> : h.scope === 'customer' ? <Link className="mono quiet" to="/orders" search={{ customer: h.key }}>{h.key}</Link> : <span className="mono">{h.key}</span>) },
    { id: 'kind', head: t.holds.kind, hide: 's', cell: (h) => word(t.holdKinds, h.kind) },
    { id: 'reason', head: t.holds.reason, grow: 140, cell: (h) => <span title={h.reason}>{h.reason}</span> },
    { id: 'orders', head: t.holds.orders, right: true, cell: (h) => <span className="num">{num(h.orders)}</span> },
    { id: 'by', head: t.holds.by, hide: 'm', cell: (h) => h.placed_by },
    { id: 'at', head: t.holds.at, hide: 's', cell: (h) => <When at={h.placed_at} /> },
    { id: 'role', head: t.holds.role, hide: 'm', cell: (h) => word(t.roles, h.release_role) },
    { id: 'expires', head: t.holds.expires, hide: 's', cell: (h) => (h.expires_at ? <When at={h.expires_at} /> : <span className="muted">{t.holds.never}</span>) },
    { id: 'act', head: t.act.actions, mute: true, right: true, cell: (h) => (h.status === 'active' && may ? <Button size="compact-xs" variant="default" onClick={() => release(h)} aria-label={`${t.holds.release} ${h.number}`}>{t.holds.release}</Button> : <Pill of={h.status} />) },
  ], [may, status, chosen]);
  return (
    <div className="page fill">
      <PageHead title={t.holds.title} />
      <FilterBar clear={['order']} end={<><Shown n={of.rows.length} total={of.total} />{picked.length > 0 && <Button variant="default" onClick={() => releaseSeveral(picked)}>{t.holding.chosen(picked.length)}</Button>}{may && <Button leftSection={<IconHandStop size={14} />} onClick={() => place(true)}>{t.holds.place}</Button>}</>}>
        <SegmentedControl size="xs" value={status} onChange={(v) => set({ status: v === 'active' ? undefined : v })} aria-label={t.holds.status} data={[{ value: 'active', label: t.holds.active }, { value: 'released', label: t.holds.released }]} />
        {f.order && <span className="pill">{t.holding.ofOrder} {f.order}</span>}
      </FilterBar>
      <section className="panel" aria-label={t.holds.title}>
        <DataTable label={t.holds.title} columns={columns} rows={of.rows} rowId={(h) => h.id} rowLabel={(h) => `${h.number}, ${h.reason}`} loading={of.loading} error={of.error} retry={of.retry} more={of.more} current={current} onCurrent={setCurrent}
          empty={status === 'active' ? <Empty title={t.holds.empty}>{t.holds.emptyWhy}</Empty> : <Empty title={t.list.noMatch} />} />
      </section>
      {placing && <PlaceDialog close={() => place(false)} />}
      {several && <ReleaseSeveral of={several} close={() => releaseSeveral(null)} onDone={() => { releaseSeveral(null); choose(new Set()); }} />}
      {releasing && <ReleaseDialog of={releasing} close={() => release(null)} />}
    </div>
  );
}

function PlaceDialog({ close }: { close: () => void }) {
  const qc = useQueryClient();
  const [scope, setScope] = useState<Scope>('order'), [key, setKey] = useState(''), [kind, setKind] = useState('commercial'), [reason, setReason] = useState(''), [until, setUntil] = useState(''), [role, setRole] = useState('coordinator'), [amount, setAmount] = useState(''), [currency, setCurrency] = useState('EUR'), [evidence, setEvidence] = useState(''), [busy, setBusy] = useState(false), [tried, setTried] = useState(false);
  const missing = (v: string) => (tried && !v.trim() ? t.holds.need : undefined);
  const go = async () => {
    setTried(true);
    if (!key.trim() || !reason.trim()) return;
    setBusy(true);
    try {
      await act.placeHold({ scope, key: key.trim(), kind, reason: reason.trim(), release_role: role, ...(until ? { expires_at: new Date(until).toISOString() } : {}), ...(amount.trim() ? { amount: amount.trim(), currency: currency.trim() } : {}), ...(evidence.trim() ? { evidence: { seen: evidence.trim() } } : {}) });
      done(t.holds.placed, `${word(t.scopes, scope)} ${key}`);
      void qc.invalidateQueries({ queryKey: ['/holds'] });
      close();
    } catch (e) { failed(t.holds.placeFailed, e); setBusy(false); }
  };
  return (
    <Modal opened onClose={close} title={t.holds.placeTitle} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" noValidate onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <div className="two"><NativeSelect label={t.holds.scope} value={scope} onChange={(e) => setScope(e.currentTarget.value as Scope)} data={SCOPES.map((s) => ({ value: s, label: word(t.scopes, s) }))} data-autofocus /><NativeSelect label={t.holds.kind} value={kind} onChange={(e) => setKind(e.currentTarget.value)} data={Object.entries(t.holdKinds).map(([value, label]) => ({ value, label }))} /></div>
        <TextInput label={t.holds.key} description={t.holds.keyHint[scope]} value={key} onChange={(e) => setKey(e.currentTarget.value)} error={missing(key)} required />
        <Textarea label={t.holds.reason} value={reason} onChange={(e) => setReason(e.currentTarget.value)} error={missing(reason)} required autosize minRows={2} />
        {scope !== 'order' && <p className="muted small">{t.holding.standing}</p>}
        <Textarea label={t.holding.evidence} description={t.holding.evidenceHint} value={evidence} onChange={(e) => setEvidence(e.currentTarget.value)} autosize minRows={1} />
        <NativeSelect label={t.holding.releaseRole} value={role} onChange={(e) => setRole(e.currentTarget.value)} data={['coordinator', 'approver', 'admin'].map((r) => ({ value: r, label: word(t.roles, r) }))} />
        <div className="two"><TextInput label={t.holding.amount} description={t.holding.amountHint} inputMode="decimal" value={amount} onChange={(e) => setAmount(e.currentTarget.value)} /><TextInput label={t.holding.currency} maxLength={3} value={currency} onChange={(e) => setCurrency(e.currentTarget.value.toUpperCase())} /></div>
        <TextInput type="datetime-local" label={t.holds.expiresAt} value={until} min={new Date(businessNow()).toISOString().slice(0, 16)} onChange={(e) => setUntil(e.currentTarget.value)} />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy}>{t.holds.place}</Button></div>
      </form>
    </Modal>
  );
}

function ReleaseDialog({ of: h, close }: { of: Hold; close: () => void }) {
  const qc = useQueryClient();
  const [note, setNote] = useState(''), [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try { await act.releaseHold(h.id, note.trim()); done(t.holds.releasedOk(h.number), h.reason); void qc.invalidateQueries({ queryKey: ['/holds'] }); close(); } catch (e) { failed(t.holds.releaseFailed(h.number), e); setBusy(false); }
  };
  return (
    <Modal opened onClose={close} title={t.holds.releaseTitle(h.number)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <p><strong>{h.reason}</strong><br /><span className="muted">{t.holds.releaseBody(t.holds.affected(h.orders))}</span></p>
        <Textarea label={t.holds.releaseNote} value={note} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} data-autofocus />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy}>{t.holds.release}</Button></div>
      </form>
    </Modal>
  );
}

function ReleaseSeveral({ of, close, onDone }: { of: Hold[]; close: () => void; onDone: () => void }) {
  const qc = useQueryClient();
  const [notes, setNotes] = useState<Record<string, string>>({}), [busy, setBusy] = useState(false), [refused, setRefused] = useState<Record<string, string>>({});
  const ready = of.every((h) => notes[h.id]?.trim());
  const go = async () => {
    setBusy(true);
    try {
      const said = await act.releaseHolds(of.map((h) => ({ id: h.id, note: notes[h.id]!.trim() })));
      void qc.invalidateQueries({ queryKey: ['/holds'] });
      const not = said.items.filter((i) => i.why_not);
      if (said.items.length > not.length) done(t.holding.released(said.items.length - not.length, said.resumed));
      if (not.length === 0) { onDone(); return; }
      setRefused(Object.fromEntries(not.map((i) => [i.id, i.why_not!])));
    } catch (e) { failed(t.holding.failed, e); }
    setBusy(false);
  };
  return (
    <Modal opened onClose={close} title={t.holding.title(of.length)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        {of.map((h, n) => <Textarea key={h.id} label={t.holding.why(h.number)} description={`${word(t.scopes, h.scope)} ${h.key}: ${h.reason}`} error={refused[h.id] ? `${t.holding.refused}: ${refused[h.id]}` : undefined} required value={notes[h.id] ?? ''} onChange={(e) => { const v = e.currentTarget.value; setNotes((x) => ({ ...x, [h.id]: v })); }} autosize minRows={1} {...(n === 0 ? { 'data-autofocus': true } : {})} />)}
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy} disabled={!ready}>{t.holds.release}</Button></div>
      </form>
    </Modal>
  );
}
