/* Fixing all exceptions of a cause: which fix, what it says, what it would do to each, how far it reaches; then doing
   exactly that, seeing it done, and taking it back. */
import { useState } from 'react';
import { Button, Checkbox, Group, NativeSelect, NumberInput, Progress, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Cluster, Counted, Fix, FixItem, Json, Radius } from '../api/types';
import { t, word } from '../i18n';
import { money, num } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanWork } from '../lib/session';
import { Facts, Panel, Pill, Rows } from './Bits';
import { RuleRow, WouldChange } from './RuleRow';

const RUNNING = ['asked', 'running', 'undoing'];
const TONES: Record<string, string> = { solved: 'done', fails: 'failed', blocked: 'held', stands: 'held', undone: 'replaced' };
const text = (v: Json | undefined) => (v === undefined || v === null ? '' : typeof v === 'string' ? v : JSON.stringify(v));
export const stale = (qc: QueryClient) => void qc.invalidateQueries({ predicate: (x) => ['/cases', '/clusters', '/fixes', '/documents'].some((p) => String(x.queryKey[0]).startsWith(p)) });

export function Fixing({ cluster: c }: { cluster: Cluster }) {
  const qc = useQueryClient();
  const { data: offers } = useQuery(q.offers(c.key));
  const [chosen, choose] = useState(0), [edited, edit] = useState<Record<string, string>>({}), [reason, setReason] = useState('');
  const [shown, show] = useState<Fix | null>(null), [busy, setBusy] = useState(false), [tried, setTried] = useState(false), [typed, type] = useState<number | string>('');
  if (!offers) return <Panel title={t.fixes.title}><Rows n={3} /></Panel>;
  const offer = offers[chosen];
  if (!offer) return <Panel title={t.fixes.title}><p className="body muted">{t.fixes.noOffer}</p></Panel>;
  const members = Object.keys(offer.fix);
  const value = (m: string) => edited[m] ?? text(offer.fix[m]);
  const optional = (m: string) => ['partner', 'qualifier', 'above', 'replaces'].includes(m);
  const isJson = (m: string) => m === 'data' || m === 'row';
  const wrong = (m: string) => {
    if (isJson(m)) try { const v: unknown = JSON.parse(value(m)); return v && typeof v === 'object' && Object.keys(v).length ? undefined : t.operate.need; } catch { return t.operate.badJson; }
    return value(m).trim() || optional(m) ? undefined : t.operate.need;
  };
  const read = (m: string): Json => (isJson(m) ? (JSON.parse(value(m)) as Json) : m === 'within_h' ? Number(value(m)) : value(m).trim());
  const again = () => { show(null); type(''); };
  const run = async (f: () => Promise<void>) => { setBusy(true); try { await f(); } catch (e) { failed(t.fixes.failed, e); } setBusy(false); };
  const look = () => { setTried(true); if (!reason.trim() || members.some(wrong)) return; void run(async () => show(await act.previewFix(c.key, { kind: offer.kind, ...Object.fromEntries(members.map((m) => [m, read(m)])) }, reason.trim()))); };
  const start = () => shown && run(async () => { show(await act.startFix(shown.id, shown.token, shown.radius.typed ? Number(typed) : undefined)); done(t.fixes.asked(word(t.fixes.kinds, shown.kind))); stale(qc); });
  if (shown && shown.status !== 'previewed') return <Panel title={t.fixes.title}><div className="body"><Progressing of={shown} /></div></Panel>;
  return (
    <Panel title={t.fixes.title}>
      <form className="body stack" noValidate onSubmit={(e) => { e.preventDefault(); if (!shown) look(); else void start(); }}>
        <Group align="flex-start" gap="sm">
          <NativeSelect label={t.fixes.kind} value={String(chosen)} onChange={(e) => { choose(Number(e.currentTarget.value)); edit({}); again(); setTried(false); }} data={offers.map((o, i) => ({ value: String(i), label: word(t.fixes.kinds, o.kind) }))} />
          {members.map((m) => {
            const label = word(t.fixes.members, m), set = (v: string) => { edit({ ...edited, [m]: v }); again(); }, bad = tried ? wrong(m) : undefined;
            const choices = offer.choices[m];
            if (m === 'row' && offer.kind === 'decision-row') return <RuleRow key={m} table={value('table')} place={value('above') || value('replaces')} text={value(m)} set={set} />;
            return choices?.length ? <NativeSelect key={m} label={label} value={value(m)} onChange={(e) => set(e.currentTarget.value)} error={bad} data={[...(value(m) && !optional(m) ? [] : [{ value: '', label: optional(m) ? '–' : t.fixes.choose }]), ...choices.map((x) => ({ value: x, label: m === 'tests' ? word(t.fixes.values, x) : x }))]} />
              : isJson(m) ? <Textarea key={m} label={label} value={value(m)} onChange={(e) => set(e.currentTarget.value)} error={bad} autosize minRows={2} maxRows={10} classNames={{ input: 'mono' }} />
                : <TextInput key={m} label={label} value={value(m)} onChange={(e) => set(e.currentTarget.value)} error={bad} maxLength={200} classNames={{ input: 'mono' }} />;
          })}
        </Group>
        <p className="muted">{word(t.fixes.lead, offer.kind)}</p>
        <TextInput label={t.operate.reason} description={t.operate.reasonHint} value={reason} onChange={(e) => { setReason(e.currentTarget.value); again(); }} error={tried && !reason.trim() ? t.operate.need : undefined} maxLength={2000} required />
        {shown && <><Reach of={shown.radius} /><Items of={shown} /></>}
        {shown?.radius.typed && shown.radius.cases > 0 && <NumberInput label={t.fixes.typed(shown.radius.cases)} value={typed} onChange={type} min={0} allowDecimal={false} hideControls w={260} />}
        <div className="buttons">
          {shown && <Button variant="default" onClick={again}>{t.operate.back}</Button>}
          {!shown ? <Button type="submit" loading={busy}>{t.operate.preview}</Button> : <Button type="submit" loading={busy} disabled={!shown.radius.cases || (shown.radius.typed && Number(typed) !== shown.radius.cases)}>{t.fixes.go(shown.radius.cases)}</Button>}
        </div>
      </form>
    </Panel>
  );
}

