/* Documents in and out, and the place to take one in by hand. */
import { useMemo, useState } from 'react';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { DocumentSummary } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { money, num } from '../lib/format';
import { useRows } from '../lib/rows';
import { Empty, Pill, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Choice, FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { Intake } from '../components/Intake';
import { PageHead } from '../components/PageHead';

const STATUS = ['accepted', 'duplicate', 'held', 'rejected', 'sent'];
const FILTERS = ['q', 'status', 'type', 'partner'];

export function Documents() {
  const [f] = useFilters();
  const go = useNavigate();
  const of = useRows<DocumentSummary>(q.documents({ q: f.q, status: f.status, type: f.type, partner: f.partner }));
  const [current, setCurrent] = useState<string | null>(null);
  const columns = useMemo<Column<DocumentSummary>[]>(() => [
    { id: 'type', head: t.documents.type, cell: (d) => <Link className="quiet w550" to="/documents/$id" params={{ id: d.id }}>{word(t.docTypes, d.type)}</Link> },
    { id: 'dir', head: t.documents.direction, hide: 's', cell: (d) => (d.direction === 'in' ? t.documents.in : t.documents.out) },
    { id: 'format', head: t.documents.format, hide: 'm', cell: (d) => word(t.formats, d.format) },
    { id: 'status', head: t.documents.status, cell: (d) => <Pill of={d.status} /> },
    { id: 'errors', head: t.documents.errors, right: true, hide: 's', cell: (d) => <span className={`num ${d.errors ? 'bad' : 'muted'}`}>{num(d.errors)}</span> },
    { id: 'partner', head: t.documents.partner, grow: 110, cell: (d) => <span title={d.partner ?? undefined}>{d.partner_name ?? d.partner ?? '–'}</span> },
    { id: 'file', head: t.documents.filename, hide: 's', max: 200, cell: (d) => (d.filename ? <span className="mono" title={d.filename}>{d.filename}</span> : '–') },
    { id: 'order', head: t.documents.order, cell: (d) => (d.order ? <Link className="mono quiet" to="/orders/$order" params={{ order: d.order }}>{d.order}</Link> : '–') },
    { id: 'po', head: t.documents.po, hide: 'm', max: 130, cell: (d) => <span className="mono">{d.po ?? '–'}</span> },
    { id: 'total', head: t.documents.total, right: true, hide: 's', cell: (d) => <span className="num">{money(d.total, d.currency)}</span> },
    { id: 'received', head: t.documents.received, hide: 's', cell: (d) => <When at={d.received_at} /> },
  ], []);
  const filtered = FILTERS.some((k) => f[k]);
  return (
    <div className="page fill docs">
      <PageHead title={t.documents.title} />
      <div className="stack"><Intake />
        <FilterBar clear={FILTERS} end={<Shown n={of.rows.length} total={of.total} />}>
          <SearchBox placeholder={t.documents.search} />
          <Choice name="status" label={t.documents.status} any={t.documents.anyStatus} options={STATUS.map((s) => [s, word(t.status, s)])} />
          <Choice name="type" label={t.documents.type} any={t.documents.anyType} options={[...new Set(of.rows.map((d) => d.type))].sort().map((x) => [x, word(t.docTypes, x)])} />
        </FilterBar>
      </div>
      <section className="panel" aria-label={t.documents.title}>
        <DataTable label={t.documents.title} columns={columns} rows={of.rows} rowId={(d) => d.id} rowLabel={(d) => `${word(t.docTypes, d.type)}, ${d.filename ?? ''}, ${word(t.status, d.status)}`} loading={of.loading} error={of.error} retry={of.retry} more={of.more} current={current} onCurrent={setCurrent}
          onOpen={(d) => void go({ to: '/documents/$id', params: { id: d.id } })} empty={filtered ? <Empty title={t.list.noMatch} /> : <Empty title={t.documents.empty}>{t.documents.emptyWhy}</Empty>} />
      </section>
    </div>
  );
}
