/* What could not be handed on: events of the inbox (workflows that listen) and the outbox (the timeline, the numbers), and
   documents that a channel could not deliver. Chosen ones are previewed, handed on again, or discarded with a reason. */
import { useState } from 'react';
import { Button, Checkbox, NumberInput, SegmentedControl, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { DeadLetter, Foreseen } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { num } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanOperate } from '../lib/session';
import { Empty, Failed, Panel, Pill, Rows, When } from '../components/Bits';
import { FilterBar, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const MANY = 25;
const boxOf = (d: DeadLetter) => (d.listeners ? 'inbox' : 'outbox');

export function DeadLetters() {
  const qc = useQueryClient(), may = useCanOperate();
  const [f, set] = useFilters();
  const box = f.box ?? '';
  const { data, error, refetch } = useQuery(q.deadLetters());
  const { data: channels } = useQuery(q.undelivered());
  const [picked, pick] = useState<number[]>([]), [reason, setReason] = useState(''), [typed, type] = useState<number | string>(''), [busy, setBusy] = useState(false), [shown, show] = useState<Foreseen[] | null>(null);
  const all = (data?.items ?? []).filter((d) => !box || boxOf(d) === box);
  const chosen = picked.filter((s) => all.some((d) => d.seq === s));
  const choose = (seqs: number[]) => { pick(seqs); show(null); type(''); };
  const run = async (g: () => Promise<string>) => { setBusy(true); try { const said = await g(); if (said) { done(said); choose([]); setReason(''); void qc.invalidateQueries({ queryKey: ['/dead-letters'] }); } } catch (e) { failed(t.dead.failed, e); } setBusy(false); };
  const sure = chosen.length < MANY || Number(typed) === chosen.length;
  return (
    <div className="page">
      <PageHead title={t.dead.title} crumbs={[{ label: t.cases.title, to: '/exceptions' }]} />
      <FilterBar end={<Shown n={all.length} total={box ? all.length : data?.total} />}>
        <SegmentedControl size="xs" value={box} onChange={(v) => set({ box: v || undefined })} aria-label={t.dead.box} data={[{ value: '', label: t.dead.anyBox }, ...(['inbox', 'outbox'] as const).map((b) => ({ value: b, label: word(t.dead.boxes, b) }))]} />
      </FilterBar>
      <section className="panel" aria-label={t.dead.title}>
        {!data ? error ? <Failed error={error} retry={() => void refetch()} /> : <Rows /> : all.length === 0 ? <Empty title={t.dead.empty}>{t.dead.emptyWhy}</Empty> : (
          <div className="scroll" tabIndex={0} role="region" aria-label={t.list.scroll(t.dead.title)} style={{ maxHeight: '50vh', flex: 'none' }}>
            <table className="tbl" aria-label={t.dead.title}>
              <thead><tr>{may && <th scope="col"><Checkbox size="xs" aria-label={t.dead.chooseAll} checked={chosen.length === all.length} indeterminate={chosen.length > 0 && chosen.length < all.length} onChange={(e) => choose(e.currentTarget.checked ? all.map((d) => d.seq) : [])} /></th>}{[t.dead.box, t.dead.what, t.dead.about, t.dead.why, t.dead.since].map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
              <tbody>{all.map((d) => (
                <tr key={d.seq}>
                  {may && <td><Checkbox size="xs" aria-label={t.dead.choose(`${d.type} ${d.seq}`)} checked={chosen.includes(d.seq)} onChange={(e) => choose(e.currentTarget.checked ? [...chosen, d.seq] : chosen.filter((s) => s !== d.seq))} /></td>}
                  <td><Pill of="held" label={word(t.dead.boxes, boxOf(d))} /></td><td className="mono">{d.type}</td><td>{/^SO-/.test(d.subject) ? <Link className="mono quiet" to="/orders/$order" params={{ order: d.subject }}>{d.subject}</Link> : <span className="mono">{d.subject}</span>}</td><td style={{ whiteSpace: 'normal' }}>{d.reason}</td><td><When at={d.at} /></td>
                </tr>
              ))}</tbody>
            </table>
          </div>
        )}
        {chosen.length > 0 && (
          <div className="body stack">
            <p role="status"><strong>{t.dead.chosen(chosen.length)}</strong></p>
            {shown && <ul className="toast-list" aria-label={t.dead.preview}>{shown.map((x) => <li key={x.seq}><Pill of={x.taken ? 'accepted' : 'failed'} label={x.taken ? t.dead.would : t.fixes.outcomes.fails ?? ''} /> <span className="mono">{x.type} {x.subject}</span>: {x.taken ? (x.heard ? t.dead.hears(x.heard) : t.dead.nobody) : x.text}</li>)}</ul>}
            {chosen.length >= MANY && <NumberInput label={t.dead.typed(chosen.length)} value={typed} onChange={type} hideControls allowDecimal={false} w={220} />}
            <div className="buttons">
              <Button variant="default" loading={busy} onClick={() => void run(async () => { show(await act.foresee(chosen)); return ''; })}>{t.operate.preview}</Button>
              <Button loading={busy} disabled={!shown || !sure} onClick={() => void run(async () => t.dead.replayed((await act.replayDead(chosen)).seqs.length))}>{t.dead.replay}</Button>
              <TextInput aria-label={t.dead.reason} placeholder={t.dead.reason} value={reason} onChange={(e) => setReason(e.currentTarget.value)} w={220} />
              <Button variant="default" color="red" loading={busy} disabled={!reason.trim() || !sure} onClick={() => void run(async () => t.dead.discarded((await act.discardDead(chosen, reason.trim())).seqs.length))}>{t.dead.discard}</Button>
            </div>
          </div>
        )}
      </section>
      {!!channels?.length && (
        <Panel title={t.dead.channels} count={num(channels.length)}>
          <ul className="list">{channels.map((d) => <li key={`${d.document}/${d.number}`}><div className="a"><Pill of="failed" label={d.state} /><span className="mono">{d.channel}</span><Link className="mono quiet" to="/documents/$id" params={{ id: d.document }}>{t.dead.document}</Link><span>{d.detail}</span><When at={d.began_at} />{may && <Button size="compact-xs" variant="default" loading={busy} onClick={() => void run(async () => { await act.resendDelivery(d.document); void qc.invalidateQueries({ queryKey: ['/deliveries'] }); return t.dead.resent; })}>{t.dead.resend}</Button>}</div></li>)}</ul>
        </Panel>
      )}
    </div>
  );
}
