/* All instances of workflows: filtered by the server, chosen by row or by the whole filter, and operated after a preview. */
import { useMemo, useState } from 'react';
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { Instance, OperationKind, Selection } from '../api/types';
import { t, word } from '../i18n';
import { useFilters, useTyped } from '../lib/filters';
import { useRows } from '../lib/rows';
import { useCanOperate, useCanRepair } from '../lib/session';
import { Age, Empty, Hints, Pill } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Choice, FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { KINDS, Operate } from '../components/Operate';
import { PageHead } from '../components/PageHead';

const STATUS = ['running', 'suspended', 'faulted', 'completed', 'cancelled'];
const FILTERS = ['q', 'status', 'definition', 'version', 'task', 'error', 'order'] as const;

export function Instances() {
  const [f] = useFilters();
  const go = useNavigate();
  const [task, setTask] = useTyped('task');
  const asked = useMemo(() => Object.fromEntries(FILTERS.map((k) => [k, f[k]])), [f]);
  const of = useRows<Instance>(q.instances(asked));
  const { data: definitions } = useQuery(q.definitions());
  const operator = useCanOperate(), repair = useCanRepair();
  const [current, setCurrent] = useState<string | null>(null), [chosen, choose] = useState<ReadonlySet<string>>(new Set()), [doing, setDoing] = useState<OperationKind | null>(null);
  const filtered = FILTERS.some((k) => f[k]);
  const toggle = (id: string) => choose((was) => { const now = new Set(was); if (!now.delete(id)) now.add(id); return now; });
  const columns = useMemo<Column<Instance>[]>(() => [
    ...(operator ? [{ id: 'chosen', head: t.instances.choose, mute: true, cell: (i: Instance) => <Checkbox size="xs" aria-label={t.instances.select(i.order || i.id)} checked={chosen.has(i.id)} onChange={() => toggle(i.id)} onClick={(e) => e.stopPropagation()} /> }] : []),
    { id: 'order', head: t.instances.order, cell: (i) => <Link className="mono quiet" to="/instances/$id" params={{ id: i.id }}>{i.order || i.id.slice(0, 13)}</Link> },
    { id: 'definition', head: t.instances.definition, cell: (i) => <>{i.definition} <span className="muted num">{i.version}</span></> },
    { id: 'status', head: t.instances.status, cell: (i) => <><Pill of={i.status} />{i.pending && <span className="muted small"> {t.instances.pending}</span>}</> },
    { id: 'stage', head: t.instances.stage, hide: 's', cell: (i) => word({}, i.stage) },
    { id: 'error', head: t.instances.error, grow: 140, hide: 's', cell: (i) => (i.error ? <span title={i.message ?? ''}><Link className="mono quiet" to="/instances" search={{ ...asked, error: i.error }} aria-label={`${t.instances.sameError} ${i.error}`}>{i.error}</Link> {i.message}</span> : null) },
    { id: 'updated', head: t.instances.updated, right: true, hide: 'm', cell: (i) => <Age at={i.updated_at} /> },
    { id: 'started', head: t.instances.started, right: true, cell: (i) => <Age at={i.started_at} /> },
  ], [operator, chosen, asked]);
  const selection: Selection = chosen.size ? { ids: [...chosen] } : Object.fromEntries(Object.entries(asked).filter(([, v]) => v));
  const n = chosen.size || (filtered ? of.total ?? 0 : 0);
  const one = of.rows.find((i) => chosen.has(i.id))?.definition ?? f.definition;
  return (
    <div className="page fill">
      <PageHead title={t.instances.title} />
      <div className="stack">
      <FilterBar clear={[...FILTERS]} end={<Shown n={of.rows.length} total={of.total} />}>
        <SearchBox placeholder={t.instances.search} />
        <Choice name="status" label={t.instances.status} any={t.instances.anyStatus} options={STATUS.map((s) => [s, word(t.status, s)])} />
        <Choice name="definition" label={t.instances.definition} any={t.instances.anyDefinition} options={[...new Set(definitions?.items.map((d) => d.name) ?? [])].map((d) => [d, d])} />
        <TextInput size="xs" w={150} aria-label={t.instances.task} placeholder={t.instances.task} value={task} onChange={(e) => setTask(e.currentTarget.value)} />
        {f.error && <span className="pill" data-tone="bad">{t.instances.sameError}: {f.error}</span>}
      </FilterBar>
      {operator && (
        <div className="bar" role="toolbar" aria-label={t.instances.operations}>
          <Checkbox size="xs" label={t.instances.selectAll} checked={chosen.size > 0 && of.rows.every((i) => chosen.has(i.id))} indeterminate={chosen.size > 0 && !of.rows.every((i) => chosen.has(i.id))} onChange={(e) => choose(new Set(e.currentTarget.checked ? of.rows.map((i) => i.id) : []))} />
          <span className="muted small" role="status">{chosen.size ? t.instances.selected(chosen.size) : filtered ? t.instances.filtered(of.total ?? 0) : t.instances.chooseFirst}</span>
          {KINDS.filter((k) => k !== 'migrate' || repair).map((k) => <Button key={k} size="compact-xs" variant="default" disabled={!n} onClick={() => setDoing(k)}>{word(t.operate.kinds, k)}</Button>)}
        </div>
      )}
      </div>
      <section className="panel" aria-label={t.instances.title}>
        <DataTable label={t.instances.title} columns={columns} rows={of.rows} rowId={(i) => i.id} rowLabel={(i) => `${i.order}, ${i.definition}, ${word(t.status, i.status)}`} loading={of.loading} error={of.error} retry={of.retry} more={of.more}
          current={current} onCurrent={setCurrent} onOpen={(i) => void go({ to: '/instances/$id', params: { id: i.id } })} commands={operator ? { x: (i) => toggle(i.id) } : {}}
          empty={filtered ? <Empty title={t.list.noMatch} /> : <Empty title={t.instances.empty}>{t.instances.emptyWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['X', t.instances.choose], ['Enter', t.keys.open], ['/', t.keys.filter]]} />
      </section>
      {doing && <Operate kind={doing} target={{ label: t.operate.many(n), selection, definition: one }} close={() => setDoing(null)} changed={() => choose(new Set())} />}
    </div>
  );
}
