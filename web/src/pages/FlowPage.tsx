/* The order flow on its own page, large, with the same figures as a table for those who read better than they look. */
import { useState } from 'react';
import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { FlowNode } from '../api/types';
import { t, word } from '../i18n';
import { money, num } from '../lib/format';
import { Empty, Panel } from '../components/Bits';
import { DataTable } from '../components/DataTable';
import { FlowPanel } from '../components/FlowPanel';
import { PageHead } from '../components/PageHead';

export function FlowPage() {
  const [as, setAs] = useState('graph'), [current, setCurrent] = useState<string | null>(null);
  const { data, isPending, error, refetch } = useQuery(q.flow());
  const go = useNavigate();
  const pick = <SegmentedControl size="xs" value={as} onChange={setAs} aria-label={t.documents.views} data={[{ value: 'graph', label: t.flow.main }, { value: 'whole', label: t.flow.whole }, { value: 'table', label: t.flow.table }]} />;
  return (
    <div className="page fill">
      <PageHead title={t.flow.title} />
      <p className="muted small">{t.flow.lead}</p>
      {as !== 'table' ? <FlowPanel tall whole={as === 'whole'} key={as} right={pick} /> : (
        <Panel title={t.flow.title} right={pick}>
          <DataTable<FlowNode> label={t.flow.title} rows={data?.nodes ?? []} rowId={(n) => n.id} rowLabel={(n) => t.flow.aria(n.label, n.count, n.late)} loading={isPending} error={data ? null : error} retry={() => void refetch()} current={current} onCurrent={setCurrent}
            onOpen={(n) => void go({ to: '/orders', search: { stage: n.id } })} empty={<Empty title={t.flow.empty}>{t.flow.emptyWhy}</Empty>}
            columns={[
              { id: 'label', head: t.flow.step, grow: 140, cell: (n) => <Link className="quiet" to="/orders" search={{ stage: n.id }}>{n.label}</Link> }, { id: 'kind', head: t.flow.kind, cell: (n) => word(t.kinds, n.kind) },
              { id: 'count', head: t.flow.orders, right: true, cell: (n) => <span className="num">{num(n.count)}</span> }, { id: 'late', head: t.flow.lateHead, right: true, cell: (n) => <span className={`num ${n.late ? 'bad' : 'muted'}`}>{num(n.late)}</span> }, { id: 'value', head: t.flow.valueHead, right: true, hide: 's', cell: (n) => <span className="num">{money(n.value, null)}</span> },
            ]} />
        </Panel>
      )}
    </div>
  );
}
