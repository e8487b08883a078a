/* The approvals inbox: the list at the left, what exactly is approved at the right; Y approves, N rejects with a reason. */
import { useEffect, useMemo, useState } from 'react';
import { Button, Checkbox, SegmentedControl } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { Approval } from '../api/types';
import { t, word, words } from '../i18n';
import { useFilters } from '../lib/filters';
import { fullTime, money } from '../lib/format';
import { failed } from '../lib/notify';
import { useRows } from '../lib/rows';
import { Asked } from '../components/Asked';
import { Copy, Empty, Facts, Hints, Panel, Pill, Sla, When } from '../components/Bits';
import { DecideButtons, RejectDialog, useDecide } from '../components/Approvals';
import { DataTable, type Column } from '../components/DataTable';
import { FilterBar, Shown } from '../components/FilterBar';
import { JsonView } from '../components/JsonView';
import { PageHead } from '../components/PageHead';
import { StandingIn } from '../components/StandingIn';
import { Together } from '../components/Together';

export function Approvals() {
  const [f, set] = useFilters();
  const status = f.status ?? 'pending';
  const of = useRows<Approval>(q.approvals({ status, mine: f.mine }));
  const [rejecting, reject] = useState<Approval | null>(null);
  const decide = useDecide();
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set()), [together, decideTogether] = useState<Approval[] | null>(null), [away, standIn] = useState(false);
  const toggle = (id: string) => choose((c) => { const n = new Set(c); if (!n.delete(id)) n.add(id); return n; });
  const picked = of.rows.filter((a) => chosen.has(a.id) && a.status === 'pending');
  const current = of.rows.find((a) => a.id === f.open) ?? of.rows[0];
  const select = (id: string | null) => set({ open: id ?? undefined });
  const refuse = (a: Approval) => failed(t.approvals.decideFailed, new Error(a.why_not ?? t.fail.forbidden));
  // one that has just been decided leaves the list: its neighbour is next
  useEffect(() => { if (f.open && of.rows.length && !of.rows.some((a) => a.id === f.open)) set({ open: undefined }); }, [f.open, of.rows, set]);
  const columns = useMemo<Column<Approval>[]>(() => [
    ...(status === 'pending' ? [{ id: 'pick', head: t.approving.pick, mute: true, cell: (a: Approval) => <Checkbox size="xs" aria-label={t.approving.choose(a.number)} checked={chosen.has(a.id)} onChange={() => toggle(a.id)} onClick={(e) => e.stopPropagation()} /> }] : []),
    { id: 'number', head: t.approvals.number, cell: (a) => <Link className="mono quiet" to="." search={(s: Record<string, string | undefined>) => ({ ...s, open: a.id })}>{a.number}</Link> },
    { id: 'title', head: t.approvals.request, grow: 130, cell: (a) => <strong className="w550" title={a.title}>{a.title}</strong> },
    { id: 'customer', head: t.approvals.customer, hide: 'm', max: 150, cell: (a) => a.customer ?? '–' },
    { id: 'amount', head: t.approvals.amount, right: true, hide: 's', cell: (a) => <span className="num">{money(a.amount, a.currency)}</span> },
    status === 'pending' ? { id: 'due', head: t.approvals.due, cell: (a) => <Sla from={a.requested_at} due={a.due_at} /> } : { id: 'status', head: t.approvals.outcome, cell: (a) => <Pill of={a.status} /> },
  ], [status, chosen]);
  return (
    <div className="page fill">
      <PageHead title={t.approvals.title} />
      <FilterBar end={<><Shown n={of.rows.length} total={of.total} />{picked.length > 0 && <Button onClick={() => decideTogether(picked)}>{t.approving.many(picked.length)}</Button>}<Button variant="default" onClick={() => standIn(true)}>{t.standIn.open}</Button></>}>
        <SegmentedControl size="xs" value={status} onChange={(v) => set({ status: v === 'pending' ? undefined : v, open: undefined })} aria-label={t.cases.show} data={[{ value: 'pending', label: t.approvals.pending }, { value: 'decided', label: t.approvals.decided }]} />
        <Checkbox size="xs" label={t.approvals.mine} checked={f.mine === 'true'} onChange={(e) => set({ mine: e.currentTarget.checked ? 'true' : undefined })} />
      </FilterBar>
      <div className="split">
        <section className="panel" aria-label={t.approvals.list}>
          <DataTable label={t.approvals.list} columns={columns} rows={of.rows} rowId={(a) => a.id} rowLabel={(a) => `${a.number}, ${a.title}`} loading={of.loading} error={of.error} retry={of.retry} more={of.more} current={current?.id ?? null} onCurrent={select}
            commands={status === 'pending' ? { y: (a) => (a.can_decide ? void decide(a, 'approved') : refuse(a)), n: (a) => (a.can_decide ? reject(a) : refuse(a)) } : {}}
            empty={status === 'pending' ? <Empty title={t.approvals.empty}>{t.approvals.emptyWhy}</Empty> : <Empty title={t.approvals.emptyDecided} />} />
          {status === 'pending' && <Hints of={[[['J', 'K'], t.keys.move], ['Y', t.keys.approve], ['N', t.keys.reject]]} />}
        </section>
        <Panel title={current ? current.number : t.approvals.what} right={current?.status === 'pending' ? <DecideButtons of={current} size="xs" onReject={() => reject(current)} /> : current && <Pill of={current.status} />}>
          {current ? <Detail of={current} /> : <Empty title={t.approvals.choose} />}
        </Panel>
      </div>
      {together && <Together of={together} close={() => decideTogether(null)} onDone={() => { decideTogether(null); choose(new Set()); }} />}
      {away && <StandingIn close={() => standIn(false)} />}
      {rejecting && <RejectDialog of={rejecting} close={() => reject(null)} />}
    </div>
  );
}

function Detail({ of: a }: { of: Approval }) {
  return (
    <div className="body" tabIndex={0} role="region" aria-label={t.approvals.what}>
      <div><h3>{a.title}</h3><p className="muted">{a.reason}</p></div>
      {a.status === 'pending' && !a.can_decide && a.why_not && <p className="note"><strong>{t.approvals.whyNot}:</strong> {a.why_not}</p>}
      <Asked of={a} />
      <section className="exact"><h3>{t.approvals.what}</h3><JsonView of={a.data} /></section>
      <div className="hash"><span>{t.approvals.hash}</span><span className="mono" title={a.hash}>{a.hash.slice(0, 12)}</span><Copy text={a.hash} /><span>{t.approvals.hashWhy}</span></div>
      <Facts of={[
        [t.approvals.order, a.order && <Link className="mono" to="/orders/$order" params={{ order: a.order }}>{a.order}</Link>], [t.approvals.customer, a.customer], [t.approvals.amount, <span className="num">{money(a.amount, a.currency)}</span>],
        [t.approving.table, a.table && <span className="mono">{a.table}</span>], [t.approvals.rule, a.rule && <span className="mono">{a.rule}</span>], [t.approvals.role, word(t.roles, a.role)], [t.cases.kind, words(a.kind)], [t.approvals.requested, <When at={a.requested_at} />], [t.approvals.due, <Sla from={a.requested_at} due={a.due_at} />],
        ...(a.decided_by ? [[t.approvals.by, t.approvals.decidedBy(a.decided_by, fullTime(a.decided_at))], [t.cases.note, a.note]] as [string, string][] : []),
      ]} />
    </div>
  );
}
