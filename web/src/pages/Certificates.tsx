/* Certificates: whose hold and until when, a new one beside the old, and one that is believed no longer. */
import { useMemo, useState } from 'react';
import { Button, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import { q } from '../api/queries';
import type { Certificate } from '../api/types';
import { t } from '../i18n';
import { useNow } from '../lib/clock';
import { useFilters } from '../lib/filters';
import { done, failed } from '../lib/notify';
import { Copy, Empty, Hints, Pill, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Modal } from '../components/Dialog';
import { FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const DAY_MS = 86_400_000, SOON_DAYS = 30;

export function Certificates() {
  const qc = useQueryClient(), now = useNow();
  const { data, error, isPending, refetch } = useQuery(q.certificates());
  const [f] = useFilters();
  const [current, setCurrent] = useState<string | null>(null);
  const [adding, add] = useState<Partial<Certificate> | null>(null), [ending, end] = useState<Certificate | null>(null);
  const rows = useMemo(() => (data ?? []).filter((c) => !f.q || `${c.partner ?? ''} ${c.subject} ${c.fingerprint}`.toLowerCase().includes(f.q.toLowerCase())), [data, f.q]);
  const fresh = () => void qc.invalidateQueries({ queryKey: ['/certificates'] });
  const withdraw = async (c: Certificate) => { try { await act.withdrawCertificate(c.fingerprint, c.partner ?? ''); done(t.certs.withdrawn, c.subject); fresh(); } catch (e) { failed(t.certs.withdrawFailed, e); } end(null); };
  const columns = useMemo<Column<Certificate>[]>(() => [
    { id: 'whose', head: t.certs.whose, cell: (c) => <strong className="w550">{c.partner ?? t.certs.ours}</strong> },
    { id: 'subject', head: t.partners.subject, hide: 's', grow: 120, cell: (c) => <span className="cut" title={c.subject}>{c.subject}</span> },
    { id: 'until', head: t.partners.until, hide: 's', cell: (c) => <When at={c.not_after} /> },
    { id: 'left', head: t.certs.left, cell: (c) => <Left of={c} now={now} /> },
    { id: 'print', head: t.partners.fingerprint, hide: 'm', cell: (c) => <span className="mono small">{c.fingerprint.slice(0, 16)}… <Copy text={c.fingerprint} /></span> },
    { id: 'do', head: t.transports.actions, mute: true, right: true, cell: (c) => (c.withdrawn ? '' : <span className="buttons tight"><Button size="compact-xs" variant="default" aria-label={t.certs.replaceOne(c.subject)} onClick={() => add(c)}>{t.certs.replace}</Button><Button size="compact-xs" variant="default" aria-label={t.certs.withdrawOne(c.subject)} onClick={() => end(c)}>{t.certs.withdraw}</Button></span>) },
  ], [now]);
  return (
    <div className="page fill">
      <PageHead title={t.certs.title} />
      <FilterBar clear={['q']} end={<><Shown n={rows.length} total={data?.length} /><Button size="compact-sm" onClick={() => add({})}>{t.certs.add}</Button></>}><SearchBox placeholder={t.certs.search} /></FilterBar>
      <section className="panel" aria-label={t.certs.title}>
        <DataTable label={t.certs.title} columns={columns} rows={rows} rowId={(c) => `${c.partner ?? ''}/${c.fingerprint}`} rowLabel={(c) => c.subject} loading={isPending} error={data ? null : error} retry={() => void refetch()} current={current} onCurrent={setCurrent}
          empty={f.q ? <Empty title={t.list.noMatch} /> : <Empty title={t.certs.empty}>{t.certs.emptyWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['/', t.keys.filter]]} />
      </section>
      {adding && <AddDialog of={adding} close={() => add(null)} added={fresh} />}
      {ending && <Modal opened onClose={() => end(null)} title={t.certs.withdrawTitle} closeButtonProps={{ 'aria-label': t.act.close }}><div className="stack"><p>{t.certs.withdrawBody(ending.subject)}</p><div className="buttons"><Button variant="default" onClick={() => end(null)} data-autofocus>{t.act.cancel}</Button><Button color="red" onClick={() => void withdraw(ending)}>{t.certs.withdraw}</Button></div></div></Modal>}
    </div>
  );
}

function Left({ of: c, now }: { of: Certificate; now: number }) {
  const days = Math.floor((Date.parse(c.not_after) - now) / DAY_MS);
  if (c.withdrawn) return <Pill of="mute" label={t.certs.gone} />;
  if (days < 0) return <Pill of="rejected" label={t.partners.expired} />;
  return <><Pill of={days < SOON_DAYS ? 'held' : 'ok'} label={t.certs.days(days)} />{Date.parse(c.valid_from) > now && <span className="muted small"> {t.certs.later}</span>}</>;
}

function AddDialog({ of, close, added }: { of: Partial<Certificate>; close: () => void; added: () => void }) {
  const [pem, setPem] = useState(''), [partner, setPartner] = useState(of.partner ?? ''), [secret, setSecret] = useState(of.key_secret ?? ''), [from, setFrom] = useState(''), [bad, tell] = useState(''), [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try { await act.addCertificate({ pem, partner: partner.trim(), key_secret: secret.trim(), ...(from ? { valid_from: `${from}T00:00:00Z` } : {}) }); done(t.certs.added); added(); close(); } catch (e) { tell(e instanceof ApiError ? (e.problem.findings?.map((x) => `${t.reading.said(x.expected, x.found)} ${x.fix}`).join(' ') || e.message) : String(e)); setBusy(false); }
  };
  return (
    <Modal opened onClose={close} title={of.subject ? t.certs.replaceTitle(of.partner ?? t.certs.ours) : t.certs.add} size="lg" closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        {of.subject && <p className="muted">{t.certs.rollOver}</p>}
        <Textarea label={t.certs.pem} description={t.certs.pemHint} value={pem} onChange={(e) => setPem(e.currentTarget.value)} autosize minRows={6} maxRows={14} classNames={{ input: 'mono' }} required withAsterisk={false} error={bad || undefined} data-autofocus />
        <TextInput label={t.certs.partner} description={t.certs.partnerHint} value={partner} onChange={(e) => setPartner(e.currentTarget.value)} />
        {!partner.trim() && <TextInput label={t.certs.key} description={t.certs.keyHint} value={secret} onChange={(e) => setSecret(e.currentTarget.value)} />}
        <TextInput type="date" label={t.certs.from} description={t.certs.fromHint} value={from} onChange={(e) => setFrom(e.currentTarget.value)} />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy}>{t.certs.add}</Button></div>
      </form>
    </Modal>
  );
}
