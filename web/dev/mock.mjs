#!/usr/bin/env node
// The gateway's contract played from memory, for working on pages and for browser tests without a server.
// node dev/mock.mjs [--port 8080] [--static DIR]   user admin, password crossdock. Never shipped.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flow, hexOf, STAGES, tenant } from './seed.mjs';

const arg = (name, or) => { const i = process.argv.indexOf(`--${name}`); return i > 0 ? process.argv[i + 1] : or; };
const STATIC = arg('static', fileURLToPath(new URL('../../src/crossdock/gateway/static', import.meta.url)));
const START = Date.parse('2026-11-23T09:30:00Z'), RATE = 30, BOOT = Date.now();
const now = () => START + (Date.now() - BOOT) * RATE;
const iso = (ms = now()) => new Date(ms).toISOString();
const worlds = { north: tenant(7, START, 320), castell: tenant(8, START, 90) };
const TENANTS = [{ id: 'north', name: 'Northwind Supply', role: 'admin' }, { id: 'castell', name: 'Castell Handel', role: 'approver' }];
const BRAND = { north: { name: 'Northwind Supply', color: '#2f55d4' }, castell: { name: 'Castell Handel', color: '#0f766e' } };
const sessions = new Map(), streams = new Set();

class Fault extends Error { constructor(status, title, detail, findings) { super(title); Object.assign(this, { status, title, detail, findings }); } }
const page = (items, p) => { const at = Number(p.get('cursor') ?? 0), n = Number(p.get('limit') ?? 50); return { items: items.slice(at, at + n), next: at + n < items.length ? String(at + n) : null, total: items.length }; };
const has = (o, text, ...keys) => !text || keys.some((k) => String(o[k] ?? '').toLowerCase().includes(text.toLowerCase()));
const eq = (o, p, ...keys) => keys.every((k) => !p.get(k) || o[k] === p.get(k));
const find = (list, id, key = 'id') => { const x = list.find((y) => y[key] === id); if (!x) throw new Fault(404, 'Not found', `There is no ${id} in this tenant.`); return x; };
const say = (tenantId, event, data) => { for (const s of streams) if (s.tenant === tenantId) s.res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`); };
const sortBy = (list, sort) => { if (!sort) return list; const k = sort.replace(/^-/, ''), d = sort.startsWith('-') ? -1 : 1, v = (o) => (k === 'total' ? Number(o.total) : o[k] ?? ''); return [...list].sort((a, b) => (v(a) < v(b) ? -d : v(a) > v(b) ? d : 0)); };
const orders = (w, p) => sortBy(w.orders.filter((o) => eq(o, p, 'status', 'stage', 'channel') && (!p.get('customer') || o.customer_id === p.get('customer')) && (p.get('late') !== 'true' || o.late) && has(o, p.get('q'), 'order', 'po', 'customer')), p.get('sort') ?? '-received_at');
const cases = (w, p, me) => w.cases.filter((c) => eq(c, p, 'status', 'queue', 'kind', 'incident') && (p.get('owner') === 'me' ? c.owner === me : p.get('owner') === 'none' ? !c.owner : true) && has(c, p.get('q'), 'number', 'title', 'order', 'customer')).sort((a, b) => a.due_at.localeCompare(b.due_at));

const series = (w, base, by) => Array.from({ length: 24 }, (_, i) => base + Math.sin(i / 3 + base) * by + (i % 5) * by * 0.2);
function kpis(w) {
  const open = w.orders.filter((o) => ['open', 'waiting', 'in_case'].includes(o.status)).length, ex = w.cases.filter((c) => c.status === 'open').length, ap = w.approvals.filter((a) => a.status === 'pending').length;
  const k = (key, label, value, unit, target, delta, good, note, formula) => ({ key, label, value, unit, target, delta, good, note, formula, series: series(w, Number(value ?? 1), Math.max(1, Number(value ?? 1) / 12)) });
  return { as_of: iso(), items: [
    k('open_orders', 'Open orders', String(open), 'count', null, '12', 'down', `of ${w.orders.length} today`, 'Orders accepted and neither closed, cancelled nor rejected, at this moment.'),
    k('otif', 'OTIF, 7 days', '96.4', 'percent', '97', '0.8', 'up', 'per order, against first promise', 'Orders delivered on or before the first promised date with all lines complete ÷ orders due in the 7 days before now.'),
    k('cycle_time', 'Median cycle', '4.6', 'hours', '5', '-0.3', 'down', 'gross', 'Median of accepted − received over orders of the last 24 hours, customer-requested wait included.'),
    k('touchless', 'Touchless orders', '83.7', 'percent', '85', '1.9', 'up', 'received to invoiced', 'Orders with no human write from received to invoiced ÷ orders invoiced in the last 7 days.'),
    k('exceptions', 'Open exceptions', String(ex), 'count', null, '5', 'down', `${w.cases.filter((c) => c.breached).length} past SLA`, 'Exceptions with status open, snoozed ones left out.'),
    k('approvals', 'Approvals waiting', String(ap), 'count', null, '-2', 'down', 'oldest 4 h 10', 'Approvals that nobody has decided and that have not expired.')] };
}
function throughput(w) {
  const h = Math.floor(now() / 3_600_000) * 3_600_000;
  const buckets = Array.from({ length: 24 }, (_, i) => { const at = h - (23 - i) * 3_600_000, n = Math.round(14 * Math.exp(-(((i - 15) / 5) ** 2))) + (i % 3); return { at: iso(at), x12: n * 2, json: n, csv: Math.round(n / 2), manual: i % 4 === 0 ? 2 : 0 }; });
  return { buckets, total: buckets.reduce((a, b) => a + b.x12 + b.json + b.csv + b.manual, 0) };
}
function orderDetail(w, id) {
  const o = find(w.orders, id, 'order');
  return { ...o, ...w.details.get(id), documents: w.documents.filter((d) => d.order === id).map(({ id, type, direction, format, status, received_at }) => ({ id, type, direction, format, status, received_at })), approvals: w.approvals.filter((a) => a.order === id), cases: w.cases.filter((c) => c.order === id), holds: w.holds.filter((h) => h.scope === 'order' && h.key === id) };
}
const RAW = (d) => `ISA*00*          *00*          *ZZ*KESTREL        *ZZ*NORTHWIND      *261123*0930*U*00401*000001042*0*P*>~\nGS*PO*KESTREL*NORTHWIND*20261123*0930*1042*X*004010~\nST*850*0001~\nBEG*00*NE*${d.po}**20261123~\nCUR*BY*${d.currency}~\nDTM*002*20261127~\nN1*ST*Kestrel Medical*92*C-0001~\nPO1*1*24*EA*12.40**VN*SKU-1001~\nPO1*2*6*CS*88.15**VN*SKU-1012~\nCTT*2~\nSE*9*0001~\nGE*1*1042~\nIEA*1*000001042~`;
function documentDetail(w, id) {
  const d = find(w.documents, id), x = d.format === 'x12';
  const text = x ? RAW(d) : d.format === 'csv' ? `po,sku,quantity,price\n${d.po},SKU-1001,24,12.40\n${d.po},SKU-1012,6,88.15\n` : JSON.stringify({ po: d.po, lines: [{ sku: 'SKU-1001', quantity: 24 }] }, null, 2);
  return { ...d, errors: d.errors ? [{ code: 'unknown_partner', where: 'ISA06', expected: 'the identifier of a known partner', found: 'KESTREL2', fix: 'Add the identifier to the partner, then release the document.' }] : [], raw: { text, size_bytes: text.length, media_type: x ? 'application/edi-x12' : 'text/plain' }, parsed: { interchange: { sender: 'KESTREL', receiver: 'NORTHWIND', control: '000001042' }, transaction: { set: d.type, BEG: { purpose: '00', type: 'NE', po: d.po }, PO1: [{ line: '1', quantity: 24, unit: 'EA', price: 12.4 }, { line: '2', quantity: 6, unit: 'CS', price: 88.15 }] } }, canonical: d.status === 'held' ? null : { order: d.order, po: d.po, customer_id: 'C-0001', currency: d.currency, lines: [{ line: '1', items: [{ scheme: 'vendor', value: 'SKU-1001' }], quantity: 24, unit: 'EA', unit_price: 12.4 }] }, acknowledgements: w.documents.filter((y) => y.order === d.order && y.direction === 'out').map((y) => y.id) };
}
const YAML = `document:\n  dsl: 1.0.3\n  namespace: crossdock\n  name: order-to-cash\n  version: 1.0.0\n  title: Order to cash\n# every call is made through a role, never to a vendor\ndo:\n  - validate:\n      call: decision@crossdock\n      with:\n        table: order-validation\n  - price:\n      call: erp.priceOrder@crossdock\n      with:\n        customer_id: \${ .order.customer_id }\n  - allocate:\n      call: wms.reserve@crossdock\n  - ship:\n      listen:\n        to:\n          one:\n            with:\n              type: crossdock.shipment.shipped\n`;

async function route(req, res, url, w, s) {
  const p = url.searchParams, path = url.pathname.slice(4), m = req.method;
  const body = async () => { const b = []; for await (const c of req) b.push(c); return Buffer.concat(b); };
  const json = async () => JSON.parse((await body()).toString() || '{}');
  const seg = path.split('/').filter(Boolean).map(decodeURIComponent);
  const wrote = (event, id) => say(s.tenant, event, { id });
  if (m !== 'GET' && req.headers['x-crossdock'] !== '1') throw new Fault(403, 'The X-Crossdock header is missing');
  switch (`${m} /${seg[0]}${seg.length > 1 ? '/*' : ''}${seg.length > 2 ? `/${seg[2]}` : ''}`) {
    case 'GET /kpis': return kpis(w);
    case 'GET /flow': return flow(w);
    case 'GET /throughput': return throughput(w);
    case 'GET /orders': return page(orders(w, p), p);
    case 'GET /orders.csv': res.writeHead(200, { 'content-type': 'text/csv', 'content-disposition': 'attachment; filename="orders.csv"' }); res.end(['order,po,customer,status,total', ...orders(w, p).map((o) => [o.order, o.po, o.customer, o.status, o.total].join())].join('\n')); return undefined;
    case 'GET /orders/*': return orderDetail(w, seg[1]);
    case 'POST /orders/*/cancel': { const o = find(w.orders, seg[1], 'order'); if (o.status === 'closed') throw new Fault(409, 'The order is closed', 'A closed order cannot be cancelled; enter a return.'); o.status = 'cancelled'; wrote('order', o.order); return null; }
    case 'POST /orders': return place(w, await json(), s);
    case 'GET /customers': return page(w.customers.filter((c) => has(c, p.get('q'), 'customer_id', 'name')), p);
    case 'GET /items': return page(w.items.filter((c) => has(c, p.get('q'), 'sku', 'description')), p);
    case 'GET /documents': return page(sortBy(w.documents.filter((d) => eq(d, p, 'type', 'status', 'direction') && has(d, p.get('q'), 'filename', 'po', 'order', 'partner')), '-received_at'), p);
    case 'GET /documents/*': return documentDetail(w, seg[1]);
    case 'GET /documents/*/raw': res.writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment; filename="document.edi"' }); res.end(documentDetail(w, seg[1]).raw.text); return undefined;
    case 'POST /documents/*/release': { const d = find(w.documents, seg[1]); d.status = 'accepted'; d.errors = 0; wrote('order', d.order); return null; }
    case 'POST /intake': return take(w, p.get('filename') ?? 'document', (await body()).toString(), s);
    case 'GET /cases': return page(cases(w, p, s.user), p);
    case 'GET /cases/*': return find(w.cases, seg[1]);
    case 'POST /cases/*/assign': case 'POST /cases/*/snooze': case 'POST /cases/*/comment': case 'POST /cases/*/resolve': case 'POST /cases/*/reopen': {
      const c = find(w.cases, seg[1]), b = await json(), log = (what) => c.history.push({ at: iso(), by: s.user, what });
      if (seg[2] === 'assign') { c.owner = b.owner; log(b.owner ? `assigned to ${b.owner}` : 'unassigned'); }
      if (seg[2] === 'snooze') { c.status = 'snoozed'; log(`snoozed until ${b.until}`); }
      if (seg[2] === 'comment') c.comments.push({ at: iso(), by: s.user, text: b.text });
      if (seg[2] === 'resolve') { c.status = 'closed'; log(`resolved: ${b.action}`); const o = w.orders.find((x) => x.order === c.order); if (o) { o.status = 'open'; o.open_cases = 0; } }
      if (seg[2] === 'reopen') { c.status = 'open'; log('reopened'); }
      wrote('case', c.id);
      return null;
    }
    case 'GET /incidents': return page(w.incidents.filter((i) => !p.get('status') || i.state === p.get('status')), p);
    case 'GET /incidents/*': { const i = find(w.incidents, seg[1]); return { ...i, orders: [...new Set(w.cases.filter((c) => c.incident === i.id).map((c) => c.order))] }; }
    case 'GET /approvals': return page(w.approvals.filter((a) => (!p.get('status') || (p.get('status') === 'decided' ? a.status !== 'pending' : a.status === p.get('status'))) && (p.get('mine') !== 'true' || a.can_decide)), p);
    case 'POST /approvals/*/decide': { const a = find(w.approvals, seg[1]), b = await json(); if (a.hash !== b.hash || a.status !== 'pending') throw new Fault(409, 'The action was changed after you read it'); if (!a.can_decide) throw new Fault(403, 'You may not decide this', a.why_not); Object.assign(a, { status: b.outcome, decided_by: s.user, decided_at: iso(), note: b.note, can_decide: false }); wrote('approval', a.id); return null; }
    case 'GET /holds': return page(w.holds.filter((h) => eq(h, p, 'status')), p);
    case 'POST /holds': { const b = await json(); if (!b.key) throw new Fault(422, 'The hold names nothing'); const h = { id: hexOf(w, 12), number: `HD-${31 + w.holds.length}`, evidence: {}, placed_by: s.user, placed_at: iso(), release_role: 'approver', expires_at: null, status: 'active', orders: 0, ...b }; w.holds.unshift(h); return h; }
    case 'POST /holds/*/release': { const h = find(w.holds, seg[1]); h.status = 'released'; return null; }
    case 'GET /definitions': return page([{ namespace: 'crossdock', name: 'order-to-cash', version: '1.0.0', title: 'Order to cash', summary: 'From a customer’s order to its payment.', published_at: iso(START - 9e8), running: 301 }], p);
    case `GET /definitions/*/${seg[2]}`: { const f = flow(w); return { namespace: 'crossdock', name: seg[1], version: seg[2], title: 'Order to cash', yaml: YAML, graph: { nodes: f.nodes.map(({ id, label, kind }) => ({ id, label, kind })), edges: f.edges } }; }
    case 'GET /instances/*': return { id: seg[1], definition: 'order-to-cash', version: '1.0.0', status: 'running', stage: 'allocate', state: { position: '/do/5/allocate', order: 'SO-10001' }, history: [{ seq: 1, at: iso(START), kind: 'started', data: {} }, { seq: 2, at: iso(START), kind: 'call_completed', data: { function: 'erp.priceOrder' } }], waits: [], timers: [] };
    case 'GET /audit': return page(w.audit.filter((a) => has(a, p.get('q'), 'actor', 'action', 'object')), p);
    case 'GET /alerts': return page(w.alerts, p);
    case 'GET /search': { const q = p.get('q') ?? ''; return { items: [...w.orders.filter((o) => has(o, q, 'order', 'po', 'customer')).slice(0, 6).map((o) => ({ kind: 'order', id: o.order, title: o.order, subtitle: `${o.customer}, PO ${o.po}`, link: `/orders/${o.order}` })), ...w.cases.filter((c) => has(c, q, 'number', 'title')).slice(0, 4).map((c) => ({ kind: 'case', id: c.id, title: `${c.number} ${c.title}`, subtitle: c.order, link: `/exceptions/${c.id}` })), ...w.customers.filter((c) => has(c, q, 'name')).slice(0, 2).map((c) => ({ kind: 'customer', id: c.customer_id, title: c.name, subtitle: c.customer_id, link: `/orders?customer=${c.customer_id}` }))] }; }
    default: throw new Fault(404, 'Not found', path);
  }
}

function place(w, b, s) {
  const c = w.customers.find((x) => x.customer_id === b.customer_id);
  if (!c) throw new Fault(422, 'The order cannot be read', undefined, [{ code: 'unknown_customer', where: '/customer_id', expected: 'a customer number', found: String(b.customer_id), fix: 'Choose a customer from the list.' }]);
  const bad = b.lines.flatMap((l, i) => (w.items.some((x) => x.sku === l.sku) ? [] : [{ code: 'unknown_item', where: `/lines/${i}/sku`, expected: 'an item of the catalogue', found: l.sku, fix: 'Choose an item from the list.' }]));
  const document = hexOf(w, 12);
  if (bad.length) return { document, order: null, status: 'rejected', errors: bad };
  const id = `SO-${10001 + w.orders.length}`;
  const lines = b.lines.map((l, i) => { const it = w.items.find((x) => x.sku === l.sku), price = l.unit_price ?? it.list_price; return { line: String(i + 1), sku: l.sku, description: it.description, ordered: l.quantity, unit: l.unit, unit_price: price, amount: (Number(price) * Number(l.quantity)).toFixed(2), reserved: '0', shipped: '0', invoiced: '0', backordered: '0' }; });
  const total = lines.reduce((a, l) => a + Number(l.amount), 0).toFixed(2);
  w.orders.push({ order: id, po: b.po, customer_id: c.customer_id, customer: c.name, channel: 'manual', status: 'open', stage: 'received', stage_label: 'Order received', total, currency: b.currency, lines: lines.length, received_at: iso(), promised_on: b.requested_on, late: false, age_s: 0, shipments: 0, open_cases: 0 });
  w.documents.push({ id: document, type: 'purchase_order', format: 'json', direction: 'in', status: 'accepted', partner: c.name, filename: null, order: id, po: b.po, total, currency: b.currency, received_at: iso(), errors: 0 });
  w.details.set(id, { ship_to: b.ship_to, lines, money: { ordered: total, invoiced: '0.00', tax: '0.00', paid: '0.00', open: '0.00', margin: null }, timeline: [{ at: iso(), kind: 'document', title: 'Order entered by hand', detail: s.user, status: 'accepted', ref: `/documents/${document}`, data: null }], calls: [], decisions: [], instances: [], messages: [], trace_id: hexOf(w, 32) });
  say(s.tenant, 'order', { id });
  return { document, order: id, status: 'accepted', errors: [] };
}
function take(w, filename, text, s) {
  if (!text.includes('850') && !text.trim().startsWith('{')) return { documents: [{ file: filename, index: 0, type: null, status: 'rejected', order: null, lines: null, total: null, currency: null, errors: [{ code: 'unreadable', where: 'byte 0', expected: 'ISA, { or a CSV header', found: text.slice(0, 20), fix: 'Send an X12 850, a JSON order or a CSV file.' }] }] };
  const o = { order: `SO-${10001 + w.orders.length}`, po: '77001', customer_id: 'C-0001', customer: w.customers[0].name, channel: 'x12', status: 'open', stage: 'received', stage_label: 'Order received', total: '826.50', currency: 'USD', lines: 2, received_at: iso(), promised_on: null, late: false, age_s: 0, shipments: 0, open_cases: 0 };
  w.orders.push(o);
  w.documents.push({ id: hexOf(w, 12), type: '850', format: 'x12', direction: 'in', status: 'accepted', partner: o.customer, filename, order: o.order, po: o.po, total: o.total, currency: 'USD', received_at: iso(), errors: 0 });
  w.details.set(o.order, { ...w.details.get('SO-10001'), timeline: [] });
  say(s.tenant, 'order', { id: o.order });
  return { documents: [{ file: filename, index: 0, type: '850', status: 'accepted', order: o.order, lines: 2, total: o.total, currency: 'USD', errors: [] }] };
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.json': 'application/json' };
async function files(url, res) {
  const name = normalize(url.pathname).replace(/^[/.]+/, '');
  for (const f of [name, 'index.html']) {
    try { const b = await readFile(join(STATIC, f || 'index.html')); res.writeHead(200, { 'content-type': TYPES[extname(f || 'index.html')] ?? 'application/octet-stream', 'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:" }); res.end(b); return; } catch { /* the next */ }
  }
  res.writeHead(404); res.end();
}

const server = createServer(async (req, res) => {
  const url = new URL(req.url, 'http://x');
  if (!url.pathname.startsWith('/api/')) return files(url, res);
  const sid = /sid=(\w+)/.exec(req.headers.cookie ?? '')?.[1], s = sessions.get(sid);
  const reply = (status, data, headers = {}) => { res.writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json', ...headers }); res.end(data === null || data === undefined ? '' : JSON.stringify(data)); };
  try {
    if (url.pathname === '/api/session') {
      if (req.method === 'POST') { const b = []; for await (const c of req) b.push(c); const { user, password } = JSON.parse(Buffer.concat(b)); if (user !== 'admin' || password !== 'crossdock') throw new Fault(401, 'Wrong user or password'); const id = Math.random().toString(36).slice(2); sessions.set(id, { user, tenant: 'north' }); return reply(204, null, { 'set-cookie': `sid=${id}; HttpOnly; SameSite=Strict; Path=/` }); }
      if (!s) throw new Fault(401, 'Not signed in');
      if (req.method === 'DELETE') { sessions.delete(sid); return reply(204, null); }
      return reply(200, { user: s.user, name: 'Ana Ruiz', tenant: s.tenant, tenants: TENANTS, role: TENANTS.find((t) => t.id === s.tenant).role, time_zone: 'UTC', brand: BRAND[s.tenant] });
    }
    if (!s) throw new Fault(401, 'Not signed in');
    if (url.pathname === '/api/now') return reply(200, { now: iso(), rate: RATE });
    if (url.pathname === '/api/session/tenant') { const b = []; for await (const c of req) b.push(c); s.tenant = JSON.parse(Buffer.concat(b)).tenant; return reply(204, null); }
    if (url.pathname === '/api/stream') { res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }); res.write(': hello\n\n'); const st = { res, tenant: s.tenant }; streams.add(st); req.on('close', () => streams.delete(st)); return undefined; }
    const data = await route(req, res, url, worlds[s.tenant], s);
    return data === undefined ? undefined : reply(data === null ? 204 : req.method === 'POST' && url.pathname === '/api/orders' ? 201 : 200, data);
  } catch (e) {
    if (!(e instanceof Fault)) console.error(e);
    return reply(e.status ?? 500, { type: 'about:blank', title: e.title ?? 'The mock failed', status: e.status ?? 500, detail: e.detail ?? (e.status ? undefined : String(e)), findings: e.findings });
  }
});

// orders move on, one or two each second
setInterval(() => {
  for (const [id, w] of Object.entries(worlds)) {
    const moving = w.orders.filter((o) => o.status === 'open' || (o.status === 'waiting' && o.stage !== 'credit_approval'));
    const changed = new Set();
    for (let i = 0; i < 2 && moving.length; i++) { const o = w.r.pick(moving), at = STAGES.findIndex((s) => s[0] === o.stage), next = STAGES.slice(at + 1).find((s) => s[2] !== 'person'); if (!next) continue; changed.add(o.stage).add(next[0]); [o.stage, o.stage_label] = next; o.status = next[2] === 'end' ? 'closed' : ['wait', 'event'].includes(next[2]) ? 'waiting' : 'open'; say(id, 'order', { id: o.order }); }
    const f = flow(w);
    say(id, 'flow', f.nodes.filter((n) => changed.has(n.id)).map((n) => ({ node: n.id, count: n.count, late: n.late })));
  }
}, 1000).unref();
setInterval(() => { for (const id of Object.keys(worlds)) { say(id, 'kpis', {}); say(id, 'clock', { now: iso(), rate: RATE }); } }, 5000).unref();
server.listen(Number(arg('port', 8080)), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