function Texts({ of, title, bad }: { of: Counted[]; title: string; bad?: boolean }) {
  if (of.length === 0) return null;
  return <div role={bad ? 'alert' : undefined}><h3 className="small">{title}</h3><ul className="toast-list">{of.map((e) => <li key={e.what}><span className="num">{num(e.cases)}</span> × {e.what}</li>)}</ul></div>;
}

/** How far it would reach, before anything is done. */
export function Reach({ of: r }: { of: Radius }) {
  const counts = Object.entries(r.outcomes).map(([k, n]) => `${num(n)} ${word(t.fixes.outcomes, k)}`).join(', ');
  return (
    <div className="stack" role="status" aria-label={t.fixes.reach}>
      <p><strong>{counts}</strong></p>
      <Facts of={[[t.cases.money, Object.entries(r.money).map(([c, a]) => money(a, c)).join(', ') || '–'], [t.fixes.customers, `${num(r.customers)}${r.customers_named.length ? `: ${r.customers_named.join(', ')}` : ''}`], [t.fixes.orders, num(r.orders)]]} />
      <Texts of={r.effects.filter((e) => e.lasting)} title={t.fixes.lasting} />
      <Texts of={r.effects.filter((e) => !e.lasting)} title={t.fixes.effects} />
      <Texts of={r.blocked} title={t.fixes.blocked} bad />
      <Texts of={r.failing} title={t.fixes.failing} bad />
      {r.rule && <WouldChange of={r.rule} />}
      {r.approval && <p className="note">{t.fixes.second(word(t.roles, r.approval), r.why_approval)}</p>}
    </div>
  );
}

export function Items({ of: f }: { of: Fix }) {
  const running = RUNNING.includes(f.status);
  const { data } = useQuery({ ...q.fixCases(f.id), refetchInterval: running ? 1500 : false });
  const stage = f.status === 'previewed';
  if (!data) return <Rows n={4} />;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t.fixes.each} style={{ maxHeight: '40vh', flex: 'none' }}>
      <table className="tbl" aria-label={t.fixes.each}>
        <thead><tr>{[t.cases.number, t.cases.what, stage ? t.fixes.would : t.fixes.became, t.fixes.how].map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
        <tbody>{data.map((i: FixItem) => <tr key={i.case}><td><Link className="mono quiet" to="/exceptions/$id" params={{ id: i.case }}>{i.number}</Link></td><td className="grow"><div className="cut" style={{ minWidth: 150 }}>{i.title}</div></td><td><Pill of={TONES[stage ? i.outcome : i.status] ?? i.status} label={stage ? word(t.fixes.outcomes, i.outcome) : word(t.fixes.items, i.status)} /></td><td style={{ whiteSpace: 'normal', minWidth: 300 }}>{i.detail}</td></tr>)}</tbody>
      </table>
    </div>
  );
}

