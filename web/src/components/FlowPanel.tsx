/* The running definition's graph with live counts; a step opens its orders. */
import { lazy, Suspense, useMemo, type ReactNode } from 'react';
import { useQuery } from '@tanstack/react-query';
import { ActionIcon, Tooltip, useComputedColorScheme } from '@mantine/core';
import { IconArrowsMaximize } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import { t } from '../i18n';
import { mainWays } from '../lib/mainways';
import { Empty, Failed, Rows } from './Bits';

const FlowGraph = lazy(() => import('./FlowGraph'));

export function FlowPanel({ tall, right, whole }: { tall?: boolean; right?: ReactNode; whole?: boolean }) {
  const dark = useComputedColorScheme('light') === 'dark';
  const go = useNavigate();
  const { data, error, refetch } = useQuery(q.flow());
  const drawn = useMemo(() => data && (whole ? data : mainWays(data)), [data, whole]);
  return (
    <section className={`panel wide ${tall ? 'tall' : ''}`} aria-label={t.flow.title}>
      <header>
        <h2>{t.flow.title}</h2>{data && data.nodes.length > 0 && <Link className="muted mono quiet" to="/definitions/$name" params={{ name: data.definition.name }} search={{ version: data.definition.version }}>{data.definition.name} {data.definition.version}</Link>}
        <span className="grow legend" title={t.flow.legend}><span>{t.flow.onTime}</span> <i aria-hidden /> <span>{t.flow.late}</span></span>
        {right}
        {!tall && <Tooltip label={t.flow.full}><ActionIcon renderRoot={(p) => <Link {...p} to="/flow" />} aria-label={t.flow.full}><IconArrowsMaximize size={15} /></ActionIcon></Tooltip>}
      </header>
      <div className="flowbox">
        {error && !data ? <Failed error={error} retry={() => void refetch()} />
          : data && data.nodes.length === 0 ? <Empty title={t.flow.empty}>{t.flow.emptyWhy}</Empty>
            : <Suspense fallback={<Rows n={4} />}>{drawn && <FlowGraph nodes={drawn.nodes} edges={drawn.edges} main={!whole} dark={dark} label={t.flow.title} onNode={(id) => void go({ to: '/orders', search: { stage: id } })} />}</Suspense>}
      </div>
    </section>
  );
}
