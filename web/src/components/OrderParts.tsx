/* The parts of the order page: lines, money, calls with their attempts, decisions with the rule that hit, the related records. */
import { useMemo, useState, type ReactNode } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { Call, Flow, InstanceRef, Json, OrderDetail } from '../api/types';
import { t, word } from '../i18n';
import { isZero } from '../lib/decimal';
import { address, date, fullTime, money, num } from '../lib/format';
import { wayOf } from '../lib/glance';
import { Empty, Facts, Failed, Panel, Pill, Rows, Sla, When } from './Bits';
import { JsonView } from './JsonView';

export function Stages({ flow, order: o }: { flow: Flow; order: OrderDetail }) {
  const path = wayOf(flow, o), at = path.findIndex((n) => n.id === o.stage);
  if (at < 0) return null;
  const over = o.status === 'closed';
  return (
    <ol className="stages" aria-label={t.order.progress} tabIndex={0}>
      {path.map((n, i) => { const done = over || i < at; return <li key={n.id} className={done ? 'done' : undefined} aria-current={!over && i === at ? 'step' : undefined}>{n.label}<span className="sr"> ({done ? t.order.done : i === at ? t.order.now : t.order.todo})</span></li>; })}
    </ol>
  );
}

export function Lines({ of: o }: { of: OrderDetail }) {
  const c = o.currency, qty = (v: string, of?: string) => <td className="r num">{isZero(v) ? <span className="muted">0</span> : v === of ? <span title={t.order.done}>{num(v)} ✓</span> : num(v)}</td>;
  return (
    <Panel title={t.order.lines} count={o.lines.length}>
      <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.order.lines)}>
        <table className="tbl" aria-label={t.order.lines}>
          <thead><tr><th scope="col">{t.order.line}</th><th scope="col">{t.order.item}</th><th scope="col" className="r">{t.order.ordered}</th><th scope="col" className="r">{t.order.reserved}</th><th scope="col" className="r">{t.order.shipped}</th><th scope="col" className="r">{t.order.invoiced}</th><th scope="col" className="r">{t.order.backordered}</th><th scope="col" className="r h-s">{t.order.price}</th><th scope="col" className="r">{t.order.amount}</th></tr></thead>
          <tbody>{o.lines.map((l) => (
            <tr key={l.line}>
              <td className="num muted">{l.line}</td><td className="grow"><div className="cut" style={{ minWidth: 120 }} title={l.description}><span className="mono">{l.sku ?? t.order.unknownItem}</span> <span className="muted">{l.description}</span></div></td>
              <td className="r num">{num(l.ordered)} <span className="muted">{l.unit}</span></td>{qty(l.reserved, l.ordered)}{qty(l.shipped, l.ordered)}{qty(l.invoiced, l.ordered)}
              <td className="r num">{isZero(l.backordered) ? <span className="muted">0</span> : <span className="pill" data-tone="warn">{num(l.backordered)}</span>}</td>
              <td className="r num h-s">{money(l.unit_price, c)}</td><td className="r num">{money(l.amount, c)}</td>
            </tr>
          ))}</tbody>
        </table>
      </div>
    </Panel>
  );
}

export function MoneyPanel({ of: o, credited, freight }: { of: OrderDetail; credited?: string; freight?: string | null }) {
  const m = o.money, c = o.currency, row = (k: string, v: string | null, sum?: boolean) => <><dt className={sum ? 'sum' : undefined}>{k}</dt><dd className={`num ${sum ? 'sum' : ''}`}>{money(v, c)}</dd></>;
  return <Panel title={t.order.money}><div className="body"><dl className="money">{row(t.order.m.ordered, m.ordered)}{row(t.order.m.invoiced, m.invoiced)}{row(t.order.m.tax, m.tax)}{row(t.order.m.paid, m.paid)}{credited && !isZero(credited) && row(t.bills.credited, credited)}{row(t.order.m.open, m.open, true)}{m.margin !== null && row(t.order.m.margin, m.margin)}{freight && row(t.bills.freight, freight)}</dl><p className="muted small">{t.order.moneyNote}</p></div></Panel>;
}

