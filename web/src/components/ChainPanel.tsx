/* The whole chain of an order: each document about it in its place, and every line compared from ordered to paid. */
import type { ReactNode } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ApiError } from '../api/client';
import { q } from '../api/queries';
import type { Chain } from '../api/types';
import { t, word } from '../i18n';
import { date, money, num } from '../lib/format';
import { Empty, Failed, Panel, Pill, Rows } from './Bits';

const KINDS = ['order', 'response', 'despatch', 'receipt', 'invoice', 'remittance'];
/** Which differences stand at which column. */
const AT: Record<string, string[]> = { promised: ['promised'], shipped: ['shipped'], received: ['received'], invoiced: ['invoiced', 'credited'], price: ['invoiced.price', 'promised.price'] };

/** What costs most first; what we told the buyer ourselves last. */
const byMoney = (c: Chain) => [...c.differences].sort((a, b) => Number(a.told) - Number(b.told) || Math.abs(Number(b.money ?? 0)) - Math.abs(Number(a.money ?? 0)));

export function ChainPanel({ order }: { order: string }) {
  const { data: c, error, refetch } = useQuery(q.chain(order));
  if (!c) return error instanceof ApiError && error.status === 404 ? <div className="panel"><Empty title={t.chain.none}>{t.chain.noneWhy}</Empty></div> : <div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={6} />}</div>;
  const real = c.differences.filter((d) => !d.told);
  return (
    <Panel title={t.chain.title} right={<><Pill of={real.length ? 'rejected' : 'ok'} label={real.length ? t.chain.differs(real.length, money(c.money, c.currency)) : t.chain.agree} />{c.case && <Link to="/exceptions/$id" params={{ id: c.case }}>{t.chain.case}</Link>}</>}>
      <ol className="chainway">{[...KINDS, ...(c.documents.some((d) => d.kind === 'credit') ? ['credit'] : [])].map((k) => { const docs = c.documents.filter((d) => d.kind === k); return <li key={k} data-empty={docs.length === 0 || undefined}><h3>{word(t.chain.kinds, k)}</h3>{docs.length === 0 ? <span className="muted">{t.chain.noneYet}</span> : docs.map((d) => <Link key={d.document} className="mono" to="/documents/$id" params={{ id: d.document }} title={word(t.docTypes, d.type)}>{d.type} {d.number}</Link>)}</li>; })}</ol>
      {c.differences.length > 0 && <ul className="list diffs" aria-label={t.chain.differences}>{byMoney(c).map((d, n) => <li key={n} data-told={d.told || undefined}><strong className="num">{money(d.money, c.currency)}</strong><div><span>{d.text}{d.told && <span className="muted"> ({t.chain.told})</span>}</span><br />{d.documents.map((x) => { const of = c.documents.find((y) => y.document === x); return <Link key={x} className="mono small chainref" to="/documents/$id" params={{ id: x }}>{of ? `${of.type} ${of.number}` : x.slice(0, 8)}</Link>; })}</div></li>)}</ul>}
      {c.lines.length === 0 ? <p className="muted pad">{t.chain.noLines}</p> : <Lines of={c} />}
      {c.changes.length > 0 && <Changes of={c} />}
      {c.members.length > 0 && <section className="pad"><h3>{t.chain.family(c.family!, c.members.length)}</h3><ul className="list">{c.members.map((m) => <li key={m.order}><div className="a"><span>{m.order === c.order ? <strong className="mono">{m.order}</strong> : <Link className="mono" to="/orders/$order" params={{ order: m.order }}>{m.order}</Link>} <span className="muted">{t.chain.place(m.ship_to || '–')}</span></span><Pill of={m.state === 'differs' ? 'rejected' : m.state === 'clear' ? 'ok' : 'waiting'} label={word(t.chain.states, m.state)} /></div></li>)}</ul></section>}
      {c.again_on && <p className="muted small pad">{t.chain.waiting(date(c.again_on))}</p>}
    </Panel>
  );
}

