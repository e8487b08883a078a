// Seeded data for the mock server: one invented distributor per tenant, the same on every start.
const DAY = 86_400_000;

function random(seed) {
  let s = seed >>> 0;
  const next = () => { s = (s + 0x6d2b79f5) >>> 0; let x = Math.imul(s ^ (s >>> 15), 1 | s); x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x; return ((x ^ (x >>> 14)) >>> 0) / 4294967296; };
  return { next, int: (a, b) => a + Math.floor(next() * (b - a + 1)), pick: (l) => l[Math.floor(next() * l.length)], chance: (p) => next() < p };
}
const hex = (r, n) => Array.from({ length: n }, () => Math.floor(r.next() * 16).toString(16)).join('');
const money = (cents) => (cents / 100).toFixed(2);
const iso = (ms) => new Date(ms).toISOString();

export const STAGES = [
  ['received', 'Order received', 'event'], ['validate', 'Validate', 'task'], ['price', 'Check prices', 'decision'], ['credit', 'Check credit', 'decision'], ['credit_approval', 'Approve credit', 'person'],
  ['allocate', 'Allocate stock', 'task'], ['resolve_shortage', 'Resolve shortage', 'person'], ['release', 'Release to warehouse', 'task'], ['pick_pack', 'Pick and pack', 'wait'], ['ship', 'Ship', 'event'], ['invoice', 'Invoice', 'task'], ['deliver', 'Deliver', 'wait'], ['pay', 'Await payment', 'wait'], ['closed', 'Closed', 'end'],
];
const EDGES = [['received', 'validate'], ['validate', 'price'], ['price', 'credit'], ['credit', 'allocate'], ['credit', 'credit_approval', 'over limit'], ['credit_approval', 'allocate'], ['allocate', 'release'], ['allocate', 'resolve_shortage', 'short'], ['resolve_shortage', 'release'], ['release', 'pick_pack'], ['pick_pack', 'ship'], ['ship', 'invoice'], ['invoice', 'deliver'], ['deliver', 'pay'], ['pay', 'closed']];
const NAMES = ['Kestrel Medical', 'Norrland Grossist', 'Castell Hardware', 'Brightway Pharma', 'Halvorsen Foods', 'Meridian Retail', 'Ostrava Tools', 'Pacific Bay Co-op', 'Ardent Electric', 'Tamarack Supply', 'Blue Heron Marine', 'Quarry Lane Builders', 'Solace Clinics', 'Fennimore & Sons', 'Delta Fasteners', 'Junction Plumbing'];
const GOODS = ['Hex bolt M8×40, zinc', 'Nitrile gloves, size L, box of 100', 'LED panel 600×600, 36 W', 'Ball valve ¾", brass', 'Cable gland M20', 'Safety goggles, clear', 'Copper pipe 15 mm, 3 m', 'Circuit breaker C16', 'Angle grinder disc 125 mm', 'Packing tape 48 mm', 'Hydraulic hose ½"', 'Bearing 6204-2RS', 'Thermal labels 4×6', 'Stretch film 500 mm', 'Torx screws 5×60'];
const KINDS = [
  ['shortage', 'Stock short on {n} lines', 'allocation', [['backorder', 'Backorder the rest', 'Ships what is there; the rest follows when stock comes.', false], ['substitute', 'Substitute items', 'Reserves the substitutes you name.', true], ['cancel_lines', 'Cancel short lines', 'The customer is told.', false]]],
  ['price_deviation', 'Price differs from contract by {n}.1%', 'pricing', [['accept_price', 'Accept the order’s price', 'Invoices what the customer ordered at.', false], ['correct_price', 'Correct the prices', 'Goes on with the prices you enter.', true]]],
  ['unknown_item', 'Unknown item number in 850', 'customer service', [['correct_item', 'Name the item', 'Reads the order again with your item numbers.', true], ['reject_order', 'Reject the order', 'Answers the customer with an 855.', false]]],
  ['carrier_missed', 'Carrier pickup missed', 'shipping', [['rebook', 'Book again', 'Asks the carriers for rates and books the best.', false], ['other_carrier', 'Choose another service', 'Books the service you name.', true]]],
  ['unknown_outcome', 'No answer from the WMS: reserved or not?', 'operations', [['probe', 'Ask the WMS again', 'Looks up the reservation by order and site.', false], ['done_by_hand', 'It was reserved', 'Goes on as if the answer had come.', false]]],
  ['supplier_late', 'Supplier slipped by {n} days', 'purchasing', [['tell_customer', 'Promise a new date', 'Tells the customer the date you enter.', true], ['other_supplier', 'Order elsewhere', 'Places the order with the second supplier.', false]]],
];
const OWNERS = [null, null, null, 'admin', 'priya', 'tomas'];

