/* The order at a glance: where it is, why, who has it and what comes next, in words; below, the promise and the money. */
import type { ReactNode } from 'react';
import type { Around, Flow, OrderDetail } from '../api/types';
import { t } from '../i18n';
import { useNow } from '../lib/clock';
import { isZero } from '../lib/decimal';
import { date, money, num } from '../lib/format';
import { glance } from '../lib/glance';
import { Stages } from './OrderParts';

const DAY_MS = 86_400_000;

export function OrderHead({ order: o, around, flow }: { order: OrderDetail; around: Around | undefined; flow: Flow | undefined }) {
  const g = glance(o, flow), c = o.currency, now = useNow();
  const over = ['closed', 'cancelled', 'rejected'].includes(o.status);
  const days = o.promised_on ? Math.round((Date.parse(o.promised_on) - Math.floor(now / DAY_MS) * DAY_MS) / DAY_MS) : null;
  const delivered = around?.shipments.filter((s) => s.status === 'delivered').length ?? 0;
  const facts: [string, ReactNode][] = [
    [t.glanceLine.promised, o.promised_on ? <>{date(o.promised_on)}{!over && days !== null && <small className={days < 0 || o.late ? 'bad' : 'muted'}> {days < 0 ? t.glanceLine.late(-days) : t.glanceLine.daysLeft(days)}</small>}</> : o.requested_on ? <span className="muted">{t.glanceLine.wanted(date(o.requested_on))}</span> : <span className="muted">{t.glanceLine.noPromise}</span>],
    [t.glanceLine.shipments, around?.shipments.length ? t.glanceLine.ofShipments(delivered, around.shipments.length) : <span className="muted">{t.glanceLine.nothingYet}</span>],
    [t.glanceLine.worth, money(o.total, c)],
    [t.glanceLine.invoiced, isZero(o.money.invoiced) ? <span className="muted">{t.glanceLine.nothingYet}</span> : money(o.money.invoiced, c)],
    [t.glanceLine.open, isZero(o.money.invoiced) ? <span className="muted">–</span> : <span className={isZero(o.money.open) ? 'ok' : undefined}>{money(o.money.open, c)}</span>],
    ...(around && !isZero(around.credited) ? [[t.glanceLine.credited, money(around.credited, c)] as [string, ReactNode]] : []),
  ];
  return (
    <section className="panel head-card" aria-label={t.order.title(o.order)} data-tone={g.tone}>
      <dl className="glance" data-tone={g.tone}>{([[t.order.where, g.where], [t.order.why, g.why], [t.order.who, g.who], [t.order.next, g.next]] as const).map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>
      <dl className="headline">{facts.map(([k, v]) => <div key={k}><dt>{k}</dt><dd className="num">{v}</dd></div>)}<div className="sr"><dt>{t.orders.lines}</dt><dd>{num(o.lines.length)}</dd></div></dl>
      {flow && o.status !== 'rejected' && o.status !== 'cancelled' && <Stages flow={flow} order={o} />}
    </section>
  );
}
