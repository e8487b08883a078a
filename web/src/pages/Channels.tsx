/* Channels: how documents come and go, how each way fares, and the buttons with which it is tried, stopped and started. */
import { useMemo, useState } from 'react';
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Channel } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { num } from '../lib/format';
import { done, failed } from '../lib/notify';
import { Empty, Hints, LinkButton, Pill, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Choice, FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const STATES = ['works', 'failing', 'suspended', 'new'];
export const stateOf = (c: Channel) => (!c.enabled ? 'suspended' : c.failures > 0 ? 'failing' : c.last_success_at ? 'works' : 'new');
const TONES: Record<string, string> = { works: 'ok', failing: 'failed', suspended: 'held', new: 'pending' };

export function Channels() {
  const qc = useQueryClient(), go = useNavigate();
  const { data, error, isPending, refetch } = useQuery(q.channels());
  const [f] = useFilters();
  const [current, setCurrent] = useState<string | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [tried, setTried] = useState<{ channel: string; works: boolean; found: string } | null>(null);
  const rows = useMemo(() => (data ?? []).filter((c) => (!f.state || stateOf(c) === f.state) && (!f.q || `${c.channel} ${c.kind} ${c.partner ?? ''} ${c.last_failure}`.toLowerCase().includes(f.q.toLowerCase()))), [data, f.q, f.state]);
  const doing = async (c: Channel, work: () => Promise<unknown>, what: string) => { setBusy(c.channel); try { await work(); void qc.invalidateQueries({ queryKey: ['/channels'] }); } catch (e) { failed(what, e); } setBusy(null); };
  const test = (c: Channel) => doing(c, async () => setTried(await act.testChannel(c.channel)), t.transports.testFailed);
  const toggle = (c: Channel) => doing(c, async () => { await act.switchChannel(c.channel, !c.enabled); done(c.enabled ? t.transports.suspended : t.transports.resumed, c.channel); }, t.transports.switchFailed);
  const run = (c: Channel) => doing(c, async () => { await act.runChannel(c.channel); done(t.transports.runs, c.channel); }, t.transports.runFailed);
  const columns = useMemo<Column<Channel>[]>(() => [
    { id: 'channel', head: t.transports.channel, max: 200, cell: (c) => <Link className="quiet mono w550" title={t.transports.change(c.channel)} to="/channels/$id/edit" params={{ id: c.channel }}>{c.channel}</Link> },
    { id: 'kind', head: t.transports.kind, hide: 's', cell: (c) => word(t.transports.kinds, c.kind) },
    { id: 'direction', head: t.partners.direction, hide: 'm', cell: (c) => <>{word(t.partners.ways, c.direction)}{!c.usual && <span className="muted"> {t.transports.agreedOnly}</span>}</> },
    { id: 'partner', head: t.partners.one, hide: 's', cell: (c) => (c.partner ? <Link className="quiet" to="/partners/$id" params={{ id: c.partner }}>{c.partner}</Link> : <span className="muted">{t.transports.several}</span>) },
    { id: 'state', head: t.partners.state, cell: (c) => { const of = stateOf(c), pill = <Pill of={TONES[of]} label={word(t.transports.states, of)} />; return c.case ? <Link to="/exceptions/$id" params={{ id: c.case }}>{pill}</Link> : pill; } },
    { id: 'last', head: t.transports.lastIn, hide: 'm', cell: (c) => (c.last_arrival_at ? <When at={c.last_arrival_at} /> : <span className="muted">{t.partners.never}</span>) },
    { id: 'waiting', head: t.transports.waiting, right: true, cell: (c) => <span className={`num ${c.waiting ? '' : 'muted'}`}>{num(c.waiting)}</span> },
    { id: 'error', head: t.transports.lastError, hide: 'm', grow: 120, cell: (c) => (c.last_failure ? <span className="cut" title={c.last_failure}>{c.last_failure}</span> : <span className="muted">–</span>) },
    { id: 'do', head: t.transports.actions, mute: true, right: true, cell: (c) => <span className="buttons tight"><Button size="compact-xs" variant="default" loading={busy === c.channel} aria-label={t.transports.testOne(c.channel)} onClick={() => void test(c)}>{t.transports.test}</Button><Button size="compact-xs" variant="default" aria-label={c.enabled ? t.transports.suspendOne(c.channel) : t.transports.resumeOne(c.channel)} onClick={() => void toggle(c)}>{c.enabled ? t.transports.suspend : t.transports.resume}</Button></span> },
  ], [busy]);
  return (
    <div className="page fill">
      <PageHead title={t.transports.title} after={<LinkButton size="compact-sm" to="/channels/new">{t.transports.create}</LinkButton>} />
      <FilterBar clear={['q', 'state']} end={<Shown n={rows.length} total={data?.length} />}><SearchBox placeholder={t.transports.search} /><Choice name="state" label={t.partners.state} any={t.transports.anyState} options={STATES.map((s) => [s, word(t.transports.states, s)])} /></FilterBar>
      <section className="panel" aria-label={t.transports.title}>
        {tried && <div className={`note ${tried.works ? 'ok' : 'bad'}`} role="status"><strong>{tried.works ? t.transports.works(tried.channel) : t.transports.worksNot(tried.channel)}</strong> {tried.found} <Button size="compact-xs" variant="subtle" onClick={() => setTried(null)}>{t.act.close}</Button></div>}
        <DataTable label={t.transports.title} columns={columns} rows={rows} rowId={(c) => c.channel} rowLabel={(c) => c.channel} loading={isPending} error={data ? null : error} retry={() => void refetch()} current={current} onCurrent={setCurrent} commands={{ e: (c) => void go({ to: '/channels/$id/edit', params: { id: c.channel } }), t: (c) => void test(c), s: (c) => void toggle(c), r: (c) => void run(c) }}
          empty={f.q || f.state ? <Empty title={t.list.noMatch} /> : <Empty title={t.transports.empty}>{t.transports.emptyWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['T', t.transports.test], ['S', t.transports.switchKey], ['R', t.transports.runNow], ['/', t.keys.filter]]} />
      </section>
    </div>
  );
}
