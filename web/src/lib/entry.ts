/* What manual order entry knows before the server does: which fields are missing, what a line and the order come to. */
import type { Customer, Finding, Item, NewOrder } from '../api/types';
import { t } from '../i18n';
import { businessNow } from './clock';
import { add, compare, parse, text, times, type Dec } from './decimal';

export interface Line { key: number; item: Item | null; quantity: string; unit: string; price: string }
export interface Draft {
  customer: Customer | null; po: string; currency: string; requested: string; notes: string; other: boolean;
  ship: { name: string; street: string; city: string; region: string; postal: string; country: string }; lines: Line[];
}
export type Errors = Record<string, string>;

let keys = 0;
export const blank = (): Line => ({ key: ++keys, item: null, quantity: '', unit: '', price: '' });
export const fresh = (): Draft => ({ customer: null, po: '', currency: 'USD', requested: '', notes: '', other: false, ship: { name: '', street: '', city: '', region: '', postal: '', country: 'US' }, lines: [blank()] });
export const untouched = (l: Line) => !l.item && !l.quantity.trim() && !l.price.trim();
export const dirty = (d: Draft) => !!d.customer || !!d.po.trim() || !!d.notes.trim() || d.lines.some((l) => !untouched(l));

/** Whether an address was written: the country alone, which is filled in, is none. */
const addressed = (d: Draft) => d.other && [d.ship.name, d.ship.street, d.ship.city, d.ship.region, d.ship.postal].some((x) => x.trim());

const ZERO: Dec = { n: 0n, scale: 0 };

export function amount(l: Line): Dec | null {
  const q = parse(l.quantity), p = parse(l.price.trim() || l.item?.list_price || '');
  return q && p ? times(q, p) : null;
}
export const total = (d: Draft) => text(d.lines.reduce((a, l) => add(a, amount(l) ?? ZERO), ZERO), 2);

export function check(d: Draft): Errors {
  const e: Errors = {};
  if (!d.customer) e.customer_id = t.entry.errCustomer;
  if (!d.po.trim()) e.po = t.entry.errPo;
  if (!/^[A-Za-z]{3}$/.test(d.currency.trim())) e.currency = t.entry.errCurrency;
  if (d.requested && d.requested < new Date(businessNow()).toISOString().slice(0, 10)) e.requested_on = t.entry.errDate;
  if (addressed(d) && !/^[A-Za-z]{2}$/.test(d.ship.country.trim())) e['ship_to/country'] = t.entry.errCountry;
  const used = d.lines.filter((l) => !untouched(l));
  if (!used.length) e.lines = t.entry.errLines;
  used.forEach((l) => {
    const quantity = parse(l.quantity), price = l.price.trim() ? parse(l.price) : ZERO;
    if (!l.item) e[`item-${l.key}`] = t.entry.errItem;
    if (!quantity || compare(quantity, ZERO) <= 0) e[`quantity-${l.key}`] = t.entry.errQty;
    if (!price || compare(price, ZERO) < 0) e[`price-${l.key}`] = t.entry.errPrice;
  });
  return e;
}

export function order(d: Draft): NewOrder {
  const s = d.ship;
  return {
    customer_id: d.customer?.customer_id ?? '', po: d.po.trim(), currency: d.currency.trim().toUpperCase(), requested_on: d.requested || null, notes: d.notes.trim(),
    ship_to: !d.other ? d.customer?.ship_to ?? null : !addressed(d) ? null : { name: s.name.trim(), lines: s.street.split('\n').map((x) => x.trim()).filter(Boolean), city: s.city.trim(), region: s.region.trim(), postal_code: s.postal.trim(), country: s.country.trim().toUpperCase() },
    lines: d.lines.filter((l) => !untouched(l)).map((l) => ({ sku: l.item?.sku ?? '', quantity: l.quantity.trim(), unit: l.unit.trim() || l.item?.unit || 'EA', ...(l.price.trim() ? { unit_price: l.price.trim() } : {}) })),
  };
}

/** The server's findings, at the field they speak of; what names no field of ours stays above the form. */
export function place(findings: Finding[], d: Draft): { errors: Errors; rest: Finding[] } {
  const errors: Errors = {}, rest: Finding[] = [], sent = d.lines.filter((l) => !untouched(l));
  const cell: Record<string, string> = { sku: 'item', items: 'item', item: 'item', quantity: 'quantity', unit: 'quantity', unit_price: 'price' };
  for (const f of findings) {
    const m = /lines[/.[](\d+)\]?(?:[/.](\w+))?/.exec(f.where), line = m && sent[Number(m[1])];
    const top = /^[/.]?(customer_id|po|currency|requested_on)\b/.exec(f.where)?.[1];
    const say = f.fix || `${f.expected} (${f.found})`;
    if (line) errors[`${cell[m[2] ?? ''] ?? 'item'}-${line.key}`] = say;
    else if (top) errors[top] = say;
    else rest.push(f);
  }
  return { errors, rest };
}
