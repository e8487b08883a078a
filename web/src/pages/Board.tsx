/* The control tower: how it goes, where orders are, what needs a person now. */
import { lazy, Suspense, useCallback, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { SegmentedControl, Skeleton, TextInput, useComputedColorScheme } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { Approval, Case } from '../api/types';
import { t } from '../i18n';
import { money, num } from '../lib/format';
import { useKeys } from '../lib/keys';
import { useRows } from '../lib/rows';
import { useDebouncedValue } from '@mantine/hooks';
import { Age, Empty, Failed, Hints, LinkButton, Panel, Rows } from '../components/Bits';
import { DecideButtons, RejectDialog } from '../components/Approvals';
import { CaseTable } from '../components/CaseTable';
import { FlowPanel } from '../components/FlowPanel';
import { Kpis } from '../components/Kpis';
import { PageHead } from '../components/PageHead';

const Throughput = lazy(() => import('../components/Throughput'));

export function Board() {
  return (
    <div className="page board">
      <PageHead title={t.nav.board} />
      <Kpis />
      <FlowPanel />
      <Triage />
      <div className="side"><Hours /><ApprovalsPanel /></div>
    </div>
  );
}

function Triage() {
  const go = useNavigate();
  const find = useRef<HTMLInputElement>(null);
  const [show, setShow] = useState('any'), [text, setText] = useState(''), [current, setCurrent] = useState<string | null>(null);
  const [search] = useDebouncedValue(text, 200);
  const of = useRows<Case>(q.cases({ status: 'open', owner: show, q: search }));
  useKeys({ '/': () => find.current?.focus() });
  const open = useCallback((c: Case) => void go({ to: '/exceptions', search: { open: c.id } }), [go]);
  return (
    <Panel title={t.cases.title} count={of.total === undefined ? '' : num(of.total)} className="grid" right={<>
      <TextInput ref={find} size="xs" w={170} placeholder={t.cases.filter} aria-label={t.cases.filterLabel} leftSection={<IconFilter size={13} />} value={text} onChange={(e) => setText(e.currentTarget.value)} />
      <SegmentedControl size="xs" value={show} onChange={setShow} aria-label={t.cases.show} data={[{ value: 'any', label: t.cases.all }, { value: 'me', label: t.cases.mine }, { value: 'none', label: t.cases.free }]} />
    </>}>
      <CaseTable of={of} onOpen={open} current={current} onCurrent={setCurrent}
        empty={text || show === 'none' ? <Empty title={t.list.noMatch} /> : show === 'me' ? <Empty title={t.cases.emptyMine}>{t.cases.emptyMineWhy}</Empty> : <Empty title={t.cases.empty}>{t.cases.emptyWhy}</Empty>} />
      <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.keys.open], ['A', t.keys.assign], ['S', t.keys.snooze], ['.', t.keys.actions], ['/', t.keys.filter], ['Ctrl K', t.keys.anywhere]]} />
    </Panel>
  );
}

function Hours() {
  const dark = useComputedColorScheme('light') === 'dark';
  const { data, error, refetch } = useQuery(q.throughput(24));
  return (
    <Panel title={t.hours.title} right={<span className="muted num small">{data ? t.hours.total(data.total) : ''}</span>}>
      {error && !data ? <Failed error={error} retry={() => void refetch()} />
        : !data ? <Skeleton className="chart" />
          : data.total === 0 ? <p className="muted pad">{t.hours.empty}</p>
            : <Suspense fallback={<div className="chart" />}><Throughput buckets={data.buckets} dark={dark} /></Suspense>}
    </Panel>
  );
}

function ApprovalsPanel() {
  const of = useRows<Approval>(q.approvals({ status: 'pending' }));
  const [rejecting, reject] = useState<Approval | null>(null);
  return (
    <Panel title={t.approvals.title} count={of.total === undefined ? '' : num(of.total)} right={<LinkButton to="/approvals" variant="subtle" size="compact-xs">{t.approvals.inbox}</LinkButton>}>
      {of.error ? <Failed error={of.error} retry={of.retry} /> : of.loading ? <Rows n={4} /> : of.rows.length === 0 ? <Empty title={t.approvals.empty}>{t.approvals.emptyWhy}</Empty> : (
        <ul className="apprs">
          {of.rows.slice(0, 6).map((a) => (
            <li className="appr" key={a.id}>
              <div className="a"><Link className="quiet cut" to="/approvals" search={{ open: a.id }} title={a.title}>{a.title}</Link><span className="num">{money(a.amount, a.currency)}</span></div>
              <div className="b"><span className="cut">{a.customer ?? a.order}</span><Age at={a.requested_at} /><DecideButtons of={a} onReject={() => reject(a)} /></div>
            </li>
          ))}
        </ul>
      )}
      {rejecting && <RejectDialog of={rejecting} close={() => reject(null)} />}
    </Panel>
  );
}
