/* Promises at risk: why, how much money, what could be done; a row opens its order. */
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { AtRisk } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { date, money, num } from '../lib/format';
import { useRows } from '../lib/rows';
import { Age, Empty, Hints } from '../components/Bits';
import { SiteChoice } from '../components/BoardFilters';
import { DataTable, type Column } from '../components/DataTable';
import { Choice, FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const FILTERS = ['q', 'level', 'site', 'step', 'customer'];
const LEVELS = ['critical', 'high', 'missed', 'watch'];
const TONE: Record<string, string> = { critical: 'bad', high: 'warn', missed: 'bad', watch: 'info' };
export const RiskPill = ({ level }: { level: string }) => <span className="pill" data-tone={TONE[level] ?? 'info'}>{word(t.risk.levels, level)}</span>;

const columns: Column<AtRisk>[] = [
  { id: 'order', head: t.risk.order, sort: 'order', cell: (o) => <Link className="mono quiet" to="/orders/$order" params={{ order: o.order }}>{o.order}</Link> },
  { id: 'level', head: t.risk.level, sort: 'level', cell: (o) => <RiskPill level={o.level} /> },
  { id: 'customer', head: t.risk.customer, sort: 'customer', max: 140, hide: 's', cell: (o) => <span title={o.customer}>{o.customer}</span> },
  { id: 'reason', head: t.risk.reason, grow: 340, cell: (o) => <span className="cut" title={o.reason}>{o.reason}</span> },
  { id: 'promised', head: t.risk.promised, sort: 'promised_on', hide: 's', cell: (o) => <span className="num">{date(o.promised_on)}</span> },
  { id: 'expected', head: t.risk.expected, sort: 'expected_on', cell: (o) => <span className="num">{o.expected_on ? date(o.expected_on) : t.risk.unknownDay}</span> },
  { id: 'late', head: t.risk.late, sort: 'days_late', right: true, hide: 'm', cell: (o) => <span className="num">{num(o.days_late)}</span> },
  { id: 'money', head: t.risk.money, sort: 'money', right: true, cell: (o) => <span className="num">{money(o.money, o.currency)}</span> },
  { id: 'could', head: t.risk.could, max: 170, hide: 'm', cell: (o) => <span className="cut" title={o.could.map((c) => c.text).join('\n')}>{o.could[0]?.text}</span> },
  { id: 'case', head: t.risk.case, hide: 'm', cell: (o) => (o.case ? <Link className="quiet" to="/exceptions/$id" params={{ id: o.case }}>{o.case_number}</Link> : '') },
  { id: 'since', head: t.risk.since, sort: 'since', right: true, hide: 'm', cell: (o) => <Age at={o.since} /> },
];

export function AtRiskPage() {
  const [f, set] = useFilters();
  const go = useNavigate();
  const [current, setCurrent] = useState<string | null>(null);
  const asked = useMemo(() => Object.fromEntries(FILTERS.map((k) => [k, f[k]])), [f]);
  const of = useRows<AtRisk>(q.atRisk({ ...asked, sort: f.sort }));
  const { data: counts } = useQuery(q.riskCounts());
  const sums = Object.entries(counts?.money ?? {}).map(([currency, amount]) => money(amount, currency, true)).join(' · ');
  return (
    <div className="page fill">
      <PageHead title={t.risk.title} />
      <p className="muted small">{t.risk.lead}{sums && <> <strong className="num">{t.risk.sum(sums)}</strong></>}</p>
      <FilterBar clear={FILTERS} end={<Shown n={of.rows.length} total={of.total} />}>
        <SearchBox placeholder={t.risk.search} />
        <Choice name="level" label={t.risk.level} any={t.risk.anyLevel} options={LEVELS.map((l) => [l, `${word(t.risk.levels, l)} (${counts?.levels[l] ?? 0})`])} />
        <SiteChoice />
      </FilterBar>
      <section className="panel" aria-label={t.risk.title}>
        <DataTable label={t.risk.title} columns={columns} rows={of.rows} rowId={(o) => o.order} rowLabel={(o) => `${o.order}, ${word(t.risk.levels, o.level)}: ${o.reason}`} loading={of.loading} error={of.error} retry={of.retry} more={of.more}
          sort={f.sort ?? '-level'} onSort={(s) => set({ sort: s || undefined })} current={current} onCurrent={setCurrent} onOpen={(o) => void go({ to: '/orders/$order', params: { order: o.order } })}
          empty={FILTERS.some((k) => f[k]) ? <Empty title={t.list.noMatch} /> : <Empty title={t.risk.empty}>{t.risk.emptyWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.keys.open], ['/', t.keys.filter], ['Ctrl K', t.keys.anywhere]]} />
      </section>
    </div>
  );
}
