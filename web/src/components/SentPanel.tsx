/* What became of a document we sent, what its partner said of it, and sending it again: always seen before it is done. */
import { useState } from 'react';
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Sent, Way } from '../api/types';
import { t, word } from '../i18n';
import { done, failed } from '../lib/notify';
import { useCanWork } from '../lib/session';
import { Facts, Failed, Panel, Pill, Rows, Sla, When } from './Bits';
import { Modal } from './Dialog';
import { JsonView } from './JsonView';

const WAYS: Way[] = ['retry', 'replay', 'reissue'];
const WAITING = ['written', 'sent', 'received'];

export function SentPanel({ id }: { id: string }) {
  const { data: s, error, refetch } = useQuery(q.sent(id));
  const may = useCanWork();
  const [asking, ask] = useState<Way | null>(null);
  if (!s) return <Panel title={t.sending.title}>{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={4} />}</Panel>;
  return (
    <Panel title={t.sending.title} right={may && <div className="buttons">{WAYS.map((w) => <Button key={w} size="compact-sm" variant="default" title={t.sending.what[w]} onClick={() => ask(w)}>{word(t.sending.ways, w)}</Button>)}</div>}>
      <div className="body">
        <Facts of={[
          [t.sending.state, <Pill of={s.state} label={word(t.sendStates, s.state)} />], [t.sending.written, <When at={s.written_at} />], [t.sending.sentAt, s.sent_at && <When at={s.sent_at} />],
          [t.sending.answered, s.answered_at && <When at={s.answered_at} />], [t.sending.deadline, WAITING.includes(s.state) && s.deadline ? <Sla from={s.written_at} due={s.deadline} /> : s.deadline && <When at={s.deadline} />],
          [t.sending.numbers, <span className="mono">{[s.control, s.group || null, s.message].filter(Boolean).join(' / ')}</span>], [t.sending.about, <Link to="/documents/$id" params={{ id: s.about }}>{t.sending.theOrder}</Link>],
          ...(s.case ? [[t.sending.case, <Link to="/exceptions/$id" params={{ id: s.case }}>{t.sending.theCase}</Link>] as [string, React.ReactNode]] : []),
          ...(s.reissues ? [[t.sending.reissues, <Link to="/documents/$id" params={{ id: s.reissues }}>{t.sending.earlier}</Link>] as [string, React.ReactNode]] : []),
          ...(s.reissued_by ? [[t.sending.reissuedBy, <Link to="/documents/$id" params={{ id: s.reissued_by }}>{t.sending.later}</Link>] as [string, React.ReactNode]] : []),
          ...(s.ssccs.length ? [[t.by.sscc!, <span className="mono">{s.ssccs.join(', ')}</span>] as [string, React.ReactNode]] : []),
        ]} />
        <div className="two">
          <div><h3>{t.sending.history}</h3><ol className="history">{s.history.map((h) => <li key={h.number}><When at={h.offered_at} /> {word(t.sending.kinds, h.kind)}, {h.by_whom}. <span className="muted">{h.collected_at ? <>{t.sending.collected(h.channel ?? '')} <When at={h.collected_at} /></> : t.sending.notCollected}</span></li>)}</ol></div>
          <div><h3>{t.sending.answers}</h3>{s.answers.length === 0 ? <p className="muted">{t.sending.noAnswer}</p> : <ol className="history">{s.answers.map((a) => <li key={a.answer}><When at={a.answered_at} /> <Pill of={a.outcome} label={word(t.sendStates, a.outcome)} /> <Link to="/documents/$id" params={{ id: a.answer }}>{t.sending.theAnswer}</Link>{!a.counted && <span className="muted"> {t.sending.notCounted}</span>}<details><summary className="muted small">{t.sending.said}</summary><JsonView of={a.said} depth={1} /></details></li>)}</ol>}</div>
        </div>
      </div>
      {asking && <AgainDialog of={s} way={asking} close={() => ask(null)} />}
    </Panel>
  );
}

function AgainDialog({ of: s, way, close }: { of: Sent; way: Way; close: () => void }) {
  const qc = useQueryClient();
  const { data: p, error, refetch } = useQuery(q.sendingPreview(s.document, way));
  const [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      const now = await act.sendAgain(s.document, way);
      done(t.sending.did[way], way === 'reissue' ? t.sending.newNumber(now.control) : '');
      void qc.invalidateQueries({ predicate: (x) => /^\/(sent-)?documents/.test(String(x.queryKey[0])) });
      close();
    } catch (e) { failed(t.sending.failed, e); setBusy(false); }
  };
  return (
    <Modal opened onClose={close} title={t.sending.title2(word(t.sending.ways, way), s.type, s.control)} closeButtonProps={{ 'aria-label': t.act.close }}>
      {!p ? error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={4} /> : (
        <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
          <p>{p.effect}</p>
          {p.allowed ? <Facts of={[[t.sending.now, word(t.sendStates, p.state)], [t.sending.becomes, word(t.sendStates, p.becomes)], [t.sending.control, p.same_numbers ? t.sending.same(p.control) : t.sending.next], [t.sending.tries, String(p.tries)]]} /> : <p className="note" role="alert"><strong>{t.sending.notAllowed}</strong> {t.sending.whyNot(word(t.sendStates, p.state).toLowerCase(), word(t.sending.ways, way).toLowerCase())}</p>}
          <div className="buttons"><Button variant="default" onClick={close} data-autofocus>{t.act.cancel}</Button>{p.allowed && <Button type="submit" loading={busy}>{word(t.sending.ways, way)}</Button>}</div>
        </form>
      )}
    </Modal>
  );
}
