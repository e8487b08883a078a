/* Exceptions to triage, on the board and on their own page: J K move, Enter opens, A takes, S snoozes, / filters, . acts. */
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { Link } from '@tanstack/react-router';
import type { Case } from '../api/types';
import { t } from '../i18n';
import { titleOf, useCaseWork } from '../lib/cases';
import { money } from '../lib/format';
import { useCanWork, useSession } from '../lib/session';
import type { RowsOf } from '../lib/rows';
import { Rank, Sev, Sla } from './Bits';
import { CaseMenu } from './CaseActions';
import { DataTable, type Column } from './DataTable';

const RANK = { critical: 0, high: 1, medium: 2, low: 3 };
const SORTS: Record<string, (c: Case) => number | string> = {
  priority: (c) => -c.priority, team: (c) => c.team, severity: (c) => RANK[c.severity], number: (c) => c.number, title: (c) => c.title, order: (c) => c.order ?? '', customer: (c) => c.customer ?? '',
  money: (c) => Number(c.money ?? 0), sla: (c) => (c.due_at ? Date.parse(c.due_at) : Infinity), owner: (c) => c.owner ?? '', queue: (c) => c.queue,
};
function sorted(rows: Case[], sort: string): Case[] {
  const f = SORTS[sort.replace(/^-/, '')];
  if (!f) return rows;
  const d = sort.startsWith('-') ? -1 : 1;
  return [...rows].sort((a, b) => { const x = f(a), y = f(b); return x < y ? -d : x > y ? d : 0; });
}

export interface CaseTableProps { of: RowsOf<Case>; empty: ReactNode; onOpen: (c: Case) => void; current: string | null; onCurrent: (id: string | null) => void; full?: boolean; keys?: boolean }

export function CaseTable({ of, empty, onOpen, current, onCurrent, full, keys = true }: CaseTableProps) {
  const { user } = useSession();
  const work = useCaseWork(), may = useCanWork();
  const [sort, setSort] = useState('priority'), [menu, setMenu] = useState<string | null>(null);
  const rows = useMemo(() => sorted(of.rows, sort), [of.rows, sort]);
  // the first is current, so that A and S have something to act on; a closed one hands over to its neighbour
  useEffect(() => { if (rows.length && !rows.some((c) => c.id === current)) onCurrent(rows[0]!.id); }, [rows, current, onCurrent]);
  const columns = useMemo<Column<Case>[]>(() => [
    { id: 'priority', head: t.cases.priority, sort: 'priority', right: true, cell: (c) => <Rank of={c} /> },
    { id: 'severity', hide: full ? undefined : 'm', head: t.cases.severity, sort: 'severity', cell: (c) => <Sev of={c.severity} /> },
    { id: 'number', head: t.cases.number, sort: 'number', cell: (c) => <Link className="mono quiet" to="/exceptions/$id" params={{ id: c.id }} onClick={(e) => { if (!e.metaKey && !e.ctrlKey && !e.shiftKey) { e.preventDefault(); onOpen(c); } }}>{c.number}</Link> },
    { id: 'title', head: t.cases.what, sort: 'title', grow: 150, cell: (c) => <strong className="w550" title={c.detail}>{titleOf(c)}</strong> },
    { id: 'order', head: t.cases.order, sort: 'order', hide: full ? 's' : 'x', cell: (c) => (c.order ? <Link className="mono quiet" to="/orders/$order" params={{ order: c.order }}>{c.order}</Link> : '–') },
    { id: 'customer', head: t.cases.customer, sort: 'customer', hide: 's', max: full ? 220 : 140, cell: (c) => <span title={c.customer ?? undefined}>{c.customer ?? '–'}</span> },
    { id: 'money', head: t.cases.money, sort: 'money', right: true, hide: 's', cell: (c) => <span className="num">{money(c.money, c.currency, true)}</span> },
    { id: 'sla', head: t.cases.sla, sort: 'sla', cell: (c) => <Sla from={c.opened_at} due={c.due_at} /> },
    ...(full ? [{ id: 'team', head: t.cases.team, sort: 'team', hide: 'm' as const, cell: (c: Case) => c.team }] : []),
    { id: 'owner', head: t.cases.owner, sort: 'owner', hide: 's', max: 110, cell: (c) => (c.owner === user ? t.cases.you : c.owner ?? <span className="muted">{t.cases.none}</span>) },
    { id: 'act', head: t.act.actions, mute: true, cell: (c) => <CaseMenu of={c} opened={menu === c.id} onChange={(o) => setMenu(o ? c.id : null)} /> },
  ], [full, menu, onOpen, user]);
  return (
    <DataTable label={t.cases.title} columns={columns} rows={rows} rowId={(c) => c.id} rowLabel={(c) => `${c.number}, ${t.cases.rank(c.priority)}, ${t.severity[c.severity]}, ${c.title}`} rowClass={(c) => (c.status === 'snoozed' ? 'asleep' : undefined)}
      loading={of.loading} error={of.error} retry={of.retry} more={of.more} empty={empty} sort={sort} onSort={setSort} current={current} onCurrent={onCurrent} onOpen={onOpen} keys={keys}
      commands={may ? { a: (c) => void work.assign(c), s: (c) => void work.snooze(c), '.': (c) => setMenu(c.id) } : {}} />
  );
}
