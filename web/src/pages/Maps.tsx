/* Maps: which part of a partner's document is which field of ours; the library's and the tenant's own. */
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { MapSummary } from '../api/types';
import { t, word, words } from '../i18n';
import { useFilters } from '../lib/filters';
import { Empty, Hints } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

export function Maps() {
  const { data, error, isPending, refetch } = useQuery(q.maps());
  const [f] = useFilters();
  const go = useNavigate();
  const [current, setCurrent] = useState<string | null>(null);
  const rows = useMemo(() => (data ?? []).filter((m) => !f.q || `${m.id} ${m.type} ${m.object} ${m.syntax}`.toLowerCase().includes(f.q.toLowerCase())), [data, f.q]);
  const columns = useMemo<Column<MapSummary>[]>(() => [
    { id: 'id', head: t.maps.map, cell: (m) => <Link className="quiet w550" to="/maps/$id" params={{ id: m.id }}>{m.id}</Link> },
    { id: 'type', head: t.documents.type, cell: (m) => word(t.docTypes, m.type) },
    { id: 'object', head: t.maps.object, hide: 's', grow: 120, cell: (m) => words(m.object) },
    { id: 'directions', head: t.documents.direction, hide: 's', cell: (m) => m.directions.map((d) => word(t.maps.ways, d)).join(', ') },
    { id: 'force', head: t.maps.inForce, max: 320, cell: (m) => (m.in_force.some((x) => x.version > 0) ? m.in_force.filter((x) => x.version > 0).map((x) => t.maps.forWhom(x.version, x.partner)).join(', ') : <span className="muted">{m.shipped ? t.maps.library : t.maps.none}</span>) },
    { id: 'draft', head: t.maps.draft, cell: (m) => (m.draft ? <span className="pill" data-tone="info">{t.maps.version(m.draft)}</span> : '') },
  ], []);
  return (
    <div className="page fill">
      <PageHead title={t.maps.title} />
      <FilterBar clear={['q']} end={<Shown n={rows.length} total={data?.length} />}><SearchBox placeholder={t.maps.search} /></FilterBar>
      <section className="panel" aria-label={t.maps.title}>
        <DataTable label={t.maps.title} columns={columns} rows={rows} rowId={(m) => m.id} rowLabel={(m) => m.id} loading={isPending} error={data ? null : error} retry={() => void refetch()} current={current} onCurrent={setCurrent} onOpen={(m) => void go({ to: '/maps/$id', params: { id: m.id } })}
          empty={f.q ? <Empty title={t.list.noMatch} /> : <Empty title={t.maps.empty}>{t.maps.emptyWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.keys.open], ['/', t.keys.filter]]} />
      </section>
    </div>
  );
}
