/* Operating instances: what is asked, what would come of it (every call, and what becomes of it), then doing exactly that.
   One instance is done at once; many are a job of the server, whose progress is asked for until it ends. */
import { useState } from 'react';
import { Button, Checkbox, NativeSelect, Progress, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { BulkPreview, Command, Job, Json, OperationKind, Preview, Selection } from '../api/types';
import { t, word } from '../i18n';
import { done, failed } from '../lib/notify';
import { Pill } from './Bits';
import { Modal } from './Dialog';

export const KINDS: OperationKind[] = ['suspend', 'resume', 'retry', 'restart', 'cancel', 'migrate'];

export interface Target { label: string; /** exactly one */ instance?: string; selection?: Selection; definition?: string; /** runs that it could be restarted from */ runs?: string[]; at?: string }
type Shown = { one: Preview } | { many: BulkPreview };

export function Operate({ kind, target, close, changed }: { kind: OperationKind; target: Target; close: () => void; changed?: () => void }) {
  const qc = useQueryClient();
  const { data: definitions } = useQuery({ ...q.definitions(), enabled: kind === 'migrate' });
  const versions = (definitions?.items ?? []).filter((d) => !target.definition || d.name === target.definition);
  const [reason, setReason] = useState(''), [compensate, setCompensate] = useState(true), [data, setData] = useState(''), [at, setAt] = useState(target.at ?? target.runs?.[0] ?? ''), [repeat, setRepeat] = useState<'none' | 'all'>('none'), [version, setVersion] = useState('');
  const [shown, show] = useState<Shown | null>(null), [job, setJob] = useState<Job | null>(null), [busy, setBusy] = useState(false), [tried, setTried] = useState(false);
  const name = word(t.operate.kinds, kind);
  const chosen = version || versions[0]?.version || '';

  let edited: Json | undefined, badJson = false;
  if (data.trim()) try { edited = JSON.parse(data) as Json; } catch { badJson = true; }
  const lacks = (kind === 'cancel' && !reason.trim()) || (kind === 'restart' && !at.trim()) || (kind === 'migrate' && !chosen) || badJson;
  const command: Command = {
    kind, ...(reason.trim() ? { reason: reason.trim() } : {}), ...(kind === 'cancel' ? { compensate } : {}), ...(kind === 'restart' ? { at: at.trim(), repeat } : {}), ...(kind === 'migrate' ? { version: chosen } : {}), ...(edited === undefined ? {} : { data: edited }),
  };
  const run = async (f: () => Promise<void>) => { setBusy(true); try { await f(); } catch (e) { failed(t.operate.failed, e); } setBusy(false); };
  const look = () => { setTried(true); if (!lacks) void run(async () => show(target.instance ? { one: await act.preview(target.instance, command) } : { many: await act.previewMany(command, target.selection ?? {}) })); };
  const go = () => run(async () => {
    if (!shown) return;
    if ('one' in shown) { await act.operate(shown.one.instance, command, shown.one.mark); done(t.operate.done(name), t.operate.doneWhy); close(); } else setJob(await act.startJob(shown.many.id, shown.many.token));
    void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/instance') });
    changed?.();
  });
  const able = !shown ? 0 : 'one' in shown ? (shown.one.refused.length ? 0 : 1) : (shown.many.counts.waiting ?? 0);
  const need = (v: string) => (tried && !v.trim() ? t.operate.need : undefined);
  return (
    <Modal opened onClose={close} size={shown && !job ? 1120 : 'md'} title={t.operate.title(name, target.label)} closeButtonProps={{ 'aria-label': t.act.close }}>
      {job ? <Running of={job} close={close} /> : !shown ? (
        <form className="stack" noValidate onSubmit={(e) => { e.preventDefault(); look(); }}>
          <p className="muted">{word(t.operate.lead, kind)}</p>
          {kind === 'restart' && (target.runs?.length ? <NativeSelect label={t.operate.at} value={at} onChange={(e) => setAt(e.currentTarget.value)} data={target.runs} data-autofocus /> : <TextInput label={t.operate.at} value={at} onChange={(e) => setAt(e.currentTarget.value)} error={need(at)} required data-autofocus />)}
          {kind === 'restart' && <NativeSelect label={t.operate.repeat} value={repeat} onChange={(e) => setRepeat(e.currentTarget.value as 'none' | 'all')} data={[{ value: 'none', label: t.operate.reuse }, { value: 'all', label: t.operate.repeatAll }]} />}
          {kind === 'migrate' && <NativeSelect label={t.operate.version} value={chosen} onChange={(e) => setVersion(e.currentTarget.value)} data={[...new Set(versions.map((d) => d.version))]} data-autofocus />}
          {(kind === 'retry' || kind === 'restart') && <Textarea label={t.operate.data} value={data} onChange={(e) => setData(e.currentTarget.value)} error={badJson ? t.operate.badJson : undefined} autosize minRows={2} maxRows={12} className="mono" />}
          {kind !== 'resume' && <TextInput label={t.operate.reason} description={t.operate.reasonHint} value={reason} onChange={(e) => setReason(e.currentTarget.value)} error={kind === 'cancel' ? need(reason) : undefined} required={kind === 'cancel'} maxLength={2000} {...(kind === 'suspend' || kind === 'cancel' || kind === 'retry' ? { 'data-autofocus': true } : {})} />}
          {kind === 'cancel' && <Checkbox label={t.operate.compensate} checked={compensate} onChange={(e) => setCompensate(e.currentTarget.checked)} />}
          <div className="buttons"><Button variant="default" onClick={close}>{t.act.close}</Button><Button type="submit" loading={busy} data-autofocus={kind === 'resume' || undefined}>{t.operate.preview}</Button></div>
        </form>
      ) : (
        <div className="stack">
          {'one' in shown ? <Lines of={shown.one} /> : <Fates of={shown.many} />}
          <div className="buttons"><Button variant="default" onClick={() => show(null)}>{t.operate.back}</Button><Button onClick={() => void go()} loading={busy} disabled={!able} data-autofocus>{t.operate.go(name, able)}</Button></div>
        </div>
      )}
    </Modal>
  );
}

function Texts({ of, title, bad }: { of: [string, number][]; title: string; bad?: boolean }) {
  if (of.length === 0) return null;
  return <div role={bad ? 'alert' : undefined}><h3 className="small">{title}</h3><ul className="toast-list">{of.slice(0, 8).map(([text, n]) => <li key={text}>{n > 1 ? `${n} × ` : ''}{text}</li>)}</ul></div>;
}

function Lines({ of: p }: { of: Preview }) {
  return (
    <>
      {p.lines.length === 0 ? <p className="muted">{t.operate.nothing}</p> : (
        <div className="scroll" tabIndex={0} role="region" aria-label={t.operate.preview} style={{ maxHeight: '50vh' }}>
          <table className="tbl" aria-label={t.operate.preview}>
            <thead><tr>{[t.instances.taskHead, t.instances.fn, t.instances.system, t.instances.callState, t.instances.becomes, t.instances.why, t.instances.key].map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
            <tbody>{p.lines.map((l) => <tr key={l.at + l.why}><td>{l.task}</td><td className="mono">{l.function}</td><td>{l.system}</td><td>{l.state}</td><td><Pill of={l.fate} label={word(t.operate.fates, l.fate)} /></td><td style={{ whiteSpace: 'normal' }}>{l.why}</td><td className="mono small">{l.new_key ? t.instances.newKey : l.key}</td></tr>)}</tbody>
          </table>
        </div>
      )}
      <Texts of={p.notices.map((x) => [x, 1])} title={t.operate.notices} />
      <Texts of={p.refused.map((x) => [x, 1])} title={t.operate.refused} bad />
      {p.refused.length === 0 && <p className="muted">{t.operate.outcome(p.outcome)}</p>}
    </>
  );
}

function Fates({ of: p }: { of: BulkPreview }) {
  return (
    <>
      <p role="status"><strong>{t.operate.many(p.total)}</strong>: {Object.entries(p.counts).filter(([, n]) => n > 0).map(([k, n]) => `${n} ${word(t.operate.counts, k)}`).join(', ')}</p>
      {p.fates.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={t.operate.preview} style={{ maxHeight: '45vh' }}>
          <table className="tbl" aria-label={t.operate.preview}>
            <thead><tr>{[t.instances.fn, t.instances.system, t.instances.becomes].map((h) => <th key={h} scope="col">{h}</th>)}<th scope="col" className="r">{t.instances.callCount}</th></tr></thead>
            <tbody>{p.fates.map((f) => <tr key={f.function + f.system + f.fate}><td className="mono">{f.function}</td><td>{f.system}</td><td><Pill of={f.fate} label={word(t.operate.fates, f.fate)} /></td><td className="r num">{f.calls}</td></tr>)}</tbody>
          </table>
        </div>
      )}
      <Texts of={Object.entries(p.notices)} title={t.operate.notices} />
      <Texts of={Object.entries(p.refusals)} title={t.operate.refused} bad />
    </>
  );
}

export function Running({ of, close }: { of: Job; close?: () => void }) {
  const { data } = useQuery({ ...q.job(of.id), refetchInterval: (x) => (x.state.data && x.state.data.status !== 'running' ? false : 1000) });
  const job = data ?? of, count = (k: string) => job.counts[k] ?? 0;
  const all = job.total - count('refused'), over = all - count('waiting');
  const skipped = data?.items.filter((i) => i.detail && (i.status === 'skipped' || i.status === 'failed')) ?? [];
  return (
    <div className="stack">
      <Progress value={all ? (over / all) * 100 : 100} aria-label={t.operate.progress} />
      <p role="status">{t.operate.progressOf(over, all)}: {Object.entries(job.counts).filter(([, n]) => n > 0).map(([k, n]) => `${n} ${word(t.operate.counts, k)}`).join(', ')}</p>
      <Texts of={skipped.map((i) => [`${i.order || i.instance}: ${i.detail}`, 1])} title={t.operate.refused} />
      <div className="buttons">{job.status === 'running' && <Button variant="default" onClick={() => void act.cancelJob(job.id).catch((e: unknown) => failed(t.operate.failed, e))}>{t.operate.stop}</Button>}{close && <Button onClick={close}>{t.act.close}</Button>}</div>
    </div>
  );
}
