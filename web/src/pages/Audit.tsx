/* Who did what to what, newest first. */
import { useMemo, useState } from 'react';
import { Popover, UnstyledButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { AuditRecord, Json } from '../api/types';
import { t } from '../i18n';
import { useFilters } from '../lib/filters';
import { fullTime } from '../lib/format';
import { useRows } from '../lib/rows';
import { Empty } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { JsonView } from '../components/JsonView';
import { PageHead } from '../components/PageHead';

const line = (j: Json): string => (j === null || j === undefined ? '' : typeof j !== 'object' ? String(j) : Object.entries(j).filter(([, v]) => v !== null && v !== '').map(([k, v]) => `${k}: ${typeof v === 'object' ? JSON.stringify(v) : String(v)}`).join(', '));

export function Audit() {
  const [f] = useFilters();
  const of = useRows<AuditRecord>(q.audit({ q: f.q }));
  const [current, setCurrent] = useState<string | null>(null);
  const keyed = useMemo(() => of.rows.map((r, i) => ({ ...r, key: `${r.at}#${i}` })), [of.rows]);
  const columns = useMemo<Column<AuditRecord & { key: string }>[]>(() => [
    { id: 'at', head: t.audit.at, cell: (r) => <time className="num" dateTime={r.at}>{fullTime(r.at)}</time> },
    { id: 'actor', head: t.audit.actor, cell: (r) => <strong className="w550">{r.actor}</strong> },
    { id: 'action', head: t.audit.action, cell: (r) => <span className="mono">{r.action}</span> },
    { id: 'object', head: t.audit.object, max: 260, cell: (r) => (/^SO-/.test(r.object) ? <Link className="mono quiet" to="/orders/$order" params={{ order: r.object }}>{r.object}</Link> : <span className="mono" title={r.object}>{r.object}</span>) },
    { id: 'detail', head: t.audit.detail, grow: 140, cell: (r) => (line(r.detail) ? <Popover width={420} position="bottom-start" withinPortal><Popover.Target><UnstyledButton className="cut quiet-button">{line(r.detail)}</UnstyledButton></Popover.Target><Popover.Dropdown><JsonView of={r.detail} /></Popover.Dropdown></Popover> : '') },
  ], []);
  return (
    <div className="page fill">
      <PageHead title={t.audit.title} />
      <FilterBar clear={['q']} end={<Shown n={of.rows.length} total={of.total} />}><SearchBox placeholder={t.audit.search} /></FilterBar>
      <section className="panel" aria-label={t.audit.title}>
        <DataTable label={t.audit.title} columns={columns} rows={keyed} rowId={(r) => r.key} rowLabel={(r) => `${r.actor}, ${r.action}, ${r.object}`} loading={of.loading} error={of.error} retry={of.retry} more={of.more} current={current} onCurrent={setCurrent} empty={f.q ? <Empty title={t.list.noMatch} /> : <Empty title={t.audit.empty}>{t.audit.emptyWhy}</Empty>} />
      </section>
    </div>
  );
}
