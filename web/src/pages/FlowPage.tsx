/* Each process on its own page, large, narrowed by what is in the address, with the same figures as a table. */
import { useState } from 'react';
import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { FlowNode } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { money, num, span } from '../lib/format';
import { Empty, Panel } from '../components/Bits';
import { BOARD_FILTERS, BoardFilters, SavedViews, ZoneChoice, boardParams } from '../components/BoardFilters';
import { DataTable } from '../components/DataTable';
import { FilterBar } from '../components/FilterBar';
import { FlowPanel } from '../components/FlowPanel';
import { PageHead } from '../components/PageHead';

const waits = (s: number | null | undefined) => (s === null || s === undefined ? '–' : span(s * 1000));

export function FlowPage() {
  const [f, set] = useFilters();
  const as = f.as ?? 'graph', [current, setCurrent] = useState<string | null>(null);
  const params = boardParams(f);
  const { data, isPending, error, refetch } = useQuery(q.flow(params));
  const go = useNavigate();
  const behind = (stage: string, more: Record<string, string> = {}) => ({ ...params, process: data?.definition.name ?? '', stage, ...more });
  const pick = <SegmentedControl size="xs" value={as} onChange={(v) => set({ as: v === 'graph' ? undefined : v })} aria-label={t.documents.views} data={[{ value: 'graph', label: t.flow.main }, { value: 'whole', label: t.flow.whole }, { value: 'table', label: t.flow.table }]} />;
  return (
    <div className="page fill">
      <PageHead title={t.flow.title} />
      <FilterBar clear={BOARD_FILTERS} end={<><ZoneChoice /><SavedViews kept={{ ...params, ...(f.as ? { as: f.as } : {}) }} /></>}><BoardFilters /></FilterBar>
      <p className="muted small">{data?.summary || t.flow.lead}{data && data.elsewhere > 0 && <> · {t.board.elsewhere(data.elsewhere)}</>}</p>
      {as !== 'table' ? <FlowPanel tall whole={as === 'whole'} key={as} right={pick} /> : (
        <Panel title={data?.title || t.flow.title} right={pick}>
          <DataTable<FlowNode> label={t.flow.title} rows={data?.nodes ?? []} rowId={(n) => n.id} rowLabel={(n) => t.flow.aria(n.label, n.count, n.late)} loading={isPending} error={data ? null : error} retry={() => void refetch()} current={current} onCurrent={setCurrent}
            onOpen={(n) => void go({ to: '/orders', search: behind(n.id) })} empty={<Empty title={t.flow.empty}>{t.flow.emptyWhy}</Empty>}
            columns={[
              { id: 'label', head: t.flow.step, grow: 140, cell: (n) => <Link className="quiet" to="/orders" search={behind(n.id)}>{n.label}</Link> }, { id: 'kind', head: t.flow.kind, hide: 's', cell: (n) => word(t.kinds, n.kind) },
              { id: 'count', head: t.flow.orders, right: true, cell: (n) => <Link className="quiet num" to="/orders" search={behind(n.id)}>{num(n.count)}</Link> },
              { id: 'late', head: t.flow.lateHead, right: true, cell: (n) => <Link className={`quiet num ${n.late ? 'bad' : 'muted'}`} to="/orders" search={behind(n.id, { late: 'true' })}>{num(n.late)}</Link> },
              { id: 'risk', head: t.board.atRisk, right: true, cell: (n) => <Link className={`quiet num ${n.at_risk ? '' : 'muted'}`} to="/orders" search={behind(n.id, { risk: 'true' })}>{num(n.at_risk)}</Link> },
              { id: 'p50', head: t.board.p50, right: true, hide: 's', cell: (n) => <span className="num">{waits(n.dwell?.p50_s)}</span> }, { id: 'p90', head: t.board.p90, right: true, hide: 's', cell: (n) => <span className="num">{waits(n.dwell?.p90_s)}</span> },
              { id: 'usual', head: t.board.usual, right: true, hide: 'm', cell: (n) => <span className="num muted">{n.dwell?.usual_p90_s == null ? '–' : t.board.usually(waits(n.dwell.usual_p50_s), waits(n.dwell.usual_p90_s))}</span> },
              { id: 'heat', head: t.board.heat, hide: 'm', cell: (n) => (n.dwell ? <span className="heatword" data-heat={n.dwell.heat ?? undefined}>{n.dwell.heat === null ? t.board.unknown : t.board.hot[n.dwell.heat]}</span> : '') },
              { id: 'value', head: t.flow.valueHead, right: true, hide: 's', cell: (n) => <span className="num">{money(n.value, null)}</span> },
            ]} />
        </Panel>
      )}
    </div>
  );
}
