/* Who stands in for whom while they are away: the list, and naming somebody. */
import { useState } from 'react';
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { StandIn } from '../api/types';
import { t, word } from '../i18n';
import { businessNow } from '../lib/clock';
import { dateTime, money } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useSession } from '../lib/session';
import { Modal } from './Dialog';

const local = (ms: number) => new Date(ms).toISOString().slice(0, 16);

export function StandingIn({ close }: { close: () => void }) {
  const me = useSession(), qc = useQueryClient();
  const { data: people } = useQuery(q.deciders()), { data: list } = useQuery(q.delegations());
  const approves = (role: string) => role === 'approver' || role === 'admin';
  const [giver, setGiver] = useState(approves(me.role) ? me.user : ''), [taker, setTaker] = useState(''), [from, setFrom] = useState(''), [until, setUntil] = useState(local(businessNow() + 7 * 86_400_000)), [limit, setLimit] = useState(''), [kinds, setKinds] = useState(''), [reason, setReason] = useState(''), [busy, setBusy] = useState(false), [tried, setTried] = useState(false);
  const refresh = () => { void qc.invalidateQueries({ queryKey: ['/delegations'] }); void qc.invalidateQueries({ queryKey: ['/approvers'] }); void qc.invalidateQueries({ queryKey: ['/approvals'] }); };
  const go = async () => {
    setTried(true);
    if (!giver || !taker || !until) return;
    setBusy(true);
    try {
      await act.standIn({ giver, taker, ...(from ? { from_at: new Date(`${from}Z`).toISOString() } : {}), until_at: new Date(`${until}Z`).toISOString(), limit: limit.trim() || null, kinds: kinds.split(/[,\s]+/).filter(Boolean), reason: reason.trim() });
      done(t.standIn.made(giver, taker));
      refresh();
      setTaker(''); setTried(false);
    } catch (e) { failed(t.standIn.failed, e); }
    setBusy(false);
  };
  const end = async (d: StandIn) => { try { await act.endStandIn(d.id); done(t.standIn.ended); refresh(); } catch (e) { failed(t.standIn.endFailed, e); } };
  const names = (ok: (role: string) => boolean) => [{ value: '', label: '' }, ...(people ?? []).filter((p) => ok(p.role)).map((p) => ({ value: p.name, label: `${p.display_name} (${p.name})` }))];
  const missing = (v: string) => (tried && !v ? t.standIn.need : undefined);
  return (
    <Modal opened onClose={close} size="lg" title={t.standIn.title} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" noValidate onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <p className="muted">{t.standIn.lead}</p>
        {list && list.items.length === 0 && <p>{t.standIn.none}</p>}
        <ul className="plain" aria-label={t.standIn.list}>{list?.items.filter((d) => d.state !== 'over').map((d) => (
          <li key={d.id} className="line"><span><strong>{t.standIn.made(d.giver, d.taker)}</strong> <span className="pill" data-tone={d.state === 'active' ? 'ok' : 'info'}>{word(t.standIn.states, d.state)}</span><br /><span className="muted small num">{dateTime(d.from_at)} – {dateTime(d.until_at)} · {d.limit ? money(d.limit, null) : t.standIn.noLimit} · {d.kinds.join(', ') || t.standIn.all}{d.reason && ` · ${d.reason}`}</span></span>
            {(me.role === 'admin' || d.giver === me.user) && <Button size="compact-xs" variant="default" onClick={() => void end(d)} aria-label={`${t.standIn.end}: ${t.standIn.made(d.giver, d.taker)}`}>{t.standIn.end}</Button>}</li>
        ))}</ul>
        <div className="two"><NativeSelect label={t.standIn.giver} value={giver} disabled={me.role !== 'admin'} onChange={(e) => setGiver(e.currentTarget.value)} data={names(approves)} error={missing(giver)} /><NativeSelect label={t.standIn.taker} value={taker} onChange={(e) => setTaker(e.currentTarget.value)} data={names(() => true).filter((p) => p.value !== giver || !p.value)} error={missing(taker)} required data-autofocus /></div>
        <div className="two"><TextInput type="datetime-local" label={t.standIn.from} value={from} onChange={(e) => setFrom(e.currentTarget.value)} /><TextInput type="datetime-local" label={t.standIn.until} value={until} onChange={(e) => setUntil(e.currentTarget.value)} error={missing(until)} required /></div>
        <div className="two"><TextInput label={t.standIn.limit} description={t.standIn.limitHint} inputMode="decimal" value={limit} onChange={(e) => setLimit(e.currentTarget.value)} /><TextInput label={t.standIn.kinds} description={t.standIn.kindsHint} value={kinds} onChange={(e) => setKinds(e.currentTarget.value)} /></div>
        <Textarea label={t.standIn.reason} value={reason} onChange={(e) => setReason(e.currentTarget.value)} autosize minRows={1} />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.close}</Button><Button type="submit" loading={busy}>{t.standIn.make}</Button></div>
      </form>
    </Modal>
  );
}
