/* Exceptions: the list with a drawer for triage, and one exception as a page of its own. */
import { useCallback, useState } from 'react';
import { Button, Drawer, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { Case } from '../api/types';
import { t, word, words } from '../i18n';
import { titleOf } from '../lib/cases';
import { useFilters } from '../lib/filters';
import { useRows } from '../lib/rows';
import { useCanWork } from '../lib/session';
import { Empty, Hints, LinkButton, Pill } from '../components/Bits';
import { CaseDetail } from '../components/CaseDetail';
import { CaseTable } from '../components/CaseTable';
import { Choice, FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { HandoverDialog, Received } from '../components/Handover';
import { PageHead } from '../components/PageHead';

const FILTERS = ['q', 'status', 'owner', 'team', 'kind', 'incident'];
const some = (rows: Case[], f: (c: Case) => string) => [...new Set(rows.map(f))].filter(Boolean).sort();

export function Exceptions() {
  const [f, set] = useFilters();
  const [current, setCurrent] = useState<string | null>(f.open ?? null);
  const may = useCanWork(), [handing, setHanding] = useState(false);
  const status = f.status ?? 'open', owner = f.owner ?? 'any';
  const of = useRows<Case>(q.cases({ status, owner, team: f.team, queue: f.queue, kind: f.kind, incident: f.incident, q: f.q }));
  const open = useCallback((c: Case) => { setCurrent(c.id); set({ open: c.id }); }, [set]);
  const opened = of.rows.find((c) => c.id === f.open);
  return (
    <div className="page fill">
      <PageHead title={t.cases.title} after={may && <><LinkButton variant="default" size="compact-sm" to="/desk">{t.desk.title}</LinkButton> <Button variant="default" size="compact-sm" onClick={() => setHanding(true)}>{t.shift.open}</Button></>} />
      <Received />
      {handing && <HandoverDialog close={() => setHanding(false)} />}
      <FilterBar clear={FILTERS} end={<Shown n={of.rows.length} total={of.total} />}>
        <SearchBox placeholder={t.cases.filter} />
        <SegmentedControl size="xs" value={owner} onChange={(v) => set({ owner: v === 'any' ? undefined : v })} aria-label={t.cases.show} data={[{ value: 'any', label: t.cases.all }, { value: 'me', label: t.cases.mine }, { value: 'none', label: t.cases.free }]} />
        <SegmentedControl size="xs" value={status} onChange={(v) => set({ status: v === 'open' ? undefined : v })} aria-label={t.cases.status} data={(['open', 'snoozed', 'closed'] as const).map((s) => ({ value: s, label: t.cases[s] }))} />
        <Choice name="team" label={t.cases.team} any={t.cases.anyTeam} options={some(of.rows, (c) => c.team).map((x) => [x, x])} />
        <Choice name="kind" label={t.cases.kind} any={t.cases.anyKind} options={some(of.rows, (c) => c.kind).map((x) => [x, words(x)])} />
        <Link className="small" to="/clusters">{t.clusters.byCause}</Link>
      </FilterBar>
      <section className="panel" aria-label={t.cases.title}>
        <CaseTable full of={of} onOpen={open} current={current} onCurrent={setCurrent} keys={!f.open}
          empty={f.q || f.team || f.queue || f.kind || status !== 'open' ? <Empty title={t.list.noMatch} /> : owner === 'me' ? <Empty title={t.cases.emptyMine}>{t.cases.emptyMineWhy}</Empty> : <Empty title={t.cases.empty}>{t.cases.emptyWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.keys.open], ['A', t.keys.assign], ['S', t.keys.snooze], ['.', t.keys.actions], ['/', t.keys.filter]]} />
      </section>
      <Drawer opened={!!f.open} onClose={() => set({ open: undefined })} position="right" size={560} title={<span className="chips"><span className="mono">{opened?.number ?? t.cases.number}</span></span>} closeButtonProps={{ 'aria-label': t.cases.closeDrawer }}>
        {f.open && <><CaseDetail id={f.open} /><div className="buttons"><LinkButton variant="subtle" size="compact-xs" to="/exceptions/$id" params={{ id: f.open }}>{t.cases.openPage}</LinkButton></div></>}
      </Drawer>
    </div>
  );
}

export function ExceptionPage() {
  const { id = '' } = useParams({ strict: false });
  const { data: c } = useQuery(q.case(id));
  return (
    <div className="page">
      <PageHead title={c ? `${c.number}: ${titleOf(c)}` : t.cases.number} crumbs={[{ label: t.cases.title, to: '/exceptions' }]} after={c && <Pill of={c.status} label={word(t.status, c.status)} />} />
      <div className="panel"><CaseDetail id={id} page /></div>
    </div>
  );
}
