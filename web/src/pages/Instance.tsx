/* One instance: where it stands in its workflow, its calls with keys and attempts, its history, and what an operator can do. */
import { lazy, Suspense, useMemo, useState } from 'react';
import { Button, Tabs, useComputedColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { InstanceCall, InstanceDetail, Json, OperationKind } from '../api/types';
import { t, word } from '../i18n';
import { mainWays } from '../lib/mainways';
import { useCanOperate, useCanRepair } from '../lib/session';
import { Copy, Empty, Facts, Failed, LinkButton, Panel, Pill, Rows, When } from '../components/Bits';
import { JsonView } from '../components/JsonView';
import { Operate } from '../components/Operate';
import { PageHead } from '../components/PageHead';

const FlowGraph = lazy(() => import('../components/FlowGraph'));

const POLL_MS = 3000; // while an operation is under way

function offered(i: InstanceDetail, repair: boolean): OperationKind[] {
  const open = i.status === 'running' || i.status === 'suspended', still = i.status === 'suspended' || i.status === 'faulted';
  return [...(i.status === 'running' ? ['suspend' as const] : []), ...(i.status === 'suspended' ? ['resume' as const] : []), ...(still ? ['retry' as const, 'restart' as const] : []), ...(open && repair ? ['migrate' as const] : []), ...(open ? ['cancel' as const] : [])];
}

export function InstancePage() {
  const { id = '' } = useParams({ strict: false });
  const { data: i, error, refetch } = useQuery({ ...q.instance(id), refetchInterval: (x) => (x.state.data?.pending ? POLL_MS : false) });
  const operator = useCanOperate(), repair = useCanRepair();
  const [doing, setDoing] = useState<{ kind: OperationKind; at?: string } | null>(null);
  const head = <PageHead title={i?.order || t.instances.one} crumbs={[{ label: t.instances.title, to: '/instances' }]} after={i && <Pill of={i.status} />} />;
  if (!i) return <div className="page">{head}<div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows />}</div></div>;
  const still = operator && (i.status === 'suspended' || i.status === 'faulted');
  return (
    <div className="page">
      {head}
      <Panel title={`${i.definition} ${i.version}`} right={operator && <div className="buttons">{offered(i, repair).map((k) => <Button key={k} size="compact-xs" variant="default" disabled={i.pending} onClick={() => setDoing({ kind: k })}>{word(t.operate.kinds, k)}</Button>)}</div>}>
        <div className="body">
          {i.pending && <p className="note" role="status">{t.instances.pending}</p>}
          <Facts of={[
            [t.instances.one, <><span className="mono">{i.id}</span> <Copy text={i.id} /></>],
            [t.instances.order, i.order ? <Link className="mono" to="/orders/$order" params={{ order: i.order }}>{i.order}</Link> : null],
            [t.instances.standing, i.standing.length ? <ul className="toast-list">{i.standing.map((at) => <li key={at} className="mono small">{at}</li>)}</ul> : <span className="muted">{t.instances.nowhere}</span>],
            [t.instances.started, <When at={i.started_at} />], [t.instances.updated, <When at={i.updated_at} />],
            ...(i.parent ? [[t.instances.parent, <Link className="mono" to="/instances/$id" params={{ id: i.parent }}>{i.parent}</Link>] as [string, React.ReactNode]] : []),
          ]} />
          {i.failure != null && <div role="group" aria-label={t.instances.failure}><h3 className="small">{t.instances.failure}</h3><JsonView of={i.failure} depth={2} /></div>}
        </div>
      </Panel>
      <Position of={i} />
      <Tabs defaultValue="calls" keepMounted={false} className="tabs">
        <Tabs.List aria-label={t.instances.parts}>{([['calls', t.instances.calls, i.calls.length], ['waits', t.instances.waits, null], ['state', t.instances.state, null], ['history', t.instances.history, i.history.length]] as const).map(([k, l, n]) => <Tabs.Tab key={k} value={k}>{l}{n !== null && <span className="muted num"> {n}</span>}</Tabs.Tab>)}</Tabs.List>
        <Tabs.Panel value="calls"><div className="panel">{i.calls.length === 0 ? <Empty title={t.instances.noCalls} /> : <Calls of={i.calls} restart={still ? (at) => setDoing({ kind: 'restart', at }) : undefined} />}</div></Tabs.Panel>
        <Tabs.Panel value="waits"><div className="panel"><div className="body"><JsonView of={i.waits} depth={2} /><h3>{t.instances.timers}</h3><JsonView of={i.timers} depth={2} /></div></div></Tabs.Panel>
        <Tabs.Panel value="state"><div className="panel"><div className="body"><JsonView of={i.state} depth={2} /></div></div></Tabs.Panel>
        <Tabs.Panel value="history"><div className="panel"><ol className="insthist">{i.history.map((h) => <li key={h.seq}><details><summary><When at={h.at} /><span className="w550">{word({}, h.kind)}</span><span className="cut mono muted">{where(h.data)}</span></summary><div><JsonView of={h.data} depth={1} /></div></details></li>)}</ol></div></Tabs.Panel>
      </Tabs>
      {doing && <Operate kind={doing.kind} target={{ label: i.order || i.id.slice(0, 13), instance: i.id, definition: i.definition, at: doing.at, runs: [...new Set(i.calls.map((c) => c.at))].filter((at) => !at.includes('~')) }} close={() => setDoing(null)} changed={() => void refetch()} />}
    </div>
  );
}

