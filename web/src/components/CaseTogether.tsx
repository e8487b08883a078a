/* What people do around an exception: who else is at it, what it is linked to or merged with, its files, its mail. */
import { useEffect, useRef, useState } from 'react';
import { Button, Select, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Case, CaseDetail } from '../api/types';
import { t, word } from '../i18n';
import { titleOf, useCaseWork } from '../lib/cases';
import { bytes } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanWork, useSession } from '../lib/session';
import { JsonView } from './JsonView';
import { When } from './Bits';
import { Modal } from './Dialog';

const SAY_AGAIN_MS = 15_000; // the server forgets whoever was silent for 45 s

/** Says that we are here while the exception is shown, and who else is. */
export function Presence({ of: c }: { of: CaseDetail }) {
  const { user } = useSession();
  const may = useCanWork();
  const open = c.status !== 'closed' && may;
  useEffect(() => {
    if (!open) return;
    const doing = () => (document.activeElement?.matches('.case textarea, .case input') ? 'edits' : 'looks');
    const say = () => { if (!document.hidden) act.present(c.id, doing()).catch(() => undefined); }; // the next one says it
    say();
    const timer = setInterval(say, SAY_AGAIN_MS);
    return () => { clearInterval(timer); act.present(c.id, null).catch(() => undefined); };
  }, [c.id, open]);
  const others = c.present.filter((p) => p.user !== user);
  return <div role="status">{others.length > 0 && <p className="note">{others.map((p) => t.together.there(p.user, p.doing)).join(' · ')}</p>}</div>;
}

export function Together({ of: c, part }: { of: CaseDetail; part: (title: string, body: React.ReactNode, n?: number) => React.ReactNode }) {
  const may = useCanWork(), work = useCaseWork();
  const [merging, setMerging] = useState(false);
  const undo = async (id: string) => { try { await act.unmerge(id); done(t.together.unmerged); work.refresh(c); } catch (e) { failed(t.together.failed, e); } };
  return (
    <>
      {c.merged_into && <p className="note">{t.together.gone} <Link to="/exceptions/$id" params={{ id: c.merged_into }}>{t.together.survivor}</Link> {may && <Button size="compact-xs" variant="default" onClick={() => void undo(c.id)}>{t.together.undo}</Button>}</p>}
      {(c.linked.length > 0 || c.merged.length > 0 || (may && c.status !== 'closed')) && part(t.together.title, <>
        {c.linked.length > 0 && <ul className="list">{c.linked.map((x) => <li key={x.id}><Link className="mono" to="/exceptions/$id" params={{ id: x.id }}>{x.number}</Link> {x.title} <span className="muted">{word(t.status, x.status)}{x.note && ` · ${x.note}`}</span></li>)}</ul>}
        {c.merged.map((m) => <details key={m.id} className="merged"><summary><span className="mono">{m.number}</span> {t.together.mergedIn} · {m.title}</summary><JsonView of={m.evidence} />{m.comments.map((s, i) => <p key={i}><strong>{s.by}</strong> {s.text}</p>)}{may && <Button size="compact-xs" variant="default" onClick={() => void undo(m.id)}>{t.together.undoOf(m.number)}</Button>}</details>)}
        {may && c.status !== 'closed' && <div className="buttons"><Button size="compact-sm" variant="default" onClick={() => setMerging(true)}>{t.together.mergeOrLink}</Button></div>}
      </>)}
      {merging && <MergeDialog of={c} close={() => setMerging(false)} />}
    </>
  );
}

function MergeDialog({ of: c, close }: { of: Case; close: () => void }) {
  const work = useCaseWork();
  const [text, setText] = useState(''), [other, setOther] = useState<string | null>(null), [note, setNote] = useState(''), [busy, setBusy] = useState(false);
  const { data } = useQuery(q.someCases(text));
  const found = (data?.items ?? []).filter((x) => x.id !== c.id);
  const go = async (merge: boolean) => {
    if (!other) return;
    setBusy(true);
    try {
      if (merge) {
        await act.merge(c.id, other);
        done(t.together.merged(c.number), c.title, () => void act.unmerge(c.id).then(() => { work.refresh(c); done(t.together.unmerged); }, (e: unknown) => failed(t.together.failed, e)));
      } else { await act.link(c.id, other, note); done(t.together.linked(c.number)); }
      work.refresh(c);
      close();
    } catch (e) { failed(t.together.failed, e); setBusy(false); }
  };
  return (
    <Modal opened onClose={close} title={t.together.dialog(c.number)} size="lg" closeButtonProps={{ 'aria-label': t.act.close }}>
      <div className="stack">
        <Select label={t.together.other} description={t.together.otherHint} searchable searchValue={text} onSearchChange={setText} value={other} onChange={setOther} data={found.map((x) => ({ value: x.id, label: `${x.number} · ${titleOf(x)}` }))} filter={({ options }) => options} nothingFoundMessage={t.list.noMatch} data-autofocus />
        <TextInput label={t.together.note} value={note} onChange={(e) => setNote(e.currentTarget.value)} />
        <p className="muted">{t.together.mergeWhat}</p>
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button variant="default" disabled={!other} loading={busy} onClick={() => void go(false)}>{t.together.link}</Button><Button disabled={!other} loading={busy} onClick={() => void go(true)}>{t.together.merge}</Button></div>
      </div>
    </Modal>
  );
}

