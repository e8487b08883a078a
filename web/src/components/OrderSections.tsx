/* The sections of the order's page that tell of goods and money: shipments with their packages, invoices and what is open
   of them, returns and disputes, the orders that belong to it. */
import { Link } from '@tanstack/react-router';
import type { Around, Claim, Invoice, OrderDetail, Shipment } from '../api/types';
import { t, word } from '../i18n';
import { add, isZero, parse, text } from '../lib/decimal';
import { date, money, num } from '../lib/format';
import { Copy, Empty, Panel, Pill, When } from './Bits';

const GOODS: Record<string, string> = { released: 'waiting', picked: 'waiting', packed: 'waiting', shipped: 'open', 'in-transit': 'open', delivered: 'closed' };
const CLAIM: Record<string, string> = { open: 'pending', approved: 'waiting', arrived: 'waiting', inspected: 'waiting', credited: 'ok', refused: 'rejected', expired: 'expired' };

export function Shipments({ of, order }: { of: Shipment[]; order: OrderDetail }) {
  if (!of.length) return <Panel title={t.sections.shipments}><Empty title={t.goods.none}>{t.goods.noneWhy}</Empty></Panel>;
  const name = (line: string) => order.lines.find((l) => l.line === line);
  return (
    <Panel title={t.sections.shipments} count={of.length}>
      <ul className="list parcels">{of.map((s) => (
        <li key={s.shipment}>
          <div className="a"><strong className="mono">{s.shipment}</strong>{s.site && <span className="muted">{t.goods.from} {s.site}</span>}{s.service && <span className="muted">{s.service}</span>}<Pill of={s.trouble ? 'failed' : GOODS[s.status]} label={word(t.goods.states, s.status)} /></div>
          {s.trouble && <p className="note bad">{t.goods.trouble(s.trouble)}</p>}
          <dl className="facts row">
            {s.tracking && <div><dt>{t.goods.tracking}</dt><dd><span className="mono">{s.tracking}</span><Copy text={s.tracking} label={`${t.act.copy}: ${s.tracking}`} /></dd></div>}
            <div><dt>{t.goods.promised}</dt><dd className="num">{date(s.promised_on)}</dd></div>
            <div><dt>{t.goods.shipped}</dt><dd>{s.shipped_at ? <When at={s.shipped_at} /> : '–'}</dd></div>
            <div><dt>{t.goods.delivered}</dt><dd>{s.delivered_at ? <><When at={s.delivered_at} />{s.signed_by && <span className="muted"> {t.goods.signed(s.signed_by)}</span>}</> : s.location ? <span className="muted">{t.goods.at(s.location)}</span> : '–'}</dd></div>
          </dl>
          {(s.lines.length > 0 || s.packages.length > 0) && <details><summary className="small">{t.goods.lines(s.lines.length)}{s.packages.length > 0 && ` · ${t.goods.packages(s.packages.length)}`}</summary>
            <div className="two">
              <table className="tbl plain"><caption className="sr">{t.goods.inside}</caption><thead><tr><th scope="col">{t.goods.line}</th><th scope="col">{t.goods.item}</th><th scope="col" className="r">{t.goods.quantity}</th></tr></thead><tbody>{s.lines.map((l, i) => <tr key={i}><td className="num">{l.line}</td><td><span className="mono">{l.sku ?? name(l.line)?.sku}</span> <span className="muted">{name(l.line)?.description}</span></td><td className="r num">{num(l.quantity)}</td></tr>)}</tbody></table>
              {s.packages.length > 0 && <ul className="sscc">{s.packages.map((p, i) => <li key={p.sscc ?? i}><span className="muted small">{t.goods.sscc}</span> <span className="mono">{p.sscc ?? '–'}</span>{p.sscc && <Copy text={p.sscc} label={`${t.act.copy}: ${p.sscc}`} />}<br /><span className="muted small">{(p.lines ?? []).map((l) => `${num(l.quantity)} × ${name(l.line)?.sku ?? l.line}`).join(', ')}</span></li>)}</ul>}
            </div></details>}
        </li>
      ))}</ul>
    </Panel>
  );
}

