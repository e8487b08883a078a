/* What the link of a quote opens: the offer, and its answer. Opening it changes nothing; the token stands behind #, so no log keeps it. */
import { useEffect, useState } from 'react';
import { Button, Textarea, TextInput } from '@mantine/core';
import { IconFileDollar } from '@tabler/icons-react';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import type { LinkedQuote } from '../api/types';
import { t, word } from '../i18n';
import { fullTime, money } from '../lib/format';

const say = (e: unknown) => (e instanceof ApiError ? e.problem.findings?.[0]?.expected || e.problem.detail || e.problem.title : String(e));

export function QuotePage() {
  const [token] = useState(() => decodeURIComponent(location.hash.slice(1)));
  const [quote, setQuote] = useState<LinkedQuote | null>(null), [bad, setBad] = useState<string | null>(null), [po, setPo] = useState(''), [note, setNote] = useState(''), [busy, setBusy] = useState(false), [error, setError] = useState('');
  useEffect(() => { document.title = `${t.quote.title} · ${t.app}`; act.lookAtQuote(token).then(setQuote, (e: unknown) => setBad(say(e))); }, [token]);
  const go = async (answer: 'accepted' | 'declined' | 'revise') => {
    if (!quote) return;
    setBusy(true);
    setError('');
    try { setQuote(await act.answerQuote(token, quote.revision, answer, po.trim(), note.trim())); } catch (e) { setError(say(e)); }
    setBusy(false);
  };
  const open = quote?.state === 'open';
  return (
    <main className="signin">
      <form onSubmit={(e) => e.preventDefault()}>
        <span className="mark" aria-hidden><IconFileDollar size={20} /></span>
        {bad ? <><h1>{t.quote.bad}</h1><p role="alert">{bad}</p></> : !quote ? <><h1>{t.quote.title}</h1><p role="status">{t.shell.loading}</p></> : <>
          <h1>{t.quote.of(quote.quote, quote.tenant_name)}</h1>
          <p>{quote.customer} <strong className="num">{money(quote.total, quote.currency)}</strong></p>
          {!open && <p role="status"><strong>{quote.order ? t.quote.ordered(quote.order) : word(t.quote.states, quote.state)}</strong></p>}
          <table className="lines" aria-label={t.entry.lines}>
            <thead><tr><th scope="col">{t.entry.item}</th><th scope="col" className="r">{t.entry.quantity}</th><th scope="col" className="r">{t.entry.price}</th><th scope="col" className="r">{t.entry.amount}</th></tr></thead>
            <tbody>{quote.lines.map((l) => <tr key={l.line}><td>{l.sku}<br /><span className="muted small">{l.description}</span></td><td className="r num">{l.quantity} {l.unit}</td><td className="r num">{money(l.unit_price, quote.currency)}</td><td className="r num">{money(l.amount, quote.currency)}</td></tr>)}</tbody>
          </table>
          {open && <>
            <TextInput label={t.quote.po} value={po} maxLength={60} onChange={(e) => setPo(e.currentTarget.value)} />
            <Textarea label={t.quote.note} value={note} maxLength={2000} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} />
            <p className="error" role="alert">{error}</p>
            <Button size="sm" fullWidth loading={busy} onClick={() => void go('accepted')}>{t.quote.accept}</Button>
            <div className="two"><Button size="sm" variant="default" disabled={busy} onClick={() => void go('declined')}>{t.quote.decline}</Button><Button size="sm" variant="default" disabled={busy || !note.trim()} onClick={() => void go('revise')}>{t.quote.revise}</Button></div>
            <p className="muted small">{t.quote.until(fullTime(quote.valid_until), quote.revision)}</p>
          </>}
        </>}
      </form>
    </main>
  );
}
