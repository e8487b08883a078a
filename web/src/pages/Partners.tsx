/* Trading partners: who they are, what is agreed, when they were last heard of. */
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { PartnerSummary } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { num } from '../lib/format';
import { useCanRepair } from '../lib/session';
import { Empty, Hints, LinkButton, Pill, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Choice, FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const MODES = ['production', 'test', 'trial'];

export function Partners() {
  const { data, error, isPending, refetch } = useQuery(q.partners());
  const [f] = useFilters(), manager = useCanRepair();
  const go = useNavigate();
  const [current, setCurrent] = useState<string | null>(null);
  const rows = useMemo(() => (data?.items ?? []).filter((p) => (!f.mode || p.mode === f.mode) && (!f.q || `${p.id} ${p.name} ${p.customer_id}`.toLowerCase().includes(f.q.toLowerCase()))), [data, f.q, f.mode]);
  const columns = useMemo<Column<PartnerSummary>[]>(() => [
    { id: 'name', head: t.partners.name, grow: 150, cell: (p) => <Link className="quiet w550" to="/partners/$id" params={{ id: p.id }}>{p.name}</Link> },
    { id: 'id', head: t.partners.id, hide: 's', max: 220, cell: (p) => <span className="mono" title={p.id}>{p.id}</span> },
    { id: 'customer', head: t.partners.customer, hide: 'm', cell: (p) => <span className="mono">{p.customer_id}</span> },
    { id: 'mode', head: t.partners.mode, cell: (p) => <Pill of={p.mode === 'production' ? 'ok' : p.mode} label={word(t.partners.modes, p.mode)} /> },
    { id: 'agreements', head: t.partners.agreements, right: true, hide: 's', cell: (p) => <span className={`num ${p.agreements.length ? '' : 'muted'}`} title={p.agreements.join('\n')}>{num(p.agreements.length)}</span> },
    { id: 'last', head: t.partners.last, right: true, cell: (p) => (p.last_document_at ? <When at={p.last_document_at} /> : <span className="muted">{t.partners.never}</span>) },
  ], []);
  return (
    <div className="page fill">
      <PageHead title={t.partners.title} />
      <FilterBar clear={['q', 'mode']} end={<><Shown n={rows.length} total={data?.total} />{manager && <LinkButton size="compact-sm" to="/partners/new">{t.partners.create}</LinkButton>}</>}><SearchBox placeholder={t.partners.search} /><Choice name="mode" label={t.partners.mode} any={t.partners.anyMode} options={MODES.map((m) => [m, word(t.partners.modes, m)])} /></FilterBar>
      <section className="panel" aria-label={t.partners.title}>
        <DataTable label={t.partners.title} columns={columns} rows={rows} rowId={(p) => p.id} rowLabel={(p) => p.name} loading={isPending} error={data ? null : error} retry={() => void refetch()} current={current} onCurrent={setCurrent} onOpen={(p) => void go({ to: '/partners/$id', params: { id: p.id } })}
          empty={f.q || f.mode ? <Empty title={t.list.noMatch} /> : <Empty title={t.partners.empty}>{t.partners.emptyWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.keys.open], ['/', t.keys.filter]]} />
      </section>
    </div>
  );
}
