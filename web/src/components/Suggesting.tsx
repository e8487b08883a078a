/* Exceptions that stand alone, answered together: what each most likely meant and what that rests on. Whoever has
   looked ticks them; then it is a fix like any other, previewed, done with progress, and taken back. */
import { useState } from 'react';
import { Button, Checkbox, NumberInput, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Fix, Suggested } from '../api/types';
import { t, word } from '../i18n';
import { money } from '../lib/format';
import { done, failed } from '../lib/notify';
import { Panel, Sla } from './Bits';
import { Items, Progressing, Reach, stale } from './Fixing';

export function Suggesting() {
  const qc = useQueryClient();
  const { data } = useQuery(q.suggestions());
  const [ticked, tick] = useState<ReadonlySet<string>>(new Set()), [reason, setReason] = useState(''), [tried, setTried] = useState(false);
  const [shown, show] = useState<Fix | null>(null), [busy, setBusy] = useState(false), [typed, type] = useState<number | string>('');
  if (shown && shown.status !== 'previewed') return <Panel title={t.suggested.title}><div className="body"><Progressing of={shown} /><div className="buttons"><Button variant="default" onClick={() => { show(null); tick(new Set()); void qc.invalidateQueries({ queryKey: q.suggestions().queryKey }); }}>{t.suggested.more}</Button></div></div></Panel>;
  if (!data?.length) return null;
  const chosen = data.filter((s) => ticked.has(s.case.id));
  const again = () => { show(null); type(''); };
  const set = (next: ReadonlySet<string>) => { tick(next); again(); };
  const toggle = (id: string) => { const next = new Set(ticked); if (!next.delete(id)) next.add(id); set(next); };
  const run = async (f: () => Promise<void>) => { setBusy(true); try { await f(); } catch (e) { failed(t.fixes.failed, e); } setBusy(false); };
  const look = () => { setTried(true); if (reason.trim() && chosen.length) void run(async () => show(await act.previewSuggested(Object.fromEntries(chosen.filter((s) => !s.action).map((s: Suggested) => [s.case.id, s.data])), Object.fromEntries(chosen.filter((s) => s.action).map((s: Suggested) => [s.case.id, s.action])), reason.trim()))); };
  const start = () => shown && run(async () => { show(await act.startFix(shown.id, shown.token, shown.radius.typed ? Number(typed) : undefined)); done(t.fixes.asked(word(t.fixes.kinds, shown.kind))); stale(qc); });
  return (
    <Panel title={t.suggested.title} count={data.length}>
      <form className="body stack" noValidate onSubmit={(e) => { e.preventDefault(); if (!shown) look(); else void start(); }}>
        <p className="muted">{t.suggested.lead}</p>
        <div className="scroll" tabIndex={0} role="region" aria-label={t.list.scroll(t.suggested.title)} style={{ maxHeight: '44vh', flex: 'none' }}>
          <table className="tbl" aria-label={t.suggested.title}>
            <thead><tr><th scope="col"><Checkbox aria-label={t.suggested.all} checked={chosen.length === data.length} indeterminate={chosen.length > 0 && chosen.length < data.length} onChange={() => set(new Set(chosen.length === data.length ? [] : data.map((s) => s.case.id)))} /></th>{[t.cases.number, t.cases.order, t.cases.customer, t.suggested.what, t.suggested.why, t.cases.money, t.cases.sla].map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
            <tbody>{data.map((s) => (
              <tr key={s.case.id}>
                <td><Checkbox aria-label={t.suggested.one(s.case.number)} checked={ticked.has(s.case.id)} onChange={() => toggle(s.case.id)} /></td>
                <td><Link className="mono quiet" to="/exceptions/$id" params={{ id: s.case.id }}>{s.case.number}</Link></td>
                <td>{s.case.order ? <Link className="mono quiet" to="/orders/$order" params={{ order: s.case.order }}>{s.case.order}</Link> : '–'}</td>
                <td>{s.case.customer}</td>
                <td style={{ whiteSpace: 'normal', minWidth: 220 }}><strong className="w550">{s.what.join('; ')}</strong></td>
                <td className="muted" style={{ whiteSpace: 'normal', minWidth: 220 }}>{s.why.join('; ')}</td>
                <td className="r num">{money(s.case.money, s.case.currency, true)}</td>
                <td><Sla from={s.case.opened_at} due={s.case.due_at} /></td>
              </tr>
            ))}</tbody>
          </table>
        </div>
        <TextInput label={t.operate.reason} description={t.operate.reasonHint} value={reason} onChange={(e) => { setReason(e.currentTarget.value); again(); }} error={tried && !reason.trim() ? t.operate.need : undefined} maxLength={2000} required />
        {shown && <><Reach of={shown.radius} /><Items of={shown} /></>}
        {shown?.radius.typed && shown.radius.cases > 0 && <NumberInput label={t.fixes.typed(shown.radius.cases)} value={typed} onChange={type} min={0} allowDecimal={false} hideControls w={260} />}
        <div className="buttons">
          {shown && <Button variant="default" onClick={again}>{t.operate.back}</Button>}
          {!shown ? <Button type="submit" loading={busy} disabled={!chosen.length}>{t.suggested.look(chosen.length)}</Button> : <Button type="submit" loading={busy} disabled={!shown.radius.cases || (shown.radius.typed && Number(typed) !== shown.radius.cases)}>{t.fixes.go(shown.radius.cases)}</Button>}
        </div>
      </form>
    </Panel>
  );
}
