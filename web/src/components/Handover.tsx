/* The end of a shift: all of one's exceptions, or chosen ones, to another person or a team; and what one was given. */
import { useState } from 'react';
import { Button, Checkbox, Select, Textarea } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Case } from '../api/types';
import { t } from '../i18n';
import { titleOf } from '../lib/cases';
import { done, failed } from '../lib/notify';
import { useRows } from '../lib/rows';
import { useSession } from '../lib/session';
import { When } from './Bits';
import { Modal } from './Dialog';

/** What was handed to us and not yet read. */
export function Received() {
  const { user } = useSession();
  const qc = useQueryClient();
  const { data } = useQuery(q.handovers());
  const mine = (data?.items ?? []).filter((h) => !h.seen_at && h.given_by !== user);
  const seen = async (id: string) => { try { await act.seenHandover(id); await qc.invalidateQueries({ queryKey: ['/handovers'] }); } catch (e) { failed(t.shift.failed, e); } };
  return <>{mine.map((h) => (
    <section key={h.id} className="panel handover" aria-label={t.shift.received(h.number, h.given_by)}>
      <div className="body"><h2>{t.shift.received(h.number, h.given_by)} <span className="muted"><When at={h.given_at} /></span></h2>{h.note && <p>{h.note}</p>}
        <ul className="list">{h.cases.map((c) => <li key={c.id}><Link className="mono" to="/exceptions/$id" params={{ id: c.id }}>{c.number}</Link> {c.title}{c.note && <span className="muted"> · {c.note}</span>}</li>)}</ul>
        <div className="buttons"><Button size="compact-sm" onClick={() => void seen(h.id)}>{t.shift.seen}</Button></div></div>
    </section>))}</>;
}

export function HandoverDialog({ close }: { close: () => void }) {
  const { user } = useSession();
  const qc = useQueryClient();
  const of = useRows<Case>(q.cases({ owner: 'me', status: 'open' }));
  const { data: teams } = useQuery(q.caseTeams());
  const [to, setTo] = useState<string | null>(null), [note, setNote] = useState(''), [left, setLeft] = useState<ReadonlySet<string>>(new Set()), [busy, setBusy] = useState(false);
  const people = [...new Set((teams?.items ?? []).flatMap((x) => x.members.map((m) => m.user)))].filter((x) => x !== user).sort();
  const chosen = of.rows.filter((c) => !left.has(c.id));
  const go = async () => {
    if (!to) return;
    setBusy(true);
    try {
      const [kind, name] = [to.slice(0, 1), to.slice(2)];
      const given = await act.handOver({ ...(kind === 'p' ? { to_owner: name } : { to_team: name }), note, cases: chosen.map((c) => c.id) });
      void qc.invalidateQueries({ queryKey: ['/cases'] }); void qc.invalidateQueries({ queryKey: ['/handovers'] });
      done(t.shift.given(given.number, given.cases.length), name);
      close();
    } catch (e) { failed(t.shift.failed, e); setBusy(false); }
  };
  return (
    <Modal opened onClose={close} title={t.shift.title} size="lg" closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <Select label={t.shift.to} placeholder={t.shift.toPlace} value={to} onChange={setTo} data={[{ group: t.shift.people, items: people.map((p) => ({ value: `p:${p}`, label: p })) }, { group: t.shift.teams, items: (teams?.items ?? []).map((x) => ({ value: `t:${x.team}`, label: x.title || x.team })) }]} searchable data-autofocus />
        <Textarea label={t.shift.note} value={note} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} />
        <fieldset className="chosen"><legend>{t.shift.which(chosen.length)}</legend>
          {of.rows.length === 0 ? <p className="muted">{t.shift.none}</p> : of.rows.map((c) => <Checkbox key={c.id} label={`${c.number} · ${titleOf(c)}`} checked={!left.has(c.id)} onChange={() => setLeft((s) => { const n = new Set(s); if (!n.delete(c.id)) n.add(c.id); return n; })} />)}
        </fieldset>
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy} disabled={!to || !chosen.length}>{t.shift.give}</Button></div>
      </form>
    </Modal>
  );
}