export function Progressing({ of }: { of: Fix }) {
  const qc = useQueryClient(), may = useCanWork();
  const { data } = useQuery({ ...q.fix(of.id), refetchInterval: (x) => (x.state.data && !RUNNING.includes(x.state.data.status) ? false : 800) });
  const [why, setWhy] = useState(''), [busy, setBusy] = useState(false), [callBack, setCallBack] = useState(true);
  const f = data ?? of, n = (k: string) => f.counts[k] ?? 0;
  const all = f.radius.cases, back = f.status === 'undoing' || f.status === 'undone';
  const over = back ? n('undone') + n('called-back') + n('stands') : n('done') + n('failed') + n('skipped');
  const run = async (g: () => Promise<Fix>) => { setBusy(true); try { await g(); stale(qc); } catch (e) { failed(t.fixes.failed, e); } setBusy(false); };
  return (
    <div className="stack">
      <Progress value={all ? (over / all) * 100 : 100} aria-label={t.operate.progress} color={back ? 'orange' : undefined} />
      <p role="status"><strong>{word(t.fixes.status, f.status)}</strong>: {Object.entries(f.counts).filter(([, k]) => k > 0).map(([k, m]) => `${num(m)} ${word(t.fixes.items, k)}`).join(', ')}</p>
      {f.detail && <p className="note">{f.detail}</p>}
      {f.status === 'asked' && f.approval && <p className="note">{t.fixes.waits(f.radius.why_approval)} <Link to="/approvals">{t.nav.approvals}</Link></p>}
      <Reach of={f.radius} />
      <Items of={f} />
      {may && (
        <div className="buttons">
          {['asked', 'running'].includes(f.status) && <Button variant="default" loading={busy} onClick={() => void run(() => act.cancelFix(f.id))}>{t.operate.stop}</Button>}
          {f.status === 'stopped' && <Button variant="default" loading={busy} onClick={() => void run(() => act.startFix(f.id, f.token, f.radius.cases))}>{t.fixes.goOn}</Button>}
          {['done', 'stopped'].includes(f.status) && n('done') > 0 && <><TextInput aria-label={t.fixes.whyBack} placeholder={t.fixes.whyBack} value={why} onChange={(e) => setWhy(e.currentTarget.value)} w={260} /><Button variant="default" color="red" loading={busy} disabled={!why.trim()} onClick={() => void run(() => act.undoFix(f.id, why.trim(), callBack))}>{t.fixes.back}</Button></>}
        </div>
      )}
      {may && ['done', 'stopped'].includes(f.status) && n('done') > 0 && <UndoShown of={f} callBack={callBack} setCallBack={setCallBack} />}
    </div>
  );
}

/** What taking it back would do to each, before it is done. */
function UndoShown({ of: f, callBack, setCallBack }: { of: Fix; callBack: boolean; setCallBack: (v: boolean) => void }) {
  const [open, setOpen] = useState(false);
  const { data } = useQuery({ ...q.undoOf(f.id, callBack), enabled: open, staleTime: 0 });
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{t.undoing.show}</summary>
      <div className="stack">
        <Checkbox size="md" checked={callBack} onChange={(e) => setCallBack(e.currentTarget.checked)} label={t.undoing.callBack} />
        {!data ? <Rows n={2} /> : <>
          <p role="status">{Object.entries(data.counts).map(([k, m]) => `${num(m)} ${word(t.undoing.becomes, k)}`).join(', ') || t.undoing.none}</p>
          <ul className="list" aria-label={t.undoing.title}>{data.items.slice(0, 100).map((i) => <li key={i.case}><span className="mono">{i.number}</span> <Pill of={i.becomes === 'stands' ? 'failed' : 'done'} label={word(t.undoing.becomes, i.becomes)} /> <span className="muted">{i.text}</span></li>)}</ul>
        </>}
      </div>
    </details>
  );
}
