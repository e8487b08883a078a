/* One order whole: at a glance, what can be done, then its sections. A section stands in the address (?part=), with how
   much it holds on its tab. A long story comes in pages, the newest first. */
import { useMemo, useState, type ReactNode } from 'react';
import { Button, Tabs } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { OrderDetail, Story } from '../api/types';
import { t } from '../i18n';
import { useFilters } from '../lib/filters';
import { money, num } from '../lib/format';
import { useKeys } from '../lib/keys';
import { failed } from '../lib/notify';
import { useSession } from '../lib/session';
import { Copy, Facts, Failed, OrderPill, Panel, Rows } from '../components/Bits';
import { ChainPanel } from '../components/ChainPanel';
import { OrderActions } from '../components/OrderActions';
import { OrderHead } from '../components/OrderHead';
import { Calls, Decisions, Lines, Messages, MoneyPanel, orderFacts, Papers, Related, Workflow } from '../components/OrderParts';
import { Bills, Claims, Kin, Shipments } from '../components/OrderSections';
import { PageHead } from '../components/PageHead';
import { PlanPanel } from '../components/PlanPanel';
import { Timeline } from '../components/Timeline';

export function OrderPage() {
  const { order = '' } = useParams({ strict: false });
  const { data: newest, error, refetch } = useQuery(q.order(order));
  const { data: around } = useQuery(q.around(order));
  const { data: flow } = useQuery(q.flow());
  const [f, set] = useFilters();
  const ours = useSession().role !== 'partner';
  const [o, more] = useWhole(newest);
  const head = <PageHead title={order} crumbs={[{ label: t.orders.title, to: '/orders' }]} after={o && <><OrderPill of={o.status} />{o.late && <span className="pill" data-tone="bad">{t.order.late}</span>}</>} />;
  if (error && !o) return <div className="page">{head}<div className="panel"><Failed error={error} retry={() => void refetch()} /></div></div>;
  if (!o) return <div className="page">{head}<div className="panel"><Rows n={5} /></div><div className="panel"><Rows n={12} /></div></div>;
  const n = around?.counts, part = f.part ?? 'timeline';
  const parts: [string, string, number | null | undefined][] = [
    ['timeline', t.sections.timeline, ours && n ? n.events + n.documents + (n.calls ?? 0) + (n.decisions ?? 0) : o.timeline.length], ...(ours ? [['plan', t.risk.plan, undefined] as [string, string, undefined]] : []), ['shipments', t.sections.shipments, around?.shipments.length], ['money', t.sections.bills, around?.invoices.length],
    ['documents', t.sections.papers, n?.documents ?? o.documents.length], ...(ours ? [['chain', t.sections.chain, undefined] as [string, string, undefined]] : []), ['returns', t.sections.returns, around?.claims.length], ['messages', t.sections.messages, n?.messages ?? o.messages.length],
    ...(ours ? [['decisions', t.sections.decisions, n?.decisions ?? o.decisions.length], ['calls', t.sections.calls, n?.calls ?? o.calls.length], ['flow', t.sections.flow, o.instances.length]] as [string, string, number][] : []),
  ];
  return (
    <div className="page order">
      <SectionKeys ids={parts.map(([id]) => id)} part={part} go={(v) => set({ part: v === 'timeline' ? undefined : v })} />
      {head}
      <OrderHead order={o} around={around} flow={flow} />
      <OrderActions order={o} />
      <div className="order-grid">
        <div>
          <Lines of={o} />
          <Tabs value={part} onChange={(v) => set({ part: v === 'timeline' || !v ? undefined : v })} keepMounted={false} className="tabs">
            <Tabs.List aria-label={t.sections.label}>{parts.map(([id, label, count]) => <Tabs.Tab key={id} value={id}>{label}{count !== undefined && count !== null && <> <span className="muted num">{num(count)}</span></>}{id === 'calls' && !!n?.unknown && <span className="pill" data-tone="warn">{t.sections.unknown(n.unknown)}</span>}</Tabs.Tab>)}</Tabs.List>
            <Tabs.Panel value="timeline"><Timeline of={o} />{more}</Tabs.Panel>
            <Tabs.Panel value="plan"><PlanPanel order={o.order} /></Tabs.Panel>
            <Tabs.Panel value="shipments">{around ? <Shipments of={around.shipments} order={o} /> : <Rows n={4} />}</Tabs.Panel>
            <Tabs.Panel value="money">{around ? <Bills of={around.invoices} order={o} freight={around.freight} /> : <Rows n={4} />}</Tabs.Panel>
            <Tabs.Panel value="documents"><Papers of={o} /></Tabs.Panel>
            <Tabs.Panel value="chain"><ChainPanel order={o.order} /></Tabs.Panel>
            <Tabs.Panel value="returns">{around ? <Claims of={around.claims} /> : <Rows n={4} />}</Tabs.Panel>
            <Tabs.Panel value="messages"><Messages of={o} />{more}</Tabs.Panel>
            <Tabs.Panel value="calls"><Panel title={t.order.calls} count={n?.calls ?? o.calls.length}><Calls of={o.calls} /></Panel>{more}</Tabs.Panel>
            <Tabs.Panel value="decisions"><Panel title={t.order.decisions} count={n?.decisions ?? o.decisions.length}><Decisions of={o.decisions} order={o.order} /></Panel>{more}</Tabs.Panel>
            <Tabs.Panel value="flow"><Workflow of={o} /></Tabs.Panel>
          </Tabs>
        </div>
        <div>
          <Panel title={money(o.total, o.currency)} label={t.orders.order}>
            <div className="body"><Facts of={orderFacts(o)} />
              {ours && <div className="hash"><span>{t.order.trace}</span>{o.trace_id ? <><span className="mono cut" data-testid="trace">{o.trace_id}</span><Copy text={o.trace_id} label={t.order.copyTrace} /></> : <span>{t.order.noTrace}</span>}</div>}
            </div>
          </Panel>
          <MoneyPanel of={o} credited={around?.credited} freight={around?.freight} />
          <Related of={o} />
          {around && <Kin of={around.related} quotes={around.quotes} />}
        </div>
      </div>
    </div>
  );
}

