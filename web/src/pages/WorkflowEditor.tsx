/* A workflow in the making: its text beside its graph, linted in place by the server, played on scenarios with faked calls,
   compared with what is published, saved as one writes. Nothing runs by it until it is published under a new number. */
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Button, NativeSelect, Tabs, Textarea, useComputedColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import { q } from '../api/queries';
import type { LookedAt, NodeKind, PlayedRun, TextDifference, WorkflowDraft } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { dateTime, span } from '../lib/format';
import { done, failed } from '../lib/notify';
import { completer } from '../lib/schemacomplete';
import { useCanOperate, useCanRepair, useSession } from '../lib/session';
import { Empty, Failed, Hints, Panel, Pill, Rows, When } from '../components/Bits';
import { Modal } from '../components/Dialog';
import { Findings } from '../components/Findings';
import { JsonView } from '../components/JsonView';
import { PageHead } from '../components/PageHead';
import { JsonField } from '../components/TableSide';

const YamlEditor = lazy(() => import('../components/YamlEditor'));
const FlowGraph = lazy(() => import('../components/FlowGraph'));
const CHECK_MS = 450, SAVE_MS = 2500, CLOSED = new Set(['start', 'done', 'failed']);

export function WorkflowEditor() {
  const { name = '' } = useParams({ strict: false });
  const [f] = useFilters();
  const { data, error, refetch } = useQuery(q.draft(f.namespace ?? '', name));
  const head = <PageHead title={t.drafting.title(name)} crumbs={[{ label: t.definitions.title, to: '/definitions' }]} />;
  if (!data) return <div className="page">{head}<div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={12} />}</div></div>;
  return <div className="page mapedit">{head}<Editor key={`${data.namespace}/${data.name}`} draft={data} /></div>;
}

