/* Incidents: a system is down, once, with all the orders it holds up. */
import { useMemo, useState } from 'react';
import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { Incident } from '../api/types';
import { t, words } from '../i18n';
import { useNow } from '../lib/clock';
import { useFilters } from '../lib/filters';
import { date, money, num, span } from '../lib/format';
import { useRows } from '../lib/rows';
import { Empty, Facts, Failed, LinkButton, OrderPill, Panel, Pill, Rows, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { FilterBar, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';
import { TellAll } from '../components/TellAll';

function Lasted({ of: i }: { of: Pick<Incident, 'opened_at' | 'resolved_at'> }) {
  const now = useNow();
  return <span className="num">{span((i.resolved_at ? Date.parse(i.resolved_at) : now) - Date.parse(i.opened_at))}</span>;
}

export function Incidents() {
  const [f, set] = useFilters();
  const go = useNavigate();
  const status = f.status ?? '';
  const of = useRows<Incident>(q.incidents({ status }));
  const [current, setCurrent] = useState<string | null>(null);
  const columns = useMemo<Column<Incident>[]>(() => [
    { id: 'number', head: t.incidents.number, cell: (i) => <Link className="mono quiet" to="/incidents/$id" params={{ id: i.id }}>{i.number}</Link> },
    { id: 'state', head: t.incidents.state, cell: (i) => <span className="pill" data-tone={i.state === 'open' ? 'bad' : 'ok'}>{i.state === 'open' ? t.incidents.open : t.incidents.resolved}</span> },
    { id: 'system', head: t.incidents.system, cell: (i) => words(i.system) },
    { id: 'title', head: t.incidents.what, grow: 150, cell: (i) => <strong className="w550" title={i.detail}>{i.title}</strong> },
    { id: 'orders', head: t.incidents.orders, right: true, cell: (i) => <span className="num">{num(i.orders)}</span> },
    { id: 'money', head: t.incidents.money, right: true, hide: 's', cell: (i) => <span className="num">{money(i.money, null)}</span> },
    { id: 'opened', head: t.incidents.opened, hide: 's', cell: (i) => <When at={i.opened_at} /> },
    { id: 'lasted', head: t.incidents.lasted, right: true, cell: (i) => <Lasted of={i} /> },
  ], []);
  return (
    <div className="page fill">
      <PageHead title={t.incidents.title} />
      <FilterBar end={<Shown n={of.rows.length} total={of.total} />}>
        <SegmentedControl size="xs" value={status} onChange={(v) => set({ status: v || undefined })} aria-label={t.incidents.state} data={[{ value: '', label: t.incidents.all }, { value: 'open', label: t.incidents.open }, { value: 'resolved', label: t.incidents.resolved }]} />
      </FilterBar>
      <section className="panel" aria-label={t.incidents.title}>
        <DataTable label={t.incidents.title} columns={columns} rows={of.rows} rowId={(i) => i.id} rowLabel={(i) => `${i.number}, ${i.title}`} loading={of.loading} error={of.error} retry={of.retry} more={of.more} current={current} onCurrent={setCurrent}
          onOpen={(i) => void go({ to: '/incidents/$id', params: { id: i.id } })} empty={<Empty title={t.incidents.empty}>{t.incidents.emptyWhy}</Empty>} />
      </section>
    </div>
  );
}

export function IncidentPage() {
  const { id = '' } = useParams({ strict: false });
  const { data: i, error, refetch } = useQuery(q.incident(id));
  const head = <PageHead title={i?.number ?? t.incidents.number} crumbs={[{ label: t.incidents.title, to: '/incidents' }]} after={i && <Pill of={i.state === 'open' ? 'firing' : i.state} label={i.state === 'open' ? t.incidents.open : t.incidents.resolved} />} />;
  if (!i) return <div className="page">{head}<div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows />}</div></div>;
  const orders = Array.isArray(i.orders) ? i.orders : [];
  return (
    <div className="page">
      {head}
      <Panel title={i.title} right={<LinkButton variant="default" size="compact-xs" to="/exceptions" search={{ incident: i.id }}>{t.incidents.cases}</LinkButton>}>
        <div className="body">
          <p>{i.detail}</p>{i.state === 'open' && <p className="note">{t.incidents.resumes}</p>}
          <Facts of={[[t.incidents.system, words(i.system)], [t.incidents.opened, <When at={i.opened_at} />], [t.incidents.lasted, <Lasted of={i} />], [t.incidents.orders, num(Array.isArray(i.orders) ? orders.length : i.orders)], [t.incidents.money, money(i.money, null)]]} />
        </div>
      </Panel>
      <Panel title={t.incidents.heldUp} count={orders.length}>
        {orders.length === 0 ? <Empty title={t.incidents.none} /> : <ul className="list">{orders.map((o) => (typeof o === 'string' ? <li key={o}><Link className="mono" to="/orders/$order" params={{ order: o }}>{o}</Link></li> : <li key={o.order}><div className="a"><Link className="mono" to="/orders/$order" params={{ order: o.order }}>{o.order}</Link><span>{o.customer}</span><OrderPill of={o.status} /><span className="num">{money(o.total, o.currency)}</span>{o.promised_on && <span className="muted">{t.cases.promised} {date(o.promised_on)}</span>}</div></li>))}</ul>}
      </Panel>
      <TellAll incident={i.id} />
    </div>
  );
}
