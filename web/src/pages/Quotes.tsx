/* Quotes: what stands open for customers, and what became of the others. One's page answers it for its customer, who said so
   by telephone; who answers by the link of the message sees /quote. */
import { useMemo, useState } from 'react';
import { Button, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Quote, QuoteAnswer } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { money } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useRows } from '../lib/rows';
import { useCanWork } from '../lib/session';
import { Empty, Facts, Failed, LinkButton, Panel, Rows, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Modal } from '../components/Dialog';
import { Choice, FilterBar, SearchBox, Shown } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const TONE: Record<string, string> = { open: 'brand', revising: 'info', ordered: 'ok', declined: 'mute', expired: 'mute', withdrawn: 'mute' };
const ANSWERS: QuoteAnswer[] = ['accepted', 'revise', 'declined'];
const State = ({ of }: { of: string }) => <span className="pill" data-tone={TONE[of] ?? 'mute'}>{word(t.quotes.states, of)}</span>;

export function Quotes() {
  const [f] = useFilters(), go = useNavigate();
  const of = useRows<Quote>(q.quotes({ state: f.state, q: f.q }));
  const [current, setCurrent] = useState<string | null>(null);
  const columns = useMemo<Column<Quote>[]>(() => [
    { id: 'quote', head: t.quote.title, cell: (x) => <Link className="mono quiet" to="/quotes/$quote" params={{ quote: x.quote }}>{x.quote}</Link> },
    { id: 'state', head: t.quotes.state, cell: (x) => <State of={x.state} /> },
    { id: 'customer', head: t.quotes.customer, grow: 160, cell: (x) => <span title={x.customer}>{x.customer}</span> },
    { id: 'total', head: t.quotes.total, right: true, cell: (x) => <span className="num">{money(x.total, x.currency)}</span> },
    { id: 'sent', head: t.quotes.sent, hide: 's', cell: (x) => <When at={x.sent_at} /> },
    { id: 'until', head: t.quotes.until, hide: 's', cell: (x) => <When at={x.valid_until} /> },
    { id: 'order', head: t.quotes.order, cell: (x) => (x.order ? <Link className="mono quiet" to="/orders/$order" params={{ order: x.order }}>{x.order}</Link> : '') },
  ], []);
  return (
    <div className="page fill">
      <PageHead title={t.quotes.title} />
      <FilterBar clear={['q', 'state']} end={<Shown n={of.rows.length} total={of.total} />}>
        <SearchBox placeholder={t.quotes.search} />
        <Choice name="state" label={t.quotes.state} any={t.quotes.any} options={Object.entries(t.quotes.states)} />
      </FilterBar>
      <section className="panel" aria-label={t.quotes.title}>
        <DataTable label={t.quotes.title} columns={columns} rows={of.rows} rowId={(x) => x.quote} rowLabel={(x) => `${x.quote}, ${x.customer}`} loading={of.loading} error={of.error} retry={of.retry} more={of.more} current={current} onCurrent={setCurrent}
          onOpen={(x) => void go({ to: '/quotes/$quote', params: { quote: x.quote } })} empty={f.q || f.state ? <Empty title={t.list.noMatch} /> : <Empty title={t.quotes.empty}>{t.quotes.emptyWhy}</Empty>} />
      </section>
    </div>
  );
}

export function QuoteDetail() {
  const { quote = '' } = useParams({ strict: false });
  const { data: x, error, refetch } = useQuery(q.quote(quote));
  const [asking, ask] = useState<QuoteAnswer | null>(null), may = useCanWork();
  const head = <PageHead title={quote} crumbs={[{ label: t.quotes.title, to: '/quotes' }]} after={x && <State of={x.state} />} />;
  if (!x) return <div className="page">{head}<div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows />}</div></div>;
  return (
    <div className="page">
      {head}
      <Panel title={x.customer} right={<LinkButton variant="default" size="compact-xs" to="/instances/$id" params={{ id: x.instance_id }}>{t.quotes.process}</LinkButton>}><div className="body">
        <Facts of={[[t.quotes.total, <strong className="num">{money(x.total, x.currency)}</strong>], [t.quotes.discount, <span className="num">{x.discount_percent} %</span>], [t.quotes.revision, x.revision], [t.quotes.sent, <When at={x.sent_at} />], [t.quotes.until, <When at={x.valid_until} />],
          [t.quotes.order, x.order && <Link className="mono" to="/orders/$order" params={{ order: x.order }}>{x.order}</Link>], [t.quotes.po, x.po], [t.quotes.answered, x.answered_at && <><When at={x.answered_at} /> {x.answered_by}</>], [t.quotes.note, x.note || null]]} />
        {may && x.state === 'open' && <div className="buttons">{ANSWERS.map((a) => <Button key={a} variant={a === 'accepted' ? 'filled' : 'default'} onClick={() => ask(a)}>{t.quotes.answers[a]}</Button>)}</div>}
      </div></Panel>
      <Panel title={t.entry.lines} count={x.lines.length}>
        <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.entry.lines)}><table className="tbl plain" aria-label={t.entry.lines}>
          <thead><tr><th scope="col">{t.entry.item}</th><th scope="col" className="r">{t.entry.quantity}</th><th scope="col" className="r">{t.quotes.list}</th><th scope="col" className="r">{t.entry.price}</th><th scope="col" className="r">{t.entry.amount}</th></tr></thead>
          <tbody>{x.lines.map((l) => <tr key={l.line}><td><span className="mono">{l.sku}</span> <span className="muted">{l.description}</span></td><td className="r num">{l.quantity} {l.unit}</td><td className="r num">{money(l.base_price, x.currency)}</td><td className="r num">{money(l.unit_price, x.currency)}</td><td className="r num">{money(l.amount, x.currency)}</td></tr>)}</tbody>
        </table></div>
      </Panel>
      {asking && <AnswerDialog of={x} answer={asking} close={() => ask(null)} />}
    </div>
  );
}

function AnswerDialog({ of: x, answer, close }: { of: Quote; answer: QuoteAnswer; close: () => void }) {
  const qc = useQueryClient();
  const [po, setPo] = useState(''), [note, setNote] = useState(''), [busy, setBusy] = useState(false);
  const accepts = answer === 'accepted';
  const go = async () => {
    setBusy(true);
    try {
      const now = await act.answerForCustomer(x.quote, x.revision, answer, po.trim(), note.trim());
      done(now.order ? t.quotes.ordered(x.quote, now.order) : t.quotes.done(x.quote, word(t.quotes.states, now.state)));
      void qc.invalidateQueries({ predicate: (k) => /^\/(quotes|orders)/.test(String(k.queryKey[0])) });
      close();
    } catch (e) { failed(t.quotes.failed, e); setBusy(false); }
  };
  return (
    <Modal opened onClose={close} title={`${x.quote}: ${t.quotes.answers[answer]}`} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <p>{t.quotes.effect[answer]}</p>
        {accepts && <TextInput label={t.quotes.po} description={t.quotes.poHint} value={po} maxLength={60} onChange={(e) => setPo(e.currentTarget.value)} data-autofocus />}
        <Textarea label={t.quotes.note} value={note} maxLength={2000} required={answer === 'revise'} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} data-autofocus={!accepts || undefined} />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy} disabled={answer === 'revise' && !note.trim()}>{t.quotes.answers[answer]}</Button></div>
      </form>
    </Modal>
  );
}
