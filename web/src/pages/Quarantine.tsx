/* Quarantine: what came from senders whom nobody knows, looked at as it is, released to whom it is from, or discarded. */
import { useMemo, useState } from 'react';
import { Autocomplete, Button, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Quarantined, Taken } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { num } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanOperate } from '../lib/session';
import { Empty, Facts, Failed, Hints, Pill, Rows, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Modal } from '../components/Dialog';
import { Choice, FilterBar, SearchBox } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const STATES = ['kept', 'released', 'discarded'];
const TONES: Record<string, string> = { kept: 'held', released: 'ok', discarded: 'mute' };
const kb = (bytes: number) => num(Math.max(1, Math.round(bytes / 1024)));

export function Quarantine() {
  const [f] = useFilters();
  const { data, error, isPending, refetch } = useQuery(q.quarantine({ q: f.q, state: f.state, limit: 200 }));
  const [current, setCurrent] = useState<string | null>(null), [open, setOpen] = useState<string | null>(null);
  const columns = useMemo<Column<Quarantined>[]>(() => [
    { id: 'sender', head: t.quarantine.sender, grow: 130, cell: (i) => <button type="button" className="linklike w550 cut" onClick={() => setOpen(i.id)} title={i.sender}>{i.sender}</button> },
    { id: 'name', head: t.quarantine.name, hide: 's', max: 220, cell: (i) => <span className="mono cut" title={i.name}>{i.name}</span> },
    { id: 'way', head: t.quarantine.way, hide: 'm', cell: (i) => <span className="mono">{i.channel ? `${i.way}:${i.channel}` : i.way}</span> },
    { id: 'reason', head: t.quarantine.reason, hide: 'm', grow: 120, cell: (i) => <span className="cut" title={i.reason}>{i.reason}</span> },
    { id: 'size', head: t.quarantine.size, right: true, hide: 's', cell: (i) => <span className="num">{t.quarantine.kb(kb(i.size_bytes))}</span> },
    { id: 'state', head: t.partners.state, cell: (i) => <Pill of={TONES[i.state]} label={word(t.quarantine.states, i.state)} /> },
    { id: 'at', head: t.quarantine.at, right: true, cell: (i) => <When at={i.last_at} /> },
  ], []);
  return (
    <div className="page fill">
      <PageHead title={t.quarantine.title} />
      <FilterBar clear={['q', 'state']} end={data && <span className="muted num small" role="status">{t.quarantine.room(num(data.room.items), num(data.room.most_items), kb(data.room.bytes / 1024), kb(data.room.most_bytes / 1024))}</span>}><SearchBox placeholder={t.quarantine.search} /><Choice name="state" label={t.partners.state} any={t.quarantine.anyState} options={STATES.map((s) => [s, word(t.quarantine.states, s)])} /></FilterBar>
      <section className="panel" aria-label={t.quarantine.title}>
        <DataTable label={t.quarantine.title} columns={columns} rows={data?.items ?? []} rowId={(i) => i.id} rowLabel={(i) => `${i.sender}, ${i.name}`} loading={isPending} error={data ? null : error} retry={() => void refetch()} current={current} onCurrent={setCurrent} onOpen={(i) => setOpen(i.id)} keys={!open}
          empty={f.q || f.state ? <Empty title={t.list.noMatch} /> : <Empty title={t.quarantine.empty}>{t.quarantine.emptyWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.keys.open], ['/', t.keys.filter]]} />
      </section>
      {open && <Item id={open} close={() => setOpen(null)} />}
    </div>
  );
}

function Item({ id, close }: { id: string; close: () => void }) {
  const qc = useQueryClient(), may = useCanOperate();
  const { data: i, error } = useQuery(q.quarantined(id));
  const { data: partners } = useQuery(q.partners());
  const [partner, setPartner] = useState(''), [reason, setReason] = useState(''), [busy, setBusy] = useState(false), [took, take] = useState<Taken | null>(null);
  const doing = async (work: () => Promise<void>, what: string) => { setBusy(true); try { await work(); void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/quarantine') }); } catch (e) { failed(what, e); } setBusy(false); };
  const release = () => doing(async () => { take(await act.releaseQuarantined(id, partner.trim())); done(t.quarantine.released); }, t.quarantine.releaseFailed);
  const discard = () => doing(async () => { await act.discardQuarantined(id, reason.trim()); done(t.quarantine.discarded); close(); }, t.quarantine.discardFailed);
  return (
    <Modal opened onClose={close} title={t.quarantine.one} size="xl" closeButtonProps={{ 'aria-label': t.act.close }}>
      {!i ? error ? <Failed error={error} /> : <Rows n={6} /> : (
        <div className="stack">
          <Facts of={[[t.quarantine.sender, <span className="mono">{i.sender}</span>], ...(i.receiver ? [[t.quarantine.receiver, <span className="mono">{i.receiver}</span>] as [string, React.ReactNode]] : []), [t.quarantine.way, <span className="mono">{i.channel ? `${i.way}:${i.channel}` : i.way}</span>], [t.quarantine.reason, i.reason], [t.quarantine.at, <><When at={i.arrived_at} />{i.times > 1 && <> {t.quarantine.times(i.times)}</>}</>], [t.partners.state, <><Pill of={TONES[i.state]} label={word(t.quarantine.states, i.state)} /> {i.ended_by && t.quarantine.by(i.ended_by, i.note)}</>]]} />
          {took && <div className="note ok" role="status">{took.documents.length === 0 ? t.quarantine.already : <ul className="toast-list">{took.documents.map((d, n) => <li key={n}>{d.document ? <Link to="/documents/$id" params={{ id: d.document }}>{d.type} {d.po ?? ''}</Link> : d.type}: {word(t.status, d.status)}</li>)}</ul>}</div>}
          {i.text !== null && <><pre className="exact mono raw" tabIndex={0} aria-label={t.quarantine.raw}>{i.text}</pre>{i.more && <p className="muted small">{t.quarantine.more}</p>}<p><a href={`/api/quarantine/${i.id}/raw`} download>{t.quarantine.save}</a></p></>}
          {may && i.state === 'kept' && <>
            <form className="fieldline" onSubmit={(e) => { e.preventDefault(); void release(); }}><Autocomplete label={t.quarantine.whose} description={i.way === 'as2' ? t.quarantine.whoseAs2 : t.quarantine.whoseHint} data={(partners?.items ?? []).map((p) => p.id)} value={partner} onChange={setPartner} /><Button type="submit" loading={busy} disabled={!partner.trim() && i.way !== 'as2'}>{t.quarantine.release}</Button></form>
            <form className="fieldline" onSubmit={(e) => { e.preventDefault(); void discard(); }}><TextInput label={t.quarantine.why} value={reason} onChange={(e) => setReason(e.currentTarget.value)} maxLength={500} /><Button type="submit" variant="default" loading={busy} disabled={!reason.trim()}>{t.quarantine.discard}</Button></form>
          </>}
        </div>)}
    </Modal>
  );
}
