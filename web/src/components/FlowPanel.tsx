/* The running definition's graph with live counts; a step opens its orders. */
import { lazy, Suspense, useMemo, useState, type ReactNode } from 'react';
import { useQuery } from '@tanstack/react-query';
import { ActionIcon, SegmentedControl, Tooltip, useComputedColorScheme } from '@mantine/core';
import { IconArrowsMaximize } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import { t } from '../i18n';
import { useFilters } from '../lib/filters';
import { mainWays } from '../lib/mainways';
import { boardParams } from './BoardFilters';
import { Empty, Failed, Rows } from './Bits';

const FlowGraph = lazy(() => import('./FlowGraph'));

export function FlowPanel({ tall, right, whole }: { tall?: boolean; right?: ReactNode; whole?: boolean }) {
  const dark = useComputedColorScheme('light') === 'dark';
  const go = useNavigate();
  const [f] = useFilters(), params = tall ? boardParams(f) : undefined;
  const [by, colour] = useState<'dwell' | 'late'>('dwell');
  const { data, error, refetch } = useQuery(q.flow(params));
  const drawn = useMemo(() => data && (whole ? data : mainWays(data)), [data, whole]);
  return (
    <section className={`panel wide ${tall ? 'tall' : ''}`} aria-label={t.flow.title}>
      <header>
        <h2>{(tall && data?.title) || t.flow.title}</h2>{data && data.nodes.length > 0 && <Link className="muted mono quiet" to="/definitions/$name" params={{ name: data.definition.name }} search={{ version: data.definition.version }}>{data.definition.name} {data.definition.version}</Link>}
        {by === 'late' ? <span className="grow legend" title={t.flow.legend}><span>{t.flow.onTime}</span> <i aria-hidden /> <span>{t.flow.late}</span></span>
          : <span className="grow legend steps" title={t.board.heatLegend} aria-label={t.board.heatLegend} role="img">{t.board.scale.map((w, n) => <span key={w} data-heat={n}>{w}</span>)}</span>}
        <SegmentedControl size="xs" aria-label={t.board.colour} value={by} onChange={(v) => colour(v as 'dwell' | 'late')} data={[{ value: 'dwell', label: t.board.byDwell }, { value: 'late', label: t.board.byLate }]} />
        {right}
        {!tall && <Tooltip label={t.flow.full}><ActionIcon renderRoot={(p) => <Link {...p} to="/flow" />} aria-label={t.flow.full}><IconArrowsMaximize size={15} /></ActionIcon></Tooltip>}
      </header>
      <div className="flowbox">
        {error && !data ? <Failed error={error} retry={() => void refetch()} />
          : data && data.nodes.length === 0 ? <Empty title={t.flow.empty}>{t.flow.emptyWhy}</Empty>
            : <Suspense fallback={<Rows n={4} />}>{drawn && <FlowGraph nodes={drawn.nodes} edges={drawn.edges} main={!whole} dark={dark} by={by} label={t.flow.title} onNode={(id) => void go({ to: '/orders', search: { stage: id, process: data?.definition.name, ...params } })} />}</Suspense>}
      </div>
    </section>
  );
}
