/* How numbers, money and times read. Strings of digits go to Intl as strings, which it formats exactly. */
import type { Address } from '../api/types';
import { t } from '../i18n';

let zone: string | undefined;
/** The reader's time zone, from the session. An unknown name leaves the browser's. */
export const ZONE = 'crossdock.zone';
export function setTimeZone(name: string) {
  try { new Intl.DateTimeFormat('en', { timeZone: name }); zone = name; } catch { zone = undefined; }
  cache.clear();
}
/** The zone that times are shown in: the reader's own choice on this device, else the session's. */
export const chosenZone = (of: string) => { try { return localStorage.getItem(ZONE) ?? of; } catch { return of; } };
const cache = new Map<string, Intl.DateTimeFormat>();
function dtf(key: string, o: Intl.DateTimeFormatOptions) {
  let f = cache.get(key);
  if (!f) cache.set(key, (f = new Intl.DateTimeFormat(t.locale, { timeZone: zone, ...o })));
  return f;
}
const valid = (at: string | null | undefined): at is string => !!at && !Number.isNaN(Date.parse(at));
const fmt = (key: string, o: Intl.DateTimeFormatOptions) => (at: string | null | undefined) => (valid(at) ? dtf(key, o).format(new Date(at)) : '–');

export const dateTime = fmt('dt', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
export const fullTime = fmt('full', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZoneName: 'short' });
export const clock = fmt('clock', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
export const hour = fmt('hour', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
export const dayOf = fmt('day', { weekday: 'short', day: 'numeric', month: 'short' });
/** A calendar date without a time: never moved by a time zone. */
export const date = (d: string | null | undefined) => (valid(d) ? new Intl.DateTimeFormat(t.locale, { timeZone: d.length === 10 ? 'UTC' : zone, day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(d)) : '–');

const plain = new Intl.NumberFormat(t.locale, { maximumFractionDigits: 6 });
export const num = (v: string | number | null | undefined) => (v === null || v === undefined || v === '' ? '–' : typeof v === 'number' ? plain.format(v) : digits(v) ? plain.format(v as `${number}`) : v);
const digits = (s: string) => /^[+-]?\d+([.]\d+)?$/.test(s);

const monies = new Map<string, Intl.NumberFormat>();
export function money(v: string | null | undefined, currency: string | null | undefined, whole = false): string {
  if (v === null || v === undefined) return '–';
  if (!digits(v)) return v;
  const key = `${currency}${whole}`;
  let f = monies.get(key);
  if (!f) {
    try { f = new Intl.NumberFormat(t.locale, { style: 'currency', currency: currency ?? '', ...(whole ? { maximumFractionDigits: 0 } : {}) }); }
    catch { f = new Intl.NumberFormat(t.locale, { minimumFractionDigits: whole ? 0 : 2, maximumFractionDigits: whole ? 0 : 2 }); }
    monies.set(key, f);
  }
  return f.format(v as `${number}`);
}

/** A length of time in the two largest units: 3 d 4 h, 2 h 05, 12 min. */
export function span(ms: number): string {
  const m = Math.floor(Math.abs(ms) / 60_000);
  if (m < 1) return t.time.underMinute;
  if (m < 60) return t.time.min(m);
  if (m < 48 * 60) return t.time.hm(Math.floor(m / 60), m % 60);
  return t.time.dh(Math.floor(m / 1440), Math.floor((m % 1440) / 60));
}
export const age = (at: string | null | undefined, now: number) => (valid(at) ? span(now - Date.parse(at)) : '–');

export const address = (a: Address) => [a.name, ...(a.lines ?? []), [a.city, a.region, a.postal_code].filter(Boolean).join(' '), a.country].filter(Boolean).join(', ');

export function bytes(n: number): string {
  if (n < 1024) return `${num(n)} B`;
  return n < 1024 * 1024 ? `${num(Math.round(n / 102.4) / 10)} kB` : `${num(Math.round(n / 104857.6) / 10)} MB`;
}
export const initials = (name: string) => name.split(/[\s._-]+/).filter(Boolean).slice(0, 2).map((p) => p[0]!.toUpperCase()).join('') || '?';