export function tenant(seed, start, count) {
  const r = random(seed);
  const customers = NAMES.map((name, i) => ({ customer_id: `C-${String(i + 1).padStart(4, '0')}`, name: seed % 2 ? name : `${name} EU`, tier: 'ABC'[i % 3] }));
  const items = GOODS.flatMap((g, i) => [1, 2].map((k) => ({ sku: `SKU-${1000 + i * 10 + k}`, description: k === 1 ? g : `${g}, bulk`, unit: k === 1 ? 'EA' : 'CS', list_price: money(r.int(180, 9800) * k) })));
  const w = { customers, items, orders: [], cases: [], approvals: [], holds: [], incidents: [], documents: [], audit: [], alerts: [], details: new Map() };
  const currency = seed % 2 ? 'USD' : 'EUR';
  w.incidents.push({ id: hex(r, 12), number: 'INC-3', system: 'carrier', state: 'open', opened_at: iso(start - 5_400_000), resolved_at: null, orders: 14, money: '48210.40', title: 'Carrier does not answer', detail: 'Every rate request since then timed out after 5 s. The circuit is open; it is tried once a minute.' });
  w.incidents.push({ id: hex(r, 12), number: 'INC-2', system: 'tax', state: 'resolved', opened_at: iso(start - DAY), resolved_at: iso(start - DAY + 1_500_000), orders: 6, money: '9120.00', title: 'Tax service answered 503', detail: 'Six orders waited 25 minutes and went on by themselves.' });
  for (let i = 0; i < count; i++) order(w, r, i, start, currency);
  for (let i = 0; i < 18; i++) approval(w, r, i, start, currency);
  [['customer', 'credit', 'Over credit limit since 3 days', 4], ['item', 'quality', 'Lot 22-118 under inspection', 7], ['site', 'stock', 'Cycle count in Memphis', 22], ['order', 'compliance', 'Export papers are missing', 1]].forEach(([scope, kind, reason, n], i) => w.holds.push({ id: hex(r, 12), number: `HD-${31 + i}`, scope, key: { customer: customers[4].customer_id, item: items[2].sku, site: 'MEM', order: w.orders[3].order }[scope], kind, reason, evidence: { limit: '50000.00', exposure: '61240.10' }, placed_by: i % 2 ? 'priya' : 'policy', placed_at: iso(start - r.int(1, 60) * 3_600_000), release_role: 'approver', expires_at: i === 2 ? iso(start + 8 * 3_600_000) : null, status: 'active', orders: n }));
  for (let i = 0; i < 60; i++) w.audit.push({ at: iso(start - i * r.int(200, 900) * 1000), actor: r.pick(['admin', 'priya', 'tomas', 'policy']), action: r.pick(['case.assigned', 'approval.approved', 'hold.placed', 'session.opened', 'case.resolved', 'document.released']), object: r.pick(w.orders).order, detail: { from: '10.0.0.8', note: r.pick(['', 'agreed by phone', 'see ticket 1142']) } });
  w.alerts.push({ id: hex(r, 8), at: iso(start - 600_000), title: 'No order moved past “Ship” for 10 minutes', state: 'firing', link: '/incidents' });
  w.r = r;
  w.currency = currency;
  return w;
}