const Box = ({ title, of }: { title: string; of: Json | undefined }) => <div className="box" tabIndex={0} role="group" aria-label={title}><h4>{title}</h4><JsonView of={of} /></div>;

/** Attempts of one call belong together: same function and key. */
function grouped(calls: Call[]): Call[][] {
  const by = new Map<string, Call[]>();
  calls.forEach((c, i) => { const k = c.key ? `${c.function} ${c.key}` : `${c.function} ${i}`; by.set(k, [...(by.get(k) ?? []), c]); });
  return [...by.values()].map((l) => l.sort((a, b) => a.attempt - b.attempt || a.started_at.localeCompare(b.started_at)));
}

export function Calls({ of }: { of: Call[] }) {
  const groups = useMemo(() => grouped(of), [of]);
  if (!groups.length) return <Empty title={t.order.emptyCalls} />;
  return (
    <ul className="list">{groups.map((g) => {
      const last = g[g.length - 1]!;
      return (
        <li key={`${last.function}${last.key}${last.started_at}`}>
          <Folded head={<><strong>{last.function}</strong><span className="muted">{last.system}</span>{g.length > 1 && <span className="pill" data-tone="warn">{t.order.attempts(g.length)}</span>}<Pill of={last.outcome} /></>}>
            {() => g.map((c) => (
              <div key={c.attempt} className="stack">
                <p className="chips"><strong>{t.order.attempt(c.attempt)}</strong><Pill of={c.outcome} /><span className="muted num">{fullTime(c.started_at)}</span>{c.duration_ms !== null && <span className="muted num">{t.order.duration(num(c.duration_ms < 10 ? Math.round(c.duration_ms * 10) / 10 : Math.round(c.duration_ms)))}</span>}</p>
                {c.error && <p className="note bad">{c.error}</p>}
                {c.key && <p className="muted small">{t.order.key}: <span className="mono">{c.key}</span></p>}
                <div className="two"><Box title={t.order.request} of={c.request} /><Box title={t.order.response} of={c.response} /></div>
              </div>
            ))}
          </Folded>
        </li>
      );
    })}</ul>
  );
}

export function Decisions({ of, order }: { of: OrderDetail['decisions']; order: string }) {
  if (!of.length) return <Empty title={t.order.emptyDecisions} />;
  return (
    <ul className="list">{of.map((d, i) => (
      <li key={i}>
        <Folded head={<><strong>{d.table}</strong><span className="muted">v{d.version}</span><span className="cut">{d.hit.length ? d.hit.map((h) => h.description || h.rule).join('; ') : t.order.noHit}</span><When at={d.at} /></>}>
          {() => <><p>{t.order.hit}: {d.hit.length ? d.hit.map((h) => <span key={h.rule} className="note"><span className="mono">{h.rule}</span> {h.description}</span>) : t.order.noHit} <Link to="/decision-tables/$name" params={{ name: d.table }} search={{ order }}>{t.tables.traceOf}</Link></p><div className="two"><Box title={t.order.input} of={d.input} /><Box title={t.order.output} of={d.output} /></div></>}
        </Folded>
      </li>
    ))}</ul>
  );
}

function Folded({ head, children }: { head: ReactNode; children: () => ReactNode }) {
  const [open, setOpen] = useState(false);
  return <details onToggle={(e) => setOpen(e.currentTarget.open)}><summary className="a">{head}</summary>{open && <div className="stack folded">{children()}</div>}</details>;
}

export function Related({ of: o }: { of: OrderDetail }) {
  return (
    <>
      {o.cases.length > 0 && <Panel title={t.order.cases} count={o.cases.length}><ul className="list">{o.cases.map((c) => <li key={c.id}><div className="a"><Link to="/exceptions/$id" params={{ id: c.id }}>{c.number}</Link><span className="cut" title={c.title}>{c.title}</span><Pill of={c.status} /></div>{c.status !== 'closed' && <Sla from={c.opened_at} due={c.due_at} />}</li>)}</ul></Panel>}
      {o.approvals.length > 0 && <Panel title={t.order.approvals} count={o.approvals.length}><ul className="list">{o.approvals.map((a) => <li key={a.id}><div className="a"><Link to="/approvals" search={{ open: a.id, ...(a.status === 'pending' ? {} : { status: 'decided' }) }}>{a.number}</Link><span className="cut" title={a.title}>{a.title}</span><Pill of={a.status} /></div>{a.decided_by && <span className="muted small">{t.approvals.decidedBy(a.decided_by, fullTime(a.decided_at))}{a.note ? `: ${a.note}` : ''}</span>}</li>)}</ul></Panel>}
      {o.holds.length > 0 && <Panel title={t.order.holds} count={o.holds.length}><ul className="list">{o.holds.map((h) => <li key={h.id}><div className="a"><Link to="/holds">{h.number}</Link><span className="cut" title={h.reason}>{h.reason}</span><Pill of={h.status} /></div></li>)}</ul></Panel>}
    </>
  );
}