function Editor({ draft }: { draft: WorkflowDraft }) {
  const qc = useQueryClient(), go = useNavigate(), who = useSession().user, may = useCanOperate(), mayPublish = useCanRepair(), dark = useComputedColorScheme('light') === 'dark';
  const ns = draft.namespace, name = draft.name;
  const [source, setSource] = useState(draft.source), [scenarios, setScenarios] = useState(draft.scenarios), [kept, setKept] = useState(draft);
  const [saving, setSaving] = useState(false), [stale, setStale] = useState(false), [asking, ask] = useState(false);
  const [looked, setLooked] = useState<LookedAt | null>(null), [checking, setChecking] = useState(false), [line, setLine] = useState(1), [look, setLook] = useState<{ line: number; nonce: number } | null>(null);
  const [played, setPlayed] = useState<PlayedRun | null>(null);
  const [settled] = useDebouncedValue(useMemo(() => ({ source, scenarios }), [source, scenarios]), CHECK_MS), [quiet] = useDebouncedValue(settled, SAVE_MS - CHECK_MS);
  const { data: schema } = useQuery(q.workflowSchema());
  const complete = useMemo(() => (schema ? completer(schema) : undefined), [schema]);
  const changed = source !== kept.source || scenarios !== kept.scenarios, turn = useRef(0);

  useEffect(() => {
    const mine = ++turn.current;
    setChecking(true);
    void act.checkDraft(settled.source, settled.scenarios).then((x) => { if (mine === turn.current) { setLooked(x); setChecking(false); } }, (e: unknown) => { if (mine === turn.current) { setChecking(false); failed(t.drafting.checkFailed, e); } });
  }, [settled]);

  const save = useCallback(async () => {
    setSaving(true);
    try {
      const d = await act.saveDraft(ns, name, { source, scenarios, revision: kept.revision, base: kept.base });
      qc.setQueryData(q.draft(ns, name).queryKey, d);
      setKept({ ...d, source, scenarios });
    } catch (e) { if (e instanceof ApiError && e.status === 409) setStale(true); failed(t.drafting.saveFailed, e); }
    setSaving(false);
  }, [ns, name, source, scenarios, kept, qc]);
  const saver = useRef<(() => Promise<void>) | null>(null);
  saver.current = may && changed && !saving && !stale ? save : null;
  // saved when the writing pauses; at once with Ctrl S
  useEffect(() => { void saver.current?.(); }, [quiet]);
  useEffect(() => {
    const press = (e: KeyboardEvent) => { if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 's') { e.preventDefault(); void saver.current?.(); } };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
  const take = (d: WorkflowDraft) => { qc.setQueryData(q.draft(ns, name).queryKey, d); void qc.invalidateQueries({ queryKey: ['/definitions'] }); setKept(d); setSource(d.source); setScenarios(d.scenarios); setStale(false); };
  const reload = async () => { try { take(await qc.fetchQuery({ ...q.draft(ns, name), staleTime: 0 })); } catch (e) { failed(t.fail.load, e); } };
  const discard = async () => { try { await act.discardDraft(ns, name); done(t.drafting.discarded); await reload(); } catch (e) { failed(t.drafting.discardFailed, e); } };
  const back = async () => { try { const d = await act.takeBackDraft(ns, name); take(d); done(t.drafting.tookBack(d.versions[0]?.version ?? '')); } catch (e) { failed(t.drafting.backFailed, e); } };

  const stages = looked?.nodes ?? [];
  // the stage whose lines hold the cursor, the innermost; while a run is shown, those it went through
  const current = stages.filter((s) => s.line !== null && line >= s.line && line <= (s.last_line ?? 0)).sort((a, b) => (b.line ?? 0) - (a.line ?? 0))[0]?.id;
  const nodes = stages.map((s) => ({ id: s.id, label: s.label, kind: s.kind === 'switch' ? 'decision' : CLOSED.has(s.id) ? (s.id === 'start' ? 'event' : 'end') : (s.kind as NodeKind), here: played ? played.stages.includes(s.id) : s.id === current }));
  const errors = looked?.remarks.filter((r) => r.severity === 'error').length ?? 0;
  const hot = stages.find((s) => s.id === current)?.label;
  return (
    <>
      <div className="bar">
        <span className="muted small" role="status">{saving ? t.drafting.saving : changed ? t.drafting.unsaved : kept.revision ? t.drafting.saved(kept.saved_by, dateTime(kept.saved_at)) : t.drafting.fresh(kept.base)}</span>
        <span className="pill" role="status" data-tone={errors ? 'bad' : 'ok'}>{checking || !looked ? t.drafting.checking : errors ? t.drafting.errors(errors) : looked.remarks.length ? t.drafting.warnings(looked.remarks.length) : t.drafting.ok}</span>
        <div className="bar end">
          {stale && <Button variant="default" onClick={() => void reload()}>{t.drafting.reload}</Button>}
          {may && kept.revision > 0 && <Button variant="subtle" onClick={() => void discard()}>{t.drafting.discard}</Button>}
          {may && <Button variant="default" disabled={!changed || stale} loading={saving} onClick={() => void save()}>{t.drafting.save}</Button>}
          {mayPublish && <Button disabled={changed || !kept.revision || errors > 0} title={changed ? t.drafting.saveFirst : undefined} onClick={() => ask(true)}>{t.drafting.publish}</Button>}
        </div>
      </div>
      {stale && <p className="note bad" role="alert">{t.drafting.stale}</p>}
      <div className="editgrid">
        <Tabs defaultValue="yaml" className="tabs" keepMounted={false}>
          <Tabs.List aria-label={t.drafting.yaml}><Tabs.Tab value="yaml">{t.drafting.yaml}</Tabs.Tab><Tabs.Tab value="scenarios">{t.drafting.scenarios} <span className="muted num">{looked?.scenarios.length ?? ''}</span></Tabs.Tab></Tabs.List>
          <Tabs.Panel value="yaml"><Panel title={t.drafting.yaml} className="edit-panel" right={hot && <span className="muted small">{hot}</span>}>
            <Suspense fallback={<Rows n={10} />}><YamlEditor value={source} onChange={setSource} remarks={looked?.remarks ?? []} label={t.drafting.yaml} readOnly={!may} look={look} onLine={setLine} complete={complete} /></Suspense>
            {looked && looked.remarks.length > 0 && <ul className="remarks" aria-label={t.drafting.remarks}>{looked.remarks.map((r, n) => <li key={n}><button type="button" onClick={() => setLook({ line: r.line, nonce: Date.now() })}>{t.drafting.at(r.line, r.column)}</button> {t.drafting.say(r.expected, r.found)} <span className="fix">{r.fix}</span></li>)}</ul>}
            {may && <Hints of={t.drafting.hints} />}
          </Panel></Tabs.Panel>
          <Tabs.Panel value="scenarios"><Panel title={t.drafting.scenarios} className="edit-panel">
            <Suspense fallback={<Rows n={10} />}><YamlEditor value={scenarios} onChange={setScenarios} remarks={[]} label={t.drafting.scenarios} readOnly={!may} /></Suspense>
            {looked && looked.findings.length > 0 && <Findings of={looked.findings} brief />}
          </Panel></Tabs.Panel>
        </Tabs>
        <div className="stack">
          <section className="panel" aria-label={t.drafting.graph}><header><h2>{t.drafting.graph}</h2></header>
            {nodes.length === 0 ? <p className="muted pad">{t.drafting.noGraph}</p> : <div className="flowbox big"><Suspense fallback={<Rows n={4} />}><FlowGraph nodes={nodes} edges={looked?.edges ?? []} dark={dark} label={t.drafting.graph} onNode={(n) => { const s = stages.find((x) => x.id === n); if (s?.line) { setPlayed(null); setLook({ line: s.line, nonce: Date.now() }); } }} /></Suspense></div>}
          </section>
          <Tabs defaultValue="run" className="tabs" keepMounted={false}>
            <Tabs.List aria-label={name}><Tabs.Tab value="run">{t.drafting.run}</Tabs.Tab><Tabs.Tab value="diff">{t.drafting.diff}</Tabs.Tab><Tabs.Tab value="history">{t.drafting.history}</Tabs.Tab></Tabs.List>
            <Tabs.Panel value="run"><Run source={source} scenarios={scenarios} looked={looked} played={played} show={setPlayed} may={may} /></Tabs.Panel>
            <Tabs.Panel value="diff"><Changes ns={ns} name={name} source={settled.source} /></Tabs.Panel>
            <Tabs.Panel value="history"><Versions of={kept} mayPublish={mayPublish} takeBack={() => void back()} /></Tabs.Panel>
          </Tabs>
        </div>
      </div>
      {asking && <PublishDialog draft={kept} who={who} close={() => ask(false)} published={(d) => { take(d); done(t.drafting.publishedAs(d.versions[0]?.version ?? '')); void go({ to: '.', search: (s: Record<string, string | undefined>) => s, replace: true }); }} />}
    </>
  );
}

function Run({ source, scenarios, looked, played, show, may }: { source: string; scenarios: string; looked: LookedAt | null; played: PlayedRun | null; show: (p: PlayedRun | null) => void; may: boolean }) {
  const names = looked?.scenarios ?? [];
  const [picked, pick] = useState<string | null>(null), [input, setInput] = useState<unknown>({}), [busy, setBusy] = useState(false);
  const chosen = picked ?? names[0] ?? '';
  const go = async () => { setBusy(true); try { show(await act.runDraft({ source, scenarios, ...(chosen ? { scenario: chosen } : { input }) })); } catch (e) { show(null); failed(t.drafting.playFailed, e); } setBusy(false); };
  return (
    <Panel title={t.drafting.run}>
      <form className="stack body" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <NativeSelect label={t.drafting.scenario} value={chosen} onChange={(e) => pick(e.currentTarget.value)} data={[...names.map((n) => ({ value: n, label: n })), { value: '', label: t.drafting.adHoc }]} />
        {!chosen && <JsonField label={t.drafting.input} value={input} change={setInput} rows={4} />}
        {names.length === 0 && <p className="muted small">{t.drafting.never}</p>}
        <div className="buttons"><Button type="submit" loading={busy} disabled={!may || !looked?.ok} title={looked?.ok ? undefined : t.drafting.mendFirst}>{t.drafting.play}</Button></div>
      </form>
      {played && <div className="stack body" role="status">
        <p className={played.differences.length ? 'note bad' : 'note ok'}><strong>{played.differences.length ? t.drafting.notExpected : t.drafting.expected}</strong> <Pill of={played.status} label={word(t.drafting.status, played.status)} /> <span className="muted">{t.drafting.took(span(played.took * 1000))}</span></p>
        {played.differences.length > 0 && <ul className="plain small bad">{played.differences.map((d) => <li key={d} className="pre">{d}</li>)}</ul>}
        <section aria-label={t.drafting.path}><h3>{t.drafting.path}</h3><ul className="list">{played.tasks.map((x, n) => <li key={n}><details><summary className="a"><span className="mono cut" title={x.pointer}>{x.task}</span><span className="muted small">{word(t.drafting.kinds, x.kind)}</span><span className="muted small num">{span(x.began_after * 1000)}{x.ended_after !== null && x.ended_after > x.began_after ? ` → ${span(x.ended_after * 1000)}` : ''}</span></summary>{x.detail && <p className="small bad">{x.detail}</p>}<div className="two"><section className="box" tabIndex={0} role="group" aria-label={t.drafting.before}><h4>{t.drafting.before}</h4><JsonView of={x.input} depth={1} /></section><section className="box" tabIndex={0} role="group" aria-label={t.drafting.after}><h4>{t.drafting.after}</h4><JsonView of={x.output} depth={1} /></section></div></details></li>)}</ul>{!played.complete && <p className="muted small">{t.drafting.notAll}</p>}</section>
        {played.calls.length > 0 && <section aria-label={t.drafting.calls}><h3>{t.drafting.calls}</h3><ul className="list">{played.calls.map((c, n) => <li key={n}><details><summary className="a"><span className="mono">{c.function}</span><span className="muted small num">{span(c.after * 1000)}</span></summary><JsonView of={c.arguments} depth={1} /></details></li>)}</ul></section>}
      </div>}
    </Panel>
  );
}

function Changes({ ns, name, source }: { ns: string; name: string; source: string }) {
  const [of, setOf] = useState<TextDifference | null>(null);
  useEffect(() => { let on = true; void act.diffDraft(ns, name, source).then((d) => { if (on) setOf(d); }, (e: unknown) => { if (on) failed(t.drafting.diffFailed, e); }); return () => { on = false; }; }, [ns, name, source]);
  if (!of) return <div className="panel"><Rows n={4} /></div>;
  return <Panel title={t.drafting.against(of.against)}>{of.lines.length === 0 ? <Empty title={t.drafting.same} /> : <div className="difflines" tabIndex={0} role="region" aria-label={t.list.scroll(t.drafting.against(of.against))}>{of.lines.map((l, n) => <div key={n} data-kind={l.kind}><span className="num" aria-hidden>{l.before ?? ''}</span><span className="num" aria-hidden>{l.after ?? ''}</span><code>{l.kind === 'skip' ? '⋯' : <>{l.kind !== 'same' && <span className="sr">{l.kind === 'gone' ? t.drafting.gone : t.drafting.added} </span>}{l.text || ' '}</>}</code></div>)}</div>}</Panel>;
}

function Versions({ of, mayPublish, takeBack }: { of: WorkflowDraft; mayPublish: boolean; takeBack: () => void }) {
  return (
    <Panel title={t.drafting.history}>
      <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.drafting.history)}><table className="tbl plain" aria-label={t.drafting.history}><thead><tr><th scope="col">{t.drafting.version}</th><th scope="col" className="r">{t.drafting.running}</th><th scope="col">{t.drafting.published}</th><th scope="col">{t.drafting.note}</th></tr></thead><tbody>{of.versions.map((v, n) => { const h = of.history.find((x) => x.version === v.version); return <tr key={v.version}><td className="mono">{v.version}{n === 0 && <span className="muted small"> {t.drafting.inForce}</span>}</td><td className="r num">{v.running}</td><td><When at={v.published_at} /> {h?.activated_by}</td><td>{h?.note} {n === 0 && mayPublish && of.versions.length > 1 && <Button size="compact-xs" variant="default" onClick={takeBack}>{t.drafting.takeBack}</Button>}</td></tr>; })}</tbody></table></div>
      <p className="muted small pad">{t.drafting.migrate}</p>
    </Panel>
  );
}

function PublishDialog({ draft, who, close, published }: { draft: WorkflowDraft; who: string; close: () => void; published: (d: WorkflowDraft) => void }) {
  const [note, setNote] = useState(''), [busy, setBusy] = useState(false);
  const eyes = draft.four_eyes && draft.authors.includes(who), newest = draft.versions[0];
  const go = async () => { setBusy(true); try { const d = await act.publishDraft(draft.namespace, draft.name, draft.revision, note.trim()); close(); published(d); } catch (e) { failed(t.drafting.publishFailed, e); setBusy(false); } };
  return (
    <Modal opened onClose={close} size="lg" title={t.drafting.publishTitle(draft.name)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <p className="muted">{t.drafting.publishBody}</p>
        {newest && <p>{t.drafting.runningOn(newest.running, newest.version)}</p>}
        {eyes && <p className="note bad">{t.drafting.eyes(draft.four_eyes, draft.authors.join(', '))}</p>}
        <Textarea label={t.drafting.publishNote} value={note} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} data-autofocus />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy} disabled={!!eyes}>{t.drafting.publish}</Button></div>
      </form>
    </Modal>
  );
}