function order(w, r, i, start, currency) {
  const at = start - r.int(5, 60 * 30) * 60_000, c = r.pick(w.customers), channel = r.pick(['x12', 'x12', 'x12', 'json', 'csv', 'manual']);
  const stage = r.pick(STAGES)[0], label = STAGES.find((s) => s[0] === stage)[1];
  const n = r.int(1, 6), id = `SO-${10001 + i}`;
  const lines = Array.from({ length: n }, (_, k) => { const it = r.pick(w.items), q = r.int(1, 48); const cents = Math.round(Number(it.list_price) * 100); return { line: String(k + 1), sku: it.sku, description: it.description, ordered: String(q), unit: it.unit, unit_price: it.list_price, amount: money(cents * q), reserved: String(q), shipped: '0', invoiced: '0', backordered: '0' }; });
  const cents = lines.reduce((a, l) => a + Math.round(Number(l.amount) * 100), 0);
  const idx = STAGES.findIndex((s) => s[0] === stage);
  lines.forEach((l, k) => { if (idx < 5) l.reserved = '0'; if (idx > 9) { l.shipped = l.ordered; } if (idx > 10) l.invoiced = l.ordered; if (k === 1 && idx >= 6) { const b = Math.floor(Number(l.ordered) / 3); l.backordered = String(b); l.reserved = String(Number(l.ordered) - b); if (idx > 9) l.shipped = l.reserved; if (idx > 10) l.invoiced = l.reserved; } });
  const person = STAGES[idx][2] === 'person', problem = stage !== 'closed' && (person && stage !== 'credit_approval' || r.chance(0.18));
  const status = stage === 'closed' ? 'closed' : problem ? 'in_case' : ['wait', 'event', 'person'].includes(STAGES[idx][2]) ? 'waiting' : r.chance(0.02) ? 'cancelled' : 'open';
  const late = status !== 'closed' && r.chance(0.16);
  const o = { order: id, po: String(4500000 + r.int(0, 99999)), customer_id: c.customer_id, customer: c.name, channel, status, stage, stage_label: label, total: money(cents), currency, lines: n, received_at: iso(at), promised_on: iso(at + r.int(late ? 0 : 2, 5) * DAY).slice(0, 10), late, age_s: Math.round((start - at) / 1000), shipments: idx > 9 ? 1 : 0, open_cases: problem ? 1 : 0 };
  w.orders.push(o);
  const doc = document(w, r, o, at, channel);
  if (problem) exception(w, r, o, start, currency, stage === 'resolve_shortage' ? KINDS[0] : r.pick(KINDS), lines);
  detail(w, r, o, lines, at, doc, idx, cents);
}

function document(w, r, o, at, channel) {
  const x12 = channel === 'x12', id = `${hex(r, 8)}-${hex(r, 4)}-4${hex(r, 3)}-a${hex(r, 3)}-${hex(r, 12)}`;
  const d = { id, type: x12 ? '850' : 'purchase_order', format: channel === 'manual' ? 'json' : channel, direction: 'in', status: r.chance(0.06) ? 'held' : 'accepted', partner: o.customer, filename: channel === 'manual' ? null : `${o.po}.${x12 ? 'edi' : channel}`, order: o.order, po: o.po, total: o.total, currency: o.currency, received_at: iso(at), errors: 0 };
  if (d.status === 'held') d.errors = 1;
  w.documents.push(d);
  if (x12) w.documents.push({ ...d, id: `${id.slice(0, -4)}aaaa`, type: '997', direction: 'out', status: 'sent', filename: null, total: null, received_at: iso(at + 2000), errors: 0 });
  return d;
}