/** What each change of the buyer asked of each line, and what became of it. */
function Changes({ of: c }: { of: Chain }) {
  const heads = [t.chain.change, t.chain.line, t.chain.ordered, t.chain.price, t.chain.day, t.chain.fate];
  const moved = (before: ReactNode, after: ReactNode | null) => (after === null ? '–' : <>{before} → {after}</>);
  return (
    <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.chain.changes)}>
      <table className="tbl plain" aria-label={t.chain.changes}>
        <caption className="sr">{t.chain.changes}</caption>
        <thead><tr>{heads.map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
        <tbody>{c.changes.map((x, n) => (
          <tr key={n}>
            <td><Link className="mono" to="/documents/$id" params={{ id: x.document }}>{x.sequence || t.chain.change}</Link></td><td className="num">{x.line}</td>
            <td className="num">{moved(x.quantity_before === null ? '–' : num(x.quantity_before), x.quantity_after === null ? null : num(x.quantity_after))}</td>
            <td className="num">{moved(x.price_before === null ? '–' : money(x.price_before, c.currency), x.price_after === null ? null : money(x.price_after, c.currency))}</td>
            <td className="num">{moved(x.day_before === null ? '–' : date(x.day_before), x.day_after === null ? null : date(x.day_after))}</td>
            <td><Pill of={x.fate === 'taken' ? 'ok' : x.fate === 'refused' ? 'rejected' : 'waiting'} label={word(t.chain.fates, x.fate)} /></td>
          </tr>
        ))}</tbody>
      </table>
    </div>
  );
}

function Lines({ of: c }: { of: Chain }) {
  const heads = [t.chain.line, t.chain.item, t.chain.ordered, t.chain.promised, t.chain.shipped, t.chain.received, t.chain.invoiced, t.chain.price, t.chain.amount];
  const cell = (codes: string[], column: string, body: ReactNode) => { const hit = codes.filter((x) => AT[column]!.some((p) => x.startsWith(p))); return <td className={`r num ${hit.length ? 'off' : ''}`} title={hit.join(', ') || undefined}>{body}{hit.length > 0 && <span className="sr"> {hit.join(', ')}</span>}</td>; };
  return (
    <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.chain.title)}>
      <table className="tbl plain" aria-label={t.chain.title}>
        <thead><tr>{heads.map((h, n) => <th key={h} scope="col" className={n > 1 ? 'r' : undefined}>{h}</th>)}</tr></thead>
        <tbody>{c.lines.map((l) => (
          <tr key={l.line}>
            <td className="num">{l.line}</td><td className="mono">{l.items[0]?.value ?? '–'}</td><td className="r num">{num(l.ordered)} {l.unit}{l.requested_on && <><br /><span className="muted small">{date(l.requested_on)}</span></>}</td>
            {cell(l.differences.filter((x) => x !== 'promised.price'), 'promised', <>{num(l.promised)}{l.backordered && l.backordered !== '0' && <><br /><span className="muted small">{t.chain.backordered(num(l.backordered))}</span></>}{l.promised_on && <><br /><span className="muted small">{date(l.promised_on)}</span></>}</>)}
            {cell(l.differences, 'shipped', <>{num(l.shipped)}{l.shipped_on && <><br /><span className="muted small">{date(l.shipped_on)}</span></>}</>)}
            {cell(l.differences, 'received', num(l.received))}
            {cell(l.differences.filter((x) => x !== 'invoiced.price'), 'invoiced', num(l.invoiced))}
            {cell(l.differences, 'price', money(l.promised_price ?? l.price, c.currency))}
            <td className="r num">{money(l.invoiced_amount, c.currency)}{!/^0+(\.0*)?$/.test(l.credited_amount) && <><br /><span className="muted small">{t.chain.credited(money(l.credited_amount, c.currency))}</span></>}</td>
          </tr>
        ))}</tbody>
        <tfoot><tr><td colSpan={2}>{t.chain.totals}</td><td className="r num">{money(c.totals.ordered, c.currency)}</td><td /><td className="r num">{money(c.totals.shipped, c.currency)}</td><td /><td className="r num">{money(c.totals.invoiced, c.currency)}</td><td className="r">{t.chain.paid} <span className="num">{money(c.totals.paid, c.currency)}</span></td><td className="r num">{money(c.totals.billed, c.currency)}</td></tr></tfoot>
      </table>
    </div>
  );
}
