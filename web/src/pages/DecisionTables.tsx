/* Decision tables: the library's and the tenant's own, with what is in force and what is being written. */
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { TableSummary } from '../api/types';
import { t } from '../i18n';
import { useFilters } from '../lib/filters';
import { num } from '../lib/format';
import { Empty, Hints, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

export function DecisionTables() {
  const { data, error, isPending, refetch } = useQuery(q.tables());
  const [f] = useFilters();
  const go = useNavigate();
  const [current, setCurrent] = useState<string | null>(null);
  const rows = useMemo(() => (data ?? []).filter((x) => !f.q || `${x.name} ${x.title}`.toLowerCase().includes(f.q.toLowerCase())), [data, f.q]);
  const columns = useMemo<Column<TableSummary>[]>(() => [
    { id: 'name', head: t.tables.name, cell: (x) => <Link className="quiet w550" to="/decision-tables/$name" params={{ name: x.name }}>{x.name}</Link> },
    { id: 'title', head: t.tables.question, hide: 's', grow: 160, cell: (x) => x.title },
    { id: 'rows', head: t.tables.rows, right: true, hide: 's', cell: (x) => <span className="num">{num(x.rows)}</span> },
    { id: 'force', head: t.tables.inForce, cell: (x) => (x.in_force === null ? <span className="muted">{t.tables.nothing}</span> : x.in_force === 0 ? <span className="muted">{t.tables.version(0)}</span> : t.tables.version(x.in_force)) },
    { id: 'by', head: t.tables.by, hide: 'm', cell: (x) => (x.activated_at ? <>{x.activated_by}, <When at={x.activated_at} /></> : '') },
    { id: 'draft', head: t.tables.draft, cell: (x) => (x.draft ? <span className="pill" data-tone="info">{t.tables.draftOf(x.draft, x.draft_by ?? '')}</span> : '') },
  ], []);
  return (
    <div className="page fill">
      <PageHead title={t.tables.title} />
      <FilterBar clear={['q']} end={<Shown n={rows.length} total={data?.length} />}><SearchBox placeholder={t.tables.search} /></FilterBar>
      <section className="panel" aria-label={t.tables.title}>
        <DataTable label={t.tables.title} columns={columns} rows={rows} rowId={(x) => x.name} rowLabel={(x) => x.name} loading={isPending} error={data ? null : error} retry={() => void refetch()} current={current} onCurrent={setCurrent} onOpen={(x) => void go({ to: '/decision-tables/$name', params: { name: x.name } })} empty={<Empty title={t.tables.empty} />} />
        <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.keys.open]]} />
      </section>
    </div>
  );
}