function exception(w, r, o, start, currency, [kind, title, queue, actions], lines) {
  const opened = start - r.int(2, 240) * 60_000, sla = r.pick([60, 120, 240, 480]) * 60_000, due = opened + sla;
  w.cases.push({ id: hex(r, 12), number: `EX-${1001 + w.cases.length}`, kind, severity: r.pick(['critical', 'high', 'high', 'medium', 'medium', 'low']), title: title.replace('{n}', r.int(2, 6)), detail: 'The order cannot go on by itself: the rule that applies asks a person. What was tried is in the evidence.', reason: `Policy “${kind}” v4, rule 3`, order: o.order, customer: o.customer, money: o.total, currency, queue, owner: r.pick(OWNERS), status: 'open', opened_at: iso(opened), due_at: iso(due), breached: due < start, incident: kind === 'carrier_missed' ? w.incidents[0].id : null, actions: actions.map(([id, label, effect, needs_input]) => ({ id, label, effect, needs_input })),
    evidence: { rule: 3, table: 'price-tolerance', tried: ['MEM', 'RTM'], lines: lines.slice(0, 3).map((l) => ({ line: l.line, sku: l.sku, ordered: Number(l.ordered), available: Math.floor(Number(l.ordered) / 2) })) }, editable: ['/lines/*/sku', '/lines/*/unit_price', '/requested_on'], data: { po: o.po, requested_on: o.promised_on, lines: lines.map((l) => ({ line: l.line, sku: l.sku, quantity: Number(l.ordered), unit_price: Number(l.unit_price) })) }, comments: [], history: [{ at: iso(opened), by: 'Crossdock', what: 'opened' }] });
}

function approval(w, r, i, start, currency) {
  const o = w.orders[i * 7 % w.orders.length], at = start - r.int(5, 300) * 60_000, may = !r.chance(0.2), decided = i > 11;
  const kinds = [['credit_release', 'Release above credit limit', 'exposure + order > limit'], ['price_override', 'Price below contract floor', 'price < floor'], ['split_shipment', 'Split into two shipments', 'freight above 4% of value']];
  const [kind, title, rule] = kinds[i % 3];
  w.approvals.push({ id: hex(r, 12), number: `AP-${11 + i}`, title: `${title}: ${o.order}`, kind, order: o.order, customer: o.customer, amount: o.total, currency, role: 'approver', reason: 'The amount is above what policy lets pass alone.', rule, requested_at: iso(at), due_at: iso(at + 4 * 3_600_000), status: decided ? r.pick(['approved', 'rejected']) : 'pending', decided_by: decided ? 'priya' : null, decided_at: decided ? iso(at + 900_000) : null, note: decided ? 'Checked with finance.' : null, hash: hex(r, 64), data: { action: 'release', order: o.order, customer: o.customer_id, amount: o.total, limit: '50000.00', exposure: '48120.77' }, can_decide: may && !decided, why_not: may ? null : 'You requested it yourself; somebody else has to decide (four eyes).' });
}

