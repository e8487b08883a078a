/* All orders: filtered, sorted and searched by the server, filters in the address. */
import { useMemo, useState } from 'react';
import { Button, Checkbox } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { query } from '../api/client';
import { q } from '../api/queries';
import type { OrderSummary } from '../api/types';
import { t, word } from '../i18n';
import { date, money, num } from '../lib/format';
import { useFilters } from '../lib/filters';
import { useRows } from '../lib/rows';
import { Age, Empty, Hints, LinkButton, OrderPill } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Choice, FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const STATUS = ['open', 'waiting', 'in_case', 'closed', 'cancelled', 'rejected'];
const CHANNELS = ['x12', 'json', 'csv', 'xlsx', 'manual'];
const FILTERS = ['q', 'status', 'process', 'version', 'stage', 'site', 'partner', 'type', 'channel', 'customer', 'late', 'risk'];
// Of the board: shown as they are, and taken away one by one.
const FROM_BOARD = ['process', 'version', 'site', 'partner', 'type', 'risk'] as const;

const columns: Column<OrderSummary>[] = [
  { id: 'order', head: t.orders.order, sort: 'order', cell: (o) => <Link className="mono quiet" to="/orders/$order" params={{ order: o.order }}>{o.order}</Link> },
  { id: 'customer', head: t.orders.customer, sort: 'customer', grow: 120, cell: (o) => <span title={o.customer}>{o.customer}</span> },
  { id: 'po', head: t.orders.po, hide: 's', max: 150, cell: (o) => <span className="mono">{o.po}</span> },
  { id: 'status', head: t.orders.status, cell: (o) => <OrderPill of={o.status} /> },
  { id: 'stage', head: t.orders.stage, sort: 'stage', hide: 's', cell: (o) => o.stage_label },
  { id: 'flags', head: t.orders.flags, mute: true, hide: 's', cell: (o) => <span className="chips">{o.late && <span className="pill" data-tone="bad">{t.orders.late}</span>}{o.open_cases > 0 && o.status !== 'in_case' && <span className="pill" data-tone="warn">{t.orders.cases(o.open_cases)}</span>}</span> },
  { id: 'total', head: t.orders.total, sort: 'total', right: true, cell: (o) => <span className="num">{money(o.total, o.currency)}</span> },
  { id: 'lines', head: t.orders.lines, right: true, hide: 'm', cell: (o) => <span className="num">{num(o.lines)}</span> },
  { id: 'channel', head: t.orders.channel, hide: 'm', cell: (o) => word(t.channels, o.channel) },
  { id: 'promised', head: t.orders.promised, sort: 'promised_on', hide: 's', cell: (o) => <span className="num">{date(o.promised_on)}</span> },
  { id: 'age', head: t.orders.age, sort: 'received_at', right: true, cell: (o) => <Age at={o.received_at} /> },
];

export function Orders() {
  const [f, set] = useFilters();
  const go = useNavigate();
  const [current, setCurrent] = useState<string | null>(null);
  const asked = useMemo(() => Object.fromEntries(FILTERS.map((k) => [k, f[k]])), [f]);
  const of = useRows<OrderSummary>(q.orders({ ...asked, sort: f.sort }));
  const { data: flow } = useQuery(q.flow(f.process ? { process: f.process, version: f.version } : undefined));
  const filtered = FILTERS.some((k) => f[k]);
  return (
    <div className="page fill">
      <PageHead title={t.orders.title} />
      <FilterBar clear={FILTERS} end={<><Shown n={of.rows.length} total={of.total} /><Button variant="default" component="a" href={`/api/orders.csv${query({ ...asked, sort: f.sort })}`} download leftSection={<IconDownload size={14} />}>{t.orders.csv}</Button></>}>
        <SearchBox placeholder={t.orders.search} />
        <Choice name="status" label={t.orders.status} any={t.orders.anyStatus} options={STATUS.map((s) => [s, word(t.orderStatus, s)])} />
        <Choice name="stage" label={t.orders.stage} any={t.orders.anyStage} options={flow?.nodes.map((n) => [n.id, n.label]) ?? []} />
        <Choice name="channel" label={t.orders.channel} any={t.orders.anyChannel} options={CHANNELS.map((c) => [c, word(t.channels, c)])} />
        <Checkbox size="xs" label={t.orders.lateOnly} checked={f.late === 'true'} onChange={(e) => set({ late: e.currentTarget.checked ? 'true' : undefined })} />
        {FROM_BOARD.filter((k) => f[k]).map((k) => <button key={k} type="button" className="pill" data-tone="info" title={t.act.clear} onClick={() => set({ [k]: undefined })}>{k === 'risk' ? t.board.atRisk : `${t.board[k]}: ${f[k]}`} ×</button>)}
        {f.customer && <span className="pill" data-tone="info">{t.orders.customerFilter}: {f.customer}</span>}
      </FilterBar>
      <section className="panel" aria-label={t.orders.title}>
        <DataTable label={t.orders.title} columns={columns} rows={of.rows} rowId={(o) => o.order} rowLabel={(o) => `${o.order}, ${o.customer}, ${o.stage_label}`} loading={of.loading} error={of.error} retry={of.retry} more={of.more}
          sort={f.sort ?? '-received_at'} onSort={(s) => set({ sort: s || undefined })} current={current} onCurrent={setCurrent} onOpen={(o) => void go({ to: '/orders/$order', params: { order: o.order } })}
          empty={filtered ? <Empty title={t.list.noMatch} /> : <Empty title={t.orders.empty} action={<div className="buttons"><LinkButton to="/new-order">{t.orders.enter}</LinkButton><LinkButton to="/documents" variant="default">{t.orders.drop}</LinkButton></div>}>{t.orders.emptyWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.keys.open], ['/', t.keys.filter], ['Ctrl K', t.keys.anywhere]]} />
      </section>
    </div>
  );
}
