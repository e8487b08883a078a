/* One order whole: at a glance, then lines, the timeline of everything that happened, calls and decisions, and what belongs to it. */
import { useState } from 'react';
import { Button, Modal, Tabs, Textarea } from '@mantine/core';
import { IconBan } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import { t } from '../i18n';
import { useFilters } from '../lib/filters';
import { money } from '../lib/format';
import { glance } from '../lib/glance';
import { done, failed } from '../lib/notify';
import { useCanWork } from '../lib/session';
import { Copy, Facts, Failed, OrderPill, Panel, Rows } from '../components/Bits';
import { ChainPanel } from '../components/ChainPanel';
import { Calls, Decisions, Lines, MoneyPanel, orderFacts, Related, Stages } from '../components/OrderParts';
import { PageHead } from '../components/PageHead';
import { StartButtons } from '../components/StartButtons';
import { Timeline } from '../components/Timeline';

export function OrderPage() {
  const { order = '' } = useParams({ strict: false });
  const { data: o, error, refetch } = useQuery(q.order(order));
  const { data: flow } = useQuery(q.flow());
  const [cancelling, cancel] = useState(false);
  const may = useCanWork();
  const [f, set] = useFilters();
  const head = <PageHead title={order} crumbs={[{ label: t.orders.title, to: '/orders' }]} after={o && <><OrderPill of={o.status} />{o.late && <span className="pill" data-tone="bad">{t.order.late}</span>}</>} />;
  if (error && !o) return <div className="page">{head}<div className="panel"><Failed error={error} retry={() => void refetch()} /></div></div>;
  if (!o) return <div className="page">{head}<div className="panel"><Rows n={5} /></div><div className="panel"><Rows n={12} /></div></div>;
  const g = glance(o, flow);
  const over = ['closed', 'cancelled', 'rejected'].includes(o.status);
  return (
    <div className="page order">
      {head}
      <section className="panel" aria-label={t.order.title(o.order)}>
        <dl className="glance" data-tone={g.tone}>{([[t.order.where, g.where], [t.order.why, g.why], [t.order.who, g.who], [t.order.next, g.next]] as const).map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>
        {flow && o.status !== 'rejected' && o.status !== 'cancelled' && <Stages flow={flow} order={o} />}
      </section>
      <div className="order-grid">
        <div>
          <Lines of={o} />
          <Tabs value={f.part ?? 'timeline'} onChange={(v) => set({ part: v === 'timeline' || !v ? undefined : v })} keepMounted={false} className="tabs">
            <Tabs.List aria-label={t.order.title(o.order)}>
              <Tabs.Tab value="timeline">{t.order.timeline} <span className="muted num">{o.timeline.length}</span></Tabs.Tab>
              <Tabs.Tab value="chain">{t.chain.tab}</Tabs.Tab>
              <Tabs.Tab value="calls">{t.order.calls} <span className="muted num">{o.calls.length}</span></Tabs.Tab>
              <Tabs.Tab value="decisions">{t.order.decisions} <span className="muted num">{o.decisions.length}</span></Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="timeline"><Timeline of={o} /></Tabs.Panel>
            <Tabs.Panel value="chain"><ChainPanel order={o.order} /></Tabs.Panel>
            <Tabs.Panel value="calls"><Panel title={t.order.calls} count={o.calls.length}><Calls of={o.calls} /></Panel></Tabs.Panel>
            <Tabs.Panel value="decisions"><Panel title={t.order.decisions} count={o.decisions.length}><Decisions of={o.decisions} /></Panel></Tabs.Panel>
          </Tabs>
        </div>
        <div>
          <Panel title={money(o.total, o.currency)} label={t.orders.order} right={may && !over && <Button variant="default" size="compact-xs" leftSection={<IconBan size={13} />} onClick={() => cancel(true)}>{t.order.cancel}</Button>}>
            <div className="body"><Facts of={orderFacts(o)} />
              <div className="hash"><span>{t.order.trace}</span>{o.trace_id ? <><span className="mono cut" data-testid="trace">{o.trace_id}</span><Copy text={o.trace_id} label={t.order.copyTrace} /></> : <span>{t.order.noTrace}</span>}</div>
            </div>
          </Panel>
          {may && <div className="buttons"><StartButtons order={o.order} shipped={o.lines.some((l) => Number(l.shipped) > 0)} invoiced={o.lines.some((l) => Number(l.invoiced) > 0)} /></div>}
          <MoneyPanel of={o} />
          <Related of={o} />
        </div>
      </div>
      {cancelling && <CancelDialog order={o.order} close={() => cancel(false)} />}
    </div>
  );
}

function CancelDialog({ order, close }: { order: string; close: () => void }) {
  const qc = useQueryClient();
  const [reason, setReason] = useState(''), [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      await act.cancelOrder(order, reason.trim());
      done(t.order.cancelled(order), t.order.cancelledBody);
      void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/orders') });
      close();
    } catch (e) { failed(t.order.cancelFailed, e); setBusy(false); }
  };
  return (
    <Modal opened onClose={close} title={t.order.cancelTitle(order)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <p>{t.order.cancelBody}</p>
        <Textarea label={t.order.cancelReason} required value={reason} onChange={(e) => setReason(e.currentTarget.value)} autosize minRows={2} data-autofocus />
        <div className="buttons"><Button variant="default" onClick={close}>{t.order.cancelKeep}</Button><Button type="submit" color="red.8" loading={busy} disabled={!reason.trim()}>{t.order.cancelGo}</Button></div>
      </form>
    </Modal>
  );
}
