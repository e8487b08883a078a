/* What the link of a mail opens: exactly what is asked, and two buttons. Opening it decides nothing; the token stands behind #, so no log keeps it. */
import { useEffect, useState } from 'react';
import { Button, Textarea } from '@mantine/core';
import { IconChecklist } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import { q } from '../api/queries';
import type { Approval, Linked } from '../api/types';
import { t, word } from '../i18n';
import { fullTime, money } from '../lib/format';
import { Asked } from '../components/Asked';
import { JsonView } from '../components/JsonView';

const say = (e: unknown) => (e instanceof ApiError ? e.problem.detail || e.problem.title : String(e));

export function ApprovePage() {
  const [token] = useState(() => decodeURIComponent(location.hash.slice(1)));
  const { data: session } = useQuery(q.session());
  const [link, setLink] = useState<Linked | null>(null), [bad, setBad] = useState<string | null>(null), [note, setNote] = useState(''), [busy, setBusy] = useState(false), [error, setError] = useState(''), [decided, setDecided] = useState<Approval | null>(null);
  useEffect(() => { document.title = `${t.link.title} · ${t.app}`; act.lookAtLink(token).then(setLink, (e: unknown) => setBad(say(e))); }, [token]);
  const a = link?.approval;
  const mustSignIn = !!link?.sign_in && session?.user !== link.person;
  const { data: full } = useQuery({ ...q.approval(a?.id ?? ''), enabled: !!link?.sign_in && !mustSignIn });
  const go = async (outcome: 'approved' | 'rejected') => {
    if (!a) return;
    setBusy(true);
    setError('');
    try { setDecided(await act.decideByLink(token, outcome, note.trim(), a.hash)); } catch (e) { setError(say(e)); }
    setBusy(false);
  };
  return (
    <main className="signin">
      <form onSubmit={(e) => e.preventDefault()}>
        <span className="mark" aria-hidden><IconChecklist size={20} /></span>
        {bad ? <><h1>{t.link.bad}</h1><p role="alert">{bad}</p><p><a href="/approvals">{t.link.badDo}</a></p></> : decided ? <><h1 role="status">{decided.status === 'pending' ? t.link.vote(decided.number) : t.link.done(decided.number, word(t.status, decided.status).toLowerCase())}</h1><p>{t.link.doneDo}</p></> : !a || !link ? <><h1>{t.link.reading}</h1><p role="status">{t.shell.loading}</p></> : <>
          <h1>{a.title}</h1>
          <p>{t.link.forYou(link.person, link.tenant_name)}{a.amount && <>: <strong className="num">{money(a.amount, a.currency)}</strong></>}</p>
          <p className="muted">{[a.customer, a.order, a.reason].filter(Boolean).join(' · ')}</p>
          {mustSignIn ? <><p>{t.link.signInWhy}</p><Button component="a" size="sm" href={`/sign-in?next=${encodeURIComponent(`/approve#${token}`)}`}>{t.link.signIn}</Button></> : <>
            <Asked of={full ?? a} />
            <section className="exact"><h3>{t.approvals.what}</h3><JsonView of={(full ?? a).data} /></section>
            {!a.can_decide && a.why_not && <p role="alert">{a.why_not}</p>}
            <Textarea label={t.link.note} value={note} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} />
            <p className="error" role="alert">{error}</p>
            <div className="two"><Button size="sm" variant="default" disabled={busy || !a.can_decide || !note.trim()} onClick={() => void go('rejected')}>{t.approvals.reject}</Button><Button size="sm" loading={busy} disabled={!a.can_decide} onClick={() => void go('approved')}>{t.approvals.approve}</Button></div>
          </>}
          <p className="muted small">{t.link.good(fullTime(link.expires_at))} <span className="mono">{a.hash.slice(0, 12)}</span></p>
        </>}
      </form>
    </main>
  );
}