/** [ and ] walk the sections; a component of its own, as its keys are there only with the order. */
function SectionKeys({ ids, part, go }: { ids: string[]; part: string; go: (id: string) => void }) {
  const to = (step: number) => () => { const next = ids[(ids.indexOf(part) + step + ids.length) % ids.length]; if (next) go(next); };
  useKeys({ ']': to(1), '[': to(-1) });
  return null;
}

/** The order with the pages of its story that were asked for, and the button that asks for the one before. */
function useWhole(newest: OrderDetail | undefined): [OrderDetail | undefined, ReactNode] {
  const qc = useQueryClient();
  const [older, setOlder] = useState<{ of: string; pages: Story[] }>({ of: '', pages: [] }), [busy, setBusy] = useState(false);
  const pages = newest && older.of === newest.order ? older.pages : [];
  const whole = useMemo(() => newest && joined(newest, pages), [newest, pages]);
  const earlier = pages.length ? pages[0]!.earlier : newest?.earlier ?? null;
  const ask = async () => {
    if (!newest || !earlier) return;
    setBusy(true);
    try { const page = await qc.fetchQuery(q.story(newest.order, earlier)); setOlder({ of: newest.order, pages: [page, ...pages] }); } catch (e) { failed(t.sections.earlierFailed, e); } finally { setBusy(false); }
  };
  return [whole, earlier ? <p className="earlier"><Button variant="default" size="xs" loading={busy} onClick={() => void ask()}>{t.sections.earlier}</Button></p> : pages.length ? <p className="earlier muted small">{t.sections.allShown}</p> : null];
}

function joined(o: OrderDetail, pages: Story[]): OrderDetail {
  if (!pages.length) return o;
  const all = <D,>(of: (x: Story) => D[]) => [...pages, { ...o, earlier: null }].flatMap(of);
  return { ...o, timeline: all((x) => x.timeline), calls: all((x) => x.calls), decisions: all((x) => x.decisions), messages: all((x) => x.messages) };
}
