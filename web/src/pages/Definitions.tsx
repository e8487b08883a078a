/* Published workflow definitions: as a graph and as the YAML that runs. Read only. */
import { lazy, Suspense, useMemo, useState } from 'react';
import { SegmentedControl, useComputedColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { Definition } from '../api/types';
import { t } from '../i18n';
import { num } from '../lib/format';
import { mainWays } from '../lib/mainways';
import { Copy, Empty, Failed, LinkButton, Panel, Rows, When } from '../components/Bits';
import { Code } from '../components/Code';
import { DataTable, type Column } from '../components/DataTable';
import { PageHead } from '../components/PageHead';

const FlowGraph = lazy(() => import('../components/FlowGraph'));

export function Definitions() {
  const { data, error, isPending, refetch } = useQuery(q.definitions());
  const go = useNavigate();
  const [current, setCurrent] = useState<string | null>(null);
  const columns = useMemo<Column<Definition>[]>(() => [
    { id: 'name', head: t.definitions.name, cell: (d) => <Link className="quiet w550" to="/definitions/$name" params={{ name: d.name }} search={{ version: d.version }}>{d.name}</Link> },
    { id: 'version', head: t.definitions.version, cell: (d) => <span className="mono">{d.version}</span> },
    { id: 'summary', head: t.definitions.summary, grow: 120, cell: (d) => d.summary ?? d.title ?? '' },
    { id: 'namespace', head: t.definitions.namespace, hide: 's', cell: (d) => d.namespace },
    { id: 'running', head: t.definitions.running, right: true, hide: 's', cell: (d) => <span className="num">{num(d.running)}</span> },
    { id: 'published', head: t.definitions.published, hide: 's', cell: (d) => <When at={d.published_at ?? null} /> },
  ], []);
  return (
    <div className="page fill">
      <PageHead title={t.definitions.title} />
      <p className="muted small">{t.definitions.readOnly}</p>
      <section className="panel" aria-label={t.definitions.title}>
        <DataTable label={t.definitions.title} columns={columns} rows={data?.items ?? []} rowId={(d) => `${d.name}/${d.version}`} rowLabel={(d) => `${d.name} ${d.version}`} loading={isPending} error={data ? null : error} retry={() => void refetch()} current={current} onCurrent={setCurrent}
          onOpen={(d) => void go({ to: '/definitions/$name', params: { name: d.name }, search: { version: d.version } })} empty={<Empty title={t.definitions.empty}>{t.definitions.emptyWhy}</Empty>} />
      </section>
    </div>
  );
}

export function DefinitionPage() {
  const { name = '' } = useParams({ strict: false }), { version = '' }: { version?: string } = useSearch({ strict: false });
  const { data: d, error, refetch } = useQuery(q.definition(name, version));
  const dark = useComputedColorScheme('light') === 'dark';
  const [as, setAs] = useState('main');
  const graph = useMemo(() => {
    const all = { nodes: d?.graph.nodes.map(({ id, label, kind }) => ({ id, label, kind })) ?? [], edges: d?.graph.edges ?? [] };
    return as === 'main' ? mainWays(all) : all;
  }, [d, as]);
  const head = <PageHead title={`${name} ${version}`} crumbs={[{ label: t.definitions.title, to: '/definitions' }]} />;
  if (!d) return <div className="page">{head}<div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={12} />}</div></div>;
  return (
    <div className="page">
      {head}
      <section className="panel" aria-label={t.definitions.graph}><header><h2>{t.definitions.graph}</h2><div className="grow bar"><LinkButton size="compact-sm" variant="default" to="/definitions/$name/edit" params={{ name }} search={{ namespace: d.namespace }}>{t.drafting.edit}</LinkButton><SegmentedControl size="xs" value={as} onChange={setAs} aria-label={t.definitions.graph} data={[{ value: 'main', label: t.flow.main }, { value: 'whole', label: t.flow.whole }]} /></div></header>
        <div className="flowbox big"><Suspense fallback={<Rows n={4} />}><FlowGraph key={as} nodes={graph.nodes} edges={graph.edges} main={as === 'main'} dark={dark} label={t.definitions.graph} /></Suspense></div>
      </section>
      <Panel title={t.definitions.yaml} right={<Copy text={d.yaml} label={t.definitions.copyYaml} />}><Code text={d.yaml} label={t.definitions.yaml} kind="yaml" /></Panel>
    </div>
  );
}