/** What is open of an invoice: nothing, an amount, or one to be paid back. */
function Standing({ of: i }: { of: Invoice }) {
  if (isZero(i.open)) return <Pill of="ok" label={t.bills.settled} />;
  return i.open.startsWith('-') ? <Pill of="pending" label={`${money(i.open.slice(1), i.currency)} ${t.bills.overpaid}`} /> : <Pill of="open" label={`${money(i.open, i.currency)} ${t.bills.unpaid}`} />;
}

export function Bills({ of, order, freight }: { of: Invoice[]; order: OrderDetail; freight: string | null }) {
  const sum = (f: (i: Invoice) => string) => text(of.map((i) => parse(f(i)) ?? { n: 0n, scale: 0 }).reduce(add, { n: 0n, scale: 2 }), 2), c = order.currency;
  return (
    <Panel title={t.bills.allOf} count={of.length} right={freight !== null && <span className="muted small">{t.bills.freight}: <span className="num">{money(freight, c)}</span></span>}>
      {of.length === 0 ? <Empty title={t.bills.none}>{t.bills.noneWhy}</Empty> : (
        <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.bills.allOf)}>
          <table className="tbl" aria-label={t.bills.allOf}>
            <thead><tr><th scope="col">{t.bills.number}</th><th scope="col">{t.bills.date}</th><th scope="col">{t.bills.due}</th>{[t.bills.net, t.bills.tax, t.bills.total, t.bills.paid, t.bills.credited].map((h) => <th key={h} scope="col" className="r">{h}</th>)}<th scope="col" className="r">{t.bills.open}</th></tr></thead>
            <tbody>{of.map((i) => <tr key={i.invoice}><td><span className="mono">{i.invoice}</span>{i.shipment && <span className="muted small"> {i.shipment}</span>}</td><td className="num">{date(i.at)}</td><td className="num">{date(i.due_on)}</td>{[i.net, i.tax, i.total, i.paid, i.credited].map((v, n) => <td key={n} className="r num">{money(v, i.currency || c)}</td>)}<td className="r"><Standing of={i} /></td></tr>)}</tbody>
            {of.length > 1 && <tfoot><tr><td colSpan={3}>{t.bills.sums}</td>{[(i: Invoice) => i.net, (i: Invoice) => i.tax, (i: Invoice) => i.total, (i: Invoice) => i.paid, (i: Invoice) => i.credited, (i: Invoice) => i.open].map((f, n) => <td key={n} className="r num">{money(sum(f), c)}</td>)}</tr></tfoot>}
          </table>
        </div>
      )}
    </Panel>
  );
}

export function Claims({ of }: { of: Claim[] }) {
  return (
    <Panel title={t.sections.returns} count={of.length}>
      {of.length === 0 ? <Empty title={t.claims.none}>{t.claims.noneWhy}</Empty> : (
        <ul className="list">{of.map((c) => (
          <li key={`${c.kind}${c.request}`}>
            <div className="a"><strong>{word(t.claims.kinds, c.kind)}</strong><span className="mono">{c.rma || c.request}</span><span className="muted cut">{c.reason}</span><Pill of={CLAIM[c.status]} label={word(t.claims.states, c.status)} /></div>
            <span className="muted small">{t.claims.since} <When at={c.at} />{c.credits.length > 0 && <> · {t.claims.credit} <span className="mono">{c.credits.join(', ')}</span> · <span className="num">{money(c.credited, c.currency)}</span></>}</span>
          </li>
        ))}</ul>
      )}
    </Panel>
  );
}

export function Kin({ of, quotes }: { of: Around['related']; quotes: Around['quotes'] }) {
  if (!of.length && !quotes.length) return null;
  return (
    <Panel title={t.kin.title} count={of.length + quotes.length}>
      <ul className="list">{quotes.map((x) => <li key={x.quote}><div className="a"><Link className="mono" to="/quotes/$quote" params={{ quote: x.quote }}>{x.quote}</Link><span className="muted">{t.kin.quote(x.revision)}</span><span className="num">{money(x.total, x.currency)}</span></div></li>)}{of.map((k) => <li key={k.order}><div className="a"><Link className="mono" to="/orders/$order" params={{ order: k.order }}>{k.order}</Link><span className="muted">{word(t.kin.kinds, k.kind)}</span><span className="num">{money(k.total, k.currency)}</span>{k.outcome && <Pill of={k.outcome} />}</div></li>)}</ul>
    </Panel>
  );
}
