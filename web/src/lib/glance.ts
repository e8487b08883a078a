/* The four questions anyone asks of an order: where is it, why, who has it, what next. Answered from its own record. */
import type { Flow, OrderDetail } from '../api/types';
import { t, word } from '../i18n';
import { isZero } from './decimal';
import { date, num } from './format';
import { straight } from './mainways';

export interface Glance { where: string; why: string; who: string; next: string; tone: 'ok' | 'warn' | 'bad' | 'info' | 'mute' }

export function glance(o: OrderDetail, flow: Flow | undefined): Glance {
  const where = o.stage_label || word(t.orderStatus, o.status);
  const hold = o.holds.find((h) => h.status === 'active');
  const open = o.cases.find((c) => c.status !== 'closed');
  const pending = o.approvals.find((a) => a.status === 'pending');
  const onward = after(flow, o);
  if (o.status === 'closed') return { where, why: t.glance.closed, who: t.glance.nobody, next: t.glance.nothing, tone: 'ok' };
  if (o.status === 'cancelled') return { where, why: t.glance.cancelled, who: t.glance.nobody, next: t.glance.nothing, tone: 'mute' };
  if (o.status === 'rejected') return { where, why: open?.title ?? t.glance.rejected, who: t.glance.customer, next: t.glance.nothing, tone: 'bad' };
  if (hold) return { where, why: t.glance.heldWhy(hold.number, hold.reason), who: t.glance.releases(word(t.roles, hold.release_role)), next: t.glance.release, tone: 'warn' };
  if (pending) return { where, why: pending.title, who: t.glance.role(word(t.roles, pending.role).toLowerCase()), next: t.glance.decide, tone: 'warn' };
  if (open) return { where, why: open.title, who: open.owner ?? t.glance.queue(open.queue), next: open.actions.length ? t.glance.resolve(open.actions.slice(0, 2).map((a) => a.label).join(' / ')) : t.glance.resolveAny, tone: 'bad' };
  const node = flow?.nodes.find((n) => n.id === o.stage);
  const waits = o.status === 'waiting' || node?.kind === 'wait' || node?.kind === 'event';
  const short = o.stage !== SHORT ? '' : o.lines.filter((l) => !isZero(l.backordered)).map((l) => t.glance.short(num(l.backordered), l.sku ?? l.description)).join(', ');
  // the last thing that happened, not the last that was asked
  const last = o.timeline.filter((i) => ['event', 'money', 'document'].includes(i.kind)).reduce<OrderDetail['timeline'][number] | undefined>((a, i) => (!a || i.at >= a.at ? i : a), undefined);
  return {
    where, who: waits ? t.glance.outside : t.glance.auto, next: onward ? t.glance.then(onward) : t.glance.nothing, tone: o.late ? 'warn' : 'info',
    why: o.late ? `${t.glance.lateWhy} (${date(o.promised_on)})` : short || (last?.title ?? t.glance.autoWhy),
  };
}

/** The straight way of this order. The step for goods that are short is on it only where some are. */
export function wayOf(flow: Flow, o: OrderDetail) {
  const short = o.stage === SHORT || o.lines.some((l) => !isZero(l.backordered));
  return straight(flow, o.stage).filter((n) => short || n.id !== SHORT);
}
const SHORT = 'backorder';

/** The step after this one on the straight way: not the person who is asked only when something is wrong. */
function after(flow: Flow | undefined, o: OrderDetail): string | undefined {
  const path = flow ? wayOf(flow, o) : [];
  const i = path.findIndex((n) => n.id === o.stage);
  return i >= 0 ? path[i + 1]?.label : undefined;
}
