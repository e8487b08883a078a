/* Exceptions by what they come from: what one fix would clear, those that stand alone, and the fixes of late. */
import { useMemo, useState } from 'react';
import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { Case, Cluster, Fix } from '../api/types';
import { t, word, words } from '../i18n';
import { useFilters } from '../lib/filters';
import { money, num } from '../lib/format';
import { useCanWork } from '../lib/session';
import { Empty, Facts, Failed, LinkButton, Panel, Pill, Rows, Sev, Sla, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { FilterBar, Shown } from '../components/FilterBar';
import { Fixing, Progressing } from '../components/Fixing';
import { PageHead } from '../components/PageHead';
import { Spark } from '../components/Spark';
import { Suggesting } from '../components/Suggesting';

const KEYS = ['partner', 'system', 'field', 'rule', 'subject'] as const;
const about = (c: Cluster) => KEYS.map((k) => c.cause[k]).filter(Boolean).join(' · ') || c.cause.error;
const amounts = (m: Record<string, string>) => Object.entries(m).map(([currency, amount]) => money(amount, currency, true)).join(', ') || '–';

export function Clusters() {
  const [f, set] = useFilters();
  const go = useNavigate();
  const alone = f.alone === 'true';
  const { data, error, isPending, refetch } = useQuery(q.clusters(alone));
  const { data: fixes } = useQuery(q.fixes());
  const may = useCanWork();
  const [current, setCurrent] = useState<string | null>(null);
  const columns = useMemo<Column<Cluster>[]>(() => [
    { id: 'cases', head: t.clusters.cases, right: true, cell: (c) => <strong className="num">{num(c.cases)}</strong> },
    { id: 'kind', head: t.cases.kind, cell: (c) => <Link className="quiet" to="/clusters/$key" params={{ key: c.key }}>{words(c.kind)}</Link> },
    { id: 'about', head: t.clusters.about, grow: 200, cell: (c) => <strong className="w550" title={c.title}>{about(c)}</strong> },
    { id: 'money', head: t.cases.money, right: true, hide: 's', cell: (c) => <span className="num">{amounts(c.money)}</span> },
    { id: 'sla', head: t.clusters.clock, cell: (c) => <Sla from={c.oldest_at} due={c.due_at} /> },
    { id: 'opened', head: t.clusters.day, hide: 's', cell: (c) => <Spark data={c.opened} label={t.clusters.opened(c.opened.reduce((a, b) => a + b, 0))} /> },
    { id: 'free', head: t.clusters.free, right: true, hide: 'm', cell: (c) => <span className="num">{num(c.free)}</span> },
    { id: 'queue', head: t.cases.queue, hide: 'm', cell: (c) => words(c.queue) },
  ], []);
  const rows = data?.items ?? [];
  return (
    <div className="page fill">
      <PageHead title={t.clusters.title} crumbs={[{ label: t.cases.title, to: '/exceptions' }]} />
      <FilterBar end={<Shown n={rows.length} total={data?.total} />}>
        <SegmentedControl size="xs" value={alone ? 'alone' : 'shared'} onChange={(v) => set({ alone: v === 'alone' ? 'true' : undefined })} aria-label={t.clusters.show} data={[{ value: 'shared', label: t.clusters.shared(data?.clusters ?? 0) }, { value: 'alone', label: t.clusters.alone(data?.alone ?? 0) }]} />
        <Link className="small" to="/dead-letters">{t.dead.title}</Link>
      </FilterBar>
      <section className="panel" aria-label={t.clusters.title} style={alone ? { minHeight: 240 } : undefined}>
        <DataTable label={t.clusters.title} columns={columns} rows={rows} rowId={(c) => c.key} rowLabel={(c) => `${c.cases} ${words(c.kind)}, ${about(c)}`} loading={isPending} error={data ? null : error} retry={() => void refetch()} current={current} onCurrent={setCurrent}
          onOpen={(c) => void go({ to: '/clusters/$key', params: { key: c.key } })} empty={<Empty title={alone ? t.clusters.noneAlone : t.clusters.none}>{t.clusters.noneWhy}</Empty>} />
      </section>
      {alone && may && <Suggesting />}
      {!!fixes?.length && <Panel title={t.fixes.late} count={fixes.length}><div className="scroll" tabIndex={0} role="region" aria-label={t.list.scroll(t.fixes.late)} style={{ maxHeight: '24vh', flex: 'none' }}><FixList of={fixes} /></div></Panel>}
    </div>
  );
}

function FixList({ of }: { of: Fix[] }) {
  return (
    <ul className="list">{of.map((f) => (
      <li key={f.id}><div className="a"><Link className="quiet" to="/fixes/$id" params={{ id: f.id }}>{word(t.fixes.kinds, f.kind)}</Link><Pill of={f.status} label={word(t.fixes.status, f.status)} /><span className="num">{t.fixes.doneOf(f.counts.done ?? 0, f.radius.cases)}</span><span className="muted">{f.reason}</span><span className="muted">{f.by}</span><When at={f.previewed_at} /></div></li>
    ))}</ul>
  );
}

export function ClusterPage() {
  const { key = '' } = useParams({ strict: false });
  const { data: c, error, refetch } = useQuery(q.cluster(key));
  const { data: cases } = useQuery(q.clusterCases(key));
  const may = useCanWork();
  const title = c ? t.clusters.one(c.cases, words(c.kind)) : t.clusters.title;
  const head = <PageHead title={title} crumbs={[{ label: t.cases.title, to: '/exceptions' }, { label: t.clusters.title, to: '/clusters' }]} />;
  if (!c) return <div className="page">{head}<div className="panel">{error ? (error as { status?: number }).status === 404 ? <Empty title={t.clusters.gone} action={<LinkButton variant="default" to="/clusters">{t.clusters.title}</LinkButton>} /> : <Failed error={error} retry={() => void refetch()} /> : <Rows />}</div></div>;
  return (
    <div className="page">
      {head}
      <Panel title={about(c)}>
        <div className="body"><Facts of={[...KEYS.filter((k) => c.cause[k]).map((k): [string, string] => [word(t.clusters.parts, k), c.cause[k]]), ...(c.cause.error ? [[t.clusters.error, c.cause.error] as [string, string]] : []), [t.cases.money, amounts(c.money)], [t.clusters.clock, <Sla from={c.oldest_at} due={c.due_at} />], [t.clusters.free, num(c.free)], ...(c.under_way ? [[t.clusters.underWay, t.fixes.doneOf(c.under_way, c.cases)] as [string, string]] : []), [t.clusters.day, <Spark data={c.opened} label={t.clusters.opened(c.opened.reduce((a, b) => a + b, 0))} />]]} /></div>
      </Panel>
      {may && <Fixing cluster={c} />}
      <Panel title={t.cases.title} count={c.cases}>{cases ? <CaseList of={cases} /> : <Rows />}</Panel>
    </div>
  );
}

function CaseList({ of }: { of: Case[] }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t.list.scroll(t.cases.title)} style={{ maxHeight: '50vh', flex: 'none' }}>
      <table className="tbl" aria-label={t.cases.title}>
        <thead><tr>{[t.cases.severity, t.cases.number, t.cases.what, t.cases.order, t.cases.money, t.cases.sla].map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
        <tbody>{of.map((c) => <tr key={c.id}><td><Sev of={c.severity} /></td><td><Link className="mono quiet" to="/exceptions/$id" params={{ id: c.id }}>{c.number}</Link></td><td className="grow"><div className="cut" style={{ minWidth: 150 }}>{c.title}</div></td><td>{c.order ? <Link className="mono quiet" to="/orders/$order" params={{ order: c.order }}>{c.order}</Link> : '–'}</td><td className="r num">{money(c.money, c.currency, true)}</td><td><Sla from={c.opened_at} due={c.due_at} /></td></tr>)}</tbody>
      </table>
    </div>
  );
}

export function FixPage() {
  const { id = '' } = useParams({ strict: false });
  const { data: f, error, refetch } = useQuery(q.fix(id));
  const head = <PageHead title={f ? `${word(t.fixes.kinds, f.kind)}: ${f.reason}` : t.fixes.title} crumbs={[{ label: t.cases.title, to: '/exceptions' }, { label: t.clusters.title, to: '/clusters' }]} after={f && <Pill of={f.status} label={word(t.fixes.status, f.status)} />} />;
  if (!f) return <div className="page">{head}<div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows />}</div></div>;
  return <div className="page">{head}<Panel title={f.title}><div className="body"><Progressing of={f} /></div></Panel></div>;
}