const where = (j: Json) => (j && typeof j === 'object' && !Array.isArray(j) && typeof j.at === 'string' ? j.at : '');

/** The workflow as a graph, with the step at which the instance stands. */
function Position({ of: i }: { of: InstanceDetail }) {
  const { data: d } = useQuery(q.definition(i.definition, i.version));
  const dark = useComputedColorScheme('light') === 'dark';
  const graph = useMemo(() => {
    const standing = new Set(i.standing.flatMap((at) => [at, at.split('/').pop() ?? at]));
    const all = { nodes: d?.graph.nodes.map(({ id, label, kind }) => ({ id, label, kind, here: id === i.stage || standing.has(id) })) ?? [], edges: d?.graph.edges ?? [] };
    const main = mainWays(all);
    // a step off the main ways is drawn when it is the one that matters
    return main.nodes.some((n) => n.here) || !all.nodes.some((n) => n.here) ? { ...main, main: true } : { ...all, main: false };
  }, [d, i.stage, i.standing]);
  const open = i.status === 'running' || i.status === 'suspended' || i.status === 'faulted';
  const nodes = open ? graph.nodes : graph.nodes.map((n) => ({ ...n, here: false }));
  return (
    <Panel title={t.instances.graph} right={<>{d && open && !nodes.some((n) => n.here) && <span className="muted small">{t.instances.notOnGraph}</span>}<LinkButton variant="default" size="compact-xs" to="/definitions/$name" params={{ name: i.definition }} search={{ version: i.version }}>{t.instances.graphOpen}</LinkButton></>}>
      <div className="flowbox">{d && <Suspense fallback={<Rows n={4} />}><FlowGraph nodes={nodes} edges={graph.edges} main={graph.main} dark={dark} label={t.instances.graph} /></Suspense>}</div>
    </Panel>
  );
}

function Calls({ of, restart }: { of: InstanceCall[]; restart?: (at: string) => void }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t.list.scroll(t.instances.calls)} style={{ flex: 'none', maxHeight: '60vh' }}>
      <table className="tbl" aria-label={t.instances.calls}>
        <thead><tr>{[t.instances.taskHead, t.instances.fn, t.instances.system, t.instances.callState, t.instances.started, t.instances.attempts, t.instances.key].map((h) => <th key={h} scope="col">{h}</th>)}{restart && <th scope="col"><span className="sr">{t.act.actions}</span></th>}</tr></thead>
        <tbody>{of.map((c) => (
          <tr key={c.at}>
            <td title={c.at}>{c.task}</td><td className="mono">{c.function}</td><td>{c.system}</td><td><Pill of={c.state} />{c.undone_at && <span className="muted small"> {t.instances.undone}</span>}</td><td><When at={c.called_at} /></td>
            <td>{c.attempts.length === 0 ? <span className="num">{c.attempt}</span> : <details><summary className="num">{c.attempt}</summary><ul className="toast-list">{c.attempts.map((a, n) => <li key={n}><When at={a.tried_at} /> {a.probe ? t.instances.probe : t.instances.tried}: {a.outcome} {a.detail}</li>)}</ul></details>}</td>
            <td className="mono small" title={c.key}>{c.key.replace(/^[0-9a-f-]{36}/, '…')}</td>
            {restart && <td>{!c.at.includes('~') && <Button size="compact-xs" variant="default" aria-label={`${t.operate.kinds.restart} ${c.task}`} onClick={() => restart(c.at)}>{t.operate.kinds.restart}</Button>}</td>}
          </tr>
        ))}</tbody>
      </table>
    </div>
  );
}