export function Files({ of: c }: { of: CaseDetail }) {
  const may = useCanWork(), work = useCaseWork();
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const add = async (list: FileList | null) => {
    setBusy(true);
    try { for (const f of list ?? []) await act.attach(c.id, f.name, f); work.refresh(c); } catch (e) { failed(t.files.failed, e); } finally { setBusy(false); if (input.current) input.current.value = ''; }
  };
  return (
    <>
      {c.files.length === 0 ? <p className="muted">{t.files.none}</p> : <ul className="list">{c.files.map((f) => <li key={f.id}><a href={`/api/cases/${c.id}/files/${f.id}`} download={f.name}>{f.name}</a> <span className="muted">{bytes(f.size_bytes)} · {f.by} · <When at={f.at} /></span></li>)}</ul>}
      {may && <div className="buttons"><input ref={input} type="file" multiple hidden aria-label={t.files.add} onChange={(e) => void add(e.currentTarget.files)} /><Button size="compact-sm" variant="default" loading={busy} onClick={() => input.current?.click()}>{t.files.add}</Button></div>}
    </>
  );
}

export function Mail({ of: c }: { of: CaseDetail }) {
  const may = useCanWork(), work = useCaseWork();
  const [writing, setWriting] = useState(false);
  const again = async (id: string) => { try { await act.sendAgain2(c.id, id); work.refresh(c); } catch (e) { failed(t.mail.failed, e); } };
  return (
    <>
      {c.messages.length === 0 ? <p className="muted">{t.mail.none}</p> : <ul className="comments">{c.messages.map((m) => <li key={m.id} data-way={m.direction}><strong>{m.direction === 'in' ? m.sender : t.mail.to(m.by, m.to.join(', '))}</strong> <span className="muted"><When at={m.at} /> · {word(t.mail.states, m.state)}{m.error && ` · ${m.error}`}</span><p><strong>{m.subject}</strong></p><p className="letter">{m.body}</p>{may && m.state === 'failed' && <Button size="compact-xs" variant="default" onClick={() => void again(m.id)}>{t.mail.again}</Button>}</li>)}</ul>}
      {may && (writing ? <WriteForm of={c} close={() => setWriting(false)} /> : <div className="buttons"><Button size="compact-sm" variant="default" onClick={() => setWriting(true)}>{c.messages.length ? t.mail.reply : t.mail.write}</Button></div>)}
    </>
  );
}

function WriteForm({ of: c, close }: { of: CaseDetail; close: () => void }) {
  const work = useCaseWork(), qc = useQueryClient();
  const last = [...c.messages].reverse();
  const heard = last.find((m) => m.direction === 'in'), said = last[0];
  const [to, setTo] = useState(heard?.sender ?? said?.to.join(', ') ?? ''), [subject, setSubject] = useState(said ? (said.subject.startsWith('Re: ') ? said.subject : `Re: ${said.subject}`) : ''), [body, setBody] = useState(''), [busy, setBusy] = useState(false);
  const { data: desk } = useQuery(q.caseMail()), { data: templates } = useQuery(q.caseTemplates());
  const use = async (name: string | null) => {
    if (!name) return;
    try { const f = await qc.fetchQuery(q.filled(c.id, name)); setBody(f.body); if (!said) setSubject(f.subject); } catch (e) { failed(t.mail.failed, e); }
  };
  const go = async () => {
    setBusy(true);
    try { await act.write(c.id, to.split(/[,;\s]+/).filter(Boolean), subject, body); done(t.mail.written(c.number)); work.refresh(c); close(); } catch (e) { failed(t.mail.failed, e); setBusy(false); }
  };
  if (desk === null) return <p className="note">{t.mail.noDesk}</p>;
  return (
    <form className="stack" aria-label={t.mail.write} onSubmit={(e) => { e.preventDefault(); void go(); }}>
      {desk && <p className="muted">{t.mail.from(desk.name ? `${desk.name} <${desk.address}>` : desk.address)}</p>}
      {(templates?.items.length ?? 0) > 0 && <Select label={t.mail.template} data={templates!.items.map((x) => ({ value: x.name, label: x.title }))} onChange={(v) => void use(v)} clearable />}
      <TextInput label={t.mail.recipient} value={to} onChange={(e) => setTo(e.currentTarget.value)} required data-autofocus />
      <TextInput label={t.mail.subject} value={subject} onChange={(e) => setSubject(e.currentTarget.value)} required />
      <Textarea label={t.mail.body} value={body} onChange={(e) => setBody(e.currentTarget.value)} autosize minRows={4} maxRows={16} required />
      <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy}>{t.mail.send}</Button></div>
    </form>
  );
}