function detail(w, r, o, lines, at, doc, idx, cents) {
  let clock = at; const step = (s) => iso(clock += s * 1000), tl = [], calls = [], decisions = [];
  const call = (fn, system, attempts = 1, request = { order: o.order }, response = { ok: true }) => { for (let a = 1; a <= attempts; a++) { const bad = a < attempts; const c = { at: step(r.int(1, 30)), function: fn, system, attempt: a, outcome: bad ? 'failed' : 'done', started_at: iso(clock), duration_ms: r.int(8, 900), key: `${o.order}/${fn}`, error: bad ? '503 from the system; tried again after 2 s' : null, request, response: bad ? null : response }; calls.push(c); tl.push({ at: c.at, kind: 'call', title: fn, detail: `${system}, attempt ${a}`, status: c.outcome, ref: null, data: { request, response: c.response, error: c.error } }); } };
  const decide = (table, rule, input, output) => { const d = { at: step(1), table, version: '4', hit: [{ rule, description: `${rule}: within what policy allows` }], input, output }; decisions.push(d); tl.push({ at: d.at, kind: 'decision', title: table, detail: d.hit[0].description, status: 'done', ref: null, data: d }); };
  const event = (title, detail = null) => tl.push({ at: step(r.int(20, 3000)), kind: 'event', title, detail, status: null, ref: null, data: { order: o.order } });
  tl.push({ at: iso(at), kind: 'document', title: `${doc.type} received`, detail: doc.filename, status: doc.status, ref: `/documents/${doc.id}`, data: null });
  if (idx >= 1) { call('erp.customer', 'ERP'); decide('order-validation', 'r12', { tier: 'A', lines: lines.length }, { valid: true }); }
  if (idx >= 2) { call('erp.priceOrder', 'ERP', r.chance(0.2) ? 3 : 1); decide('price-tolerance', 'r3', { deviation: '0.4%' }, { accept: true }); }
  if (idx >= 3) { call('erp.creditExposure', 'ERP'); decide('credit', 'r1', { exposure: '12000.00', limit: '50000.00' }, { outcome: 'pass' }); }
  if (idx >= 5) { call('wms.availability', 'WMS'); call('wms.reserve', 'WMS'); }
  if (idx >= 7) { call('carrier.book', 'Carrier'); call('wms.release', 'WMS'); tl.push({ at: step(5), kind: 'message', title: 'Order confirmation sent', detail: `to orders@${o.customer_id.toLowerCase()}.example`, status: 'sent', ref: null, data: null }); }
  if (idx >= 9) event('Shipped', 'from Memphis, 1 carton');
  if (idx >= 10) { call('tax.quote', 'Tax'); call('erp.createInvoice', 'ERP'); tl.push({ at: step(3), kind: 'money', title: 'Invoiced', detail: `${o.total} ${o.currency}`, status: 'done', ref: null, data: null }); }
  if (idx >= 12) event('Delivered', 'signed by J. Doe');
  if (idx >= 13) { tl.push({ at: step(80000), kind: 'money', title: 'Paid', detail: `${o.total} ${o.currency}`, status: 'done', ref: null, data: null }); }
  w.cases.filter((c) => c.order === o.order).forEach((c) => tl.push({ at: c.opened_at, kind: 'case', title: c.title, detail: c.number, status: c.status, ref: `/exceptions/${c.id}`, data: null }));
  const inv = idx >= 10 ? cents : 0, tax = Math.round(inv * 0.08), paid = idx >= 13 ? inv + tax : 0;
  w.details.set(o.order, { ship_to: { name: o.customer, lines: ['14 Harbor Road'], city: 'Memphis', region: 'TN', postal_code: '38103', country: 'US' }, lines, money: { ordered: o.total, invoiced: money(inv), tax: money(tax), paid: money(paid), open: money(inv + tax - paid), margin: idx >= 10 ? money(Math.round(inv * 0.22)) : null }, timeline: tl.sort((a, b) => a.at.localeCompare(b.at)), calls, decisions, instances: [{ id: hex(r, 12), definition: 'order-to-cash', version: '1.0.0', status: idx >= 13 ? 'completed' : 'running', stage: o.stage }], messages: idx >= 7 ? [{ at: iso(at + 9e5), to: 'orders@customer.example', moment: 'order-confirmed', subject: `We have your order ${o.po}`, body: `Hello,\n\nyour order ${o.po} is confirmed as ${o.order}.\n` }] : [], trace_id: hex(r, 32) });
}

export function flow(w) {
  const live = w.orders.filter((o) => !['cancelled', 'rejected'].includes(o.status));
  return { definition: { namespace: 'crossdock', name: 'order-to-cash', version: '1.0.0' }, nodes: STAGES.map(([id, label, kind]) => { const at = live.filter((o) => o.stage === id); return { id, label, kind, count: at.length, late: at.filter((o) => o.late).length, value: at.reduce((a, o) => a + Number(o.total), 0).toFixed(2) }; }), edges: EDGES.map(([source, target, label], i) => ({ id: `e${i}`, source, target, label: label ?? null })) };
}
export const hexOf = (w, n) => hex(w.r, n);