/** Newest documents; all of them are in the list of documents, by the order's number. */
export function Papers({ of: o }: { of: OrderDetail }) {
  return <Panel title={t.order.documents} count={o.documents.length} right={o.documents.length > 0 && <Link className="small" to="/documents" search={{ order: o.order }}>{t.documents.title}</Link>}>{o.documents.length === 0 ? <p className="muted pad">{t.order.emptyDocs}</p> : <ul className="list">{o.documents.map((d) => <li key={d.id}><div className="a"><Link to="/documents/$id" params={{ id: d.id }}>{word(t.docTypes, d.type)}</Link><span className="muted small cut">{d.direction === 'in' ? t.documents.in : t.documents.out} · {word(t.formats, d.format)}</span>{d.total && <span className="num small">{money(d.total, d.currency)}</span>}<When at={d.received_at} /><Pill of={d.status} /></div></li>)}</ul>}</Panel>;
}

export function Messages({ of: o }: { of: OrderDetail }) {
  return <Panel title={t.order.messages} count={o.messages.length}>{o.messages.length === 0 ? <p className="muted pad">{t.order.emptyMessages}</p> : <ul className="list">{o.messages.map((m, i) => <li key={i}><details><summary><strong>{m.subject}</strong></summary><p className="muted small">{t.order.to}: {m.to} · {word({}, m.moment)} · <When at={m.at} /></p><p className="pre">{m.body}</p></details></li>)}</ul>}</Panel>;
}

export function Workflow({ of: o }: { of: OrderDetail }) {
  return <Panel title={t.order.workflow} count={o.instances.length}>{o.instances.length === 0 ? <p className="muted pad">{t.order.emptyWork}</p> : <ul className="list">{o.instances.map((i) => <li key={i.id}><Folded head={<><strong>{i.definition}</strong><span className="muted">{i.version}</span><Pill of={i.status} label={word(t.status, i.status)} /></>}>{() => <Instance of={i} />}</Folded></li>)}</ul>}</Panel>;
}

function Instance({ of }: { of: InstanceRef }) {
  const { data, error } = useQuery(q.instance(of.id));
  if (error && !data) return <Failed error={error} />;
  if (!data) return <Rows n={3} />;
  return (
    <>
      <Facts of={[[t.order.instance, <Link to="/definitions/$name" params={{ name: of.definition }} search={{ version: of.version }}><span className="mono">{of.id}</span></Link>]]} />
      <Box title={t.order.state} of={data.state} /><Box title={t.order.waits} of={data.waits} /><Box title={t.order.timers} of={data.timers} />
      <div className="box" tabIndex={0} role="group" aria-label={t.order.history}><h4>{t.order.history}</h4><ol className="history">{data.history.map((h) => <li key={h.seq}><When at={h.at} /> {word({}, h.kind)}<JsonView of={h.data} depth={2} /></li>)}</ol></div>
    </>
  );
}

export const orderFacts = (o: OrderDetail): [string, ReactNode][] => [
  [t.orders.customer, <Link to="/orders" search={{ customer: o.customer_id }}>{o.customer}</Link>], [t.orders.po, <span className="mono">{o.po}</span>], [t.orders.channel, word(t.channels, o.channel)], [t.orders.received, <When at={o.received_at} />], [t.orders.promised, date(o.promised_on)],
  [t.order.shipTo, (o.ship_to && address(o.ship_to)) || t.order.shipToOwn],
];
