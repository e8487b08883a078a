/* One exception whole: why it stopped, what may be done, the evidence, what was said and done before. Used in the drawer and as a page. */
import { useState, type ReactNode } from 'react';
import { Button, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { CaseAction } from '../api/types';
import { t, words } from '../i18n';
import { reasonOf, titleOf, useCaseWork } from '../lib/cases';
import { date, money } from '../lib/format';
import { failed } from '../lib/notify';
import { useCanWork, useSession } from '../lib/session';
import { Facts, Failed, Pill, Rows, Sev, Sla, When, whyOf } from './Bits';
import { CaseMenu, ResolveDialog } from './CaseActions';
import { Files, Mail, Presence, Together } from './CaseTogether';
import { Readable } from './Readable';

export function CaseDetail({ id, page }: { id: string; page?: boolean }) {
  const { data: c, error, refetch } = useQuery(q.case(id));
  const { user } = useSession();
  const may = useCanWork(), work = useCaseWork();
  const [chosen, choose] = useState<CaseAction | null>(null);
  if (error && !c) return <Failed error={error} retry={() => void refetch()} />;
  if (!c) return <Rows n={10} />;
  const H = page ? 'h2' : 'h3'; // in the drawer the case's own title stands above
  const part = (title: string, body: ReactNode, n?: number) => <section className="part"><H>{title}{n !== undefined && <span className="muted num"> {n}</span>}</H>{body}</section>;
  return (
    <div className={page ? 'case page-case' : 'case'}>
      <div className="case-main">
        <div className="case-head">
          <div className="chips"><span className="pill num" title={whyOf(c)}>{t.cases.rank(c.priority)}</span><Sev of={c.severity} /><Pill of={c.status} />{c.breached && <span className="pill" data-tone="bad">{t.cases.breached}</span>}<Sla from={c.opened_at} due={c.due_at} /></div>
          {!page && <h2 className="case-title">{titleOf(c)}</h2>}
          <p>{reasonOf(c.detail)}</p>{c.reason && c.reason !== c.detail && <p className="muted">{reasonOf(c.reason)}</p>}
          {c.incident && <p className="note">{t.cases.incidentOwned} <Link to="/incidents/$id" params={{ id: c.incident }}>{t.cases.incident}</Link></p>}
        </div>
        <Presence of={c} />
        {c.clearing && c.status !== 'closed' && <p className="note">{t.cases.clearing(c.clearing)}</p>}
        {may && <div className="case-actions">
          {c.status !== 'closed' && c.actions.map((a, i) => <Button key={a.id} variant={i === 0 ? 'filled' : 'default'} onClick={() => choose(a)} title={a.effect}>{a.label}</Button>)}
          {c.status !== 'closed' && c.actions.length === 0 && <span className="muted">{t.cases.noActions}</span>}
          {c.status === 'open' && c.owner !== user && <Button variant="default" onClick={() => void work.assign(c)}>{t.cases.take}</Button>}
          {c.status !== 'open' && <Button variant="default" onClick={() => void work.reopen(c)}>{c.status === 'snoozed' ? t.cases.wake : t.cases.reopen}</Button>}
          <CaseMenu of={c} />
        </div>}
        {part(t.cases.whyRank(c.priority), <ul className="ranks">{c.priority_why.map((w, i) => <li key={i}><span className="num">{w.points < 0 ? '−' : '+'}{Math.abs(w.points)}</span> {w.because}</li>)}{c.priority_why.length === 0 && <li className="muted">{t.cases.noRank}</li>}</ul>)}
        {part(t.cases.evidence, c.evidence && typeof c.evidence === 'object' && Object.keys(c.evidence).length ? <Readable of={c.evidence} /> : <p className="muted">{t.cases.noEvidence}</p>)}
        {part(t.mail.title, <Mail of={c} />, c.messages.length)}
        {part(t.files.title, <Files of={c} />, c.files.length)}
        <Together of={c} part={part} />
        {part(t.cases.comments, <><Comments of={c.comments} />{may && <AddComment id={c.id} after={() => work.refresh(c)} />}</>, c.comments.length)}
      </div>
      <aside className="case-side" aria-label={t.cases.detail}>
        <Facts of={[
          [t.cases.order, c.order && <Link className="mono" to="/orders/$order" params={{ order: c.order }}>{c.order}</Link>], [t.cases.customer, c.customer], [t.cases.money, <span className="num">{money(c.money, c.currency)}</span>],
          [t.cases.owner, c.owner === user ? t.cases.you : c.owner ?? t.cases.none], [t.cases.team, c.team], [t.cases.tier, c.tier], [t.cases.promised, c.promised_on && date(c.promised_on)], [t.cases.kind, words(c.kind)], [t.cases.opened, <When at={c.opened_at} />], [t.cases.due, c.due_at ? <When at={c.due_at} /> : t.time.none],
          ...(c.snoozed_until && c.status === 'snoozed' ? [[t.cases.until, <When at={c.snoozed_until} />] as [string, ReactNode]] : []), ...(c.resolution ? [[t.cases.resolution, `${words(c.resolution)}${c.resolved_by ? `, ${c.resolved_by}` : ''}`] as [string, ReactNode]] : []),
        ]} />
        {part(t.cases.rules, <dl className="rules">
          {c.placed_by && <><dt>{t.cases.placedBy}</dt><dd>{c.placed_by.because || c.placed_by.rule} <span className="muted small">{t.cases.ruleOf(c.placed_by.table, c.placed_by.version, c.placed_by.rule)}{c.placed_by.instead_of && ` · ${t.cases.insteadOf(c.placed_by.instead_of)}`}</span></dd></>}
          <dt>{t.cases.clock}</dt><dd>{c.clocked_by ? <>{c.clocked_by.because} <span className="muted small">{t.cases.within(c.clocked_by.within ?? '', c.calendar ?? '')}</span></> : t.cases.clockGiven}</dd>
          <dt>{t.cases.clears}</dt><dd>{c.clears}</dd>
        </dl>)}
        {part(t.cases.history, <ol className="history">{c.history.map((h, i) => <li key={i}><When at={h.at} /> <strong>{h.by}</strong> {h.what}</li>)}</ol>)}
      </aside>
      {chosen && <ResolveDialog of={c} action={chosen} close={() => choose(null)} />}
    </div>
  );
}

function Comments({ of }: { of: { at: string; by: string; text: string }[] }) {
  if (!of.length) return <p className="muted">{t.cases.noComments}</p>;
  return <ul className="comments">{of.map((m, i) => <li key={i}><strong>{m.by}</strong> <span className="muted"><When at={m.at} /></span><p>{m.text}</p></li>)}</ul>;
}

function AddComment({ id, after }: { id: string; after: () => void }) {
  const [text, setText] = useState(''), [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try { await act.comment(id, text.trim()); setText(''); after(); } catch (e) { failed(t.cases.commentFailed, e); } finally { setBusy(false); }
  };
  return (
    <form className="comment" onSubmit={(e) => { e.preventDefault(); if (text.trim()) void go(); }}>
      <Textarea aria-label={t.cases.addComment} placeholder={t.cases.addComment} value={text} autosize minRows={1} maxRows={6} onChange={(e) => setText(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey) && text.trim()) void go(); }} />
      <Button type="submit" variant="default" loading={busy} disabled={!text.trim()}>{t.act.send}</Button>
    </form>
  );
}
