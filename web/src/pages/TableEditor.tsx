/* One decision table: the grid, and beside it its test cases, the trace of an input, what it would change, its history. Each
   change is checked by the server's own compiler and the cases are run; nothing decides by it until it is published. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Button, Checkbox, Menu, NativeSelect, Tabs, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowBackUp, IconArrowForwardUp, IconDots, IconPlus } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { TableCheck, TableComparison, TableDetail, TableRemark, TableTrace, TableVersion } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { dateTime } from '../lib/format';
import * as jdm from '../lib/jdm';
import type { Column, Jdm, JdmNode, TestCase } from '../lib/jdm';
import { done, failed } from '../lib/notify';
import { useCanOperate, useCanRepair, useSession } from '../lib/session';
import { Empty, Failed, Hints, Panel, Pill, Rows } from '../components/Bits';
import { Modal } from '../components/Dialog';
import { Findings } from '../components/Findings';
import { PageHead } from '../components/PageHead';
import { TableGrid, type Place } from '../components/TableGrid';
import { CompareTables, TableHistory, Tests, Trace, Wouldhave } from '../components/TableSide';

const PAUSE_MS = 350, MOST_UNDO = 200;

export function TableEditor() {
  const { name = '' } = useParams({ strict: false });
  const [f, set] = useFilters();
  const { data: detail, error, refetch } = useQuery(q.table(name));
  const newest = detail && (detail.versions.find((v) => v.status === 'draft')?.version ?? detail.in_force ?? detail.versions.find((v) => v.status !== 'discarded')?.version ?? 0);
  const chosen = f.version !== undefined ? Number(f.version) : newest;
  const { data: version, error: missing } = useQuery({ ...q.tableVersion(name, chosen ?? 0), enabled: chosen !== undefined });
  const head = <PageHead title={name} crumbs={[{ label: t.tables.title, to: '/decision-tables' }]} after={version && <Pill of={version.version === 0 ? 'library' : version.status} label={word(t.tables.states, version.version === 0 ? 'library' : version.status)} />} />;
  const bad = error ?? missing;
  if (!detail || !version) return <div className="page">{head}<div className="panel">{bad ? <Failed error={bad} retry={() => void refetch()} /> : <Rows n={12} />}</div></div>;
  return <div className="page mapedit">{head}<Editor key={`${name}/${version.version}`} detail={detail} version={version} order={f.order} pick={(v) => set({ version: v === undefined ? undefined : String(v) })} /></div>;
}

interface Text { doc: Jdm; tests: TestCase[] }

function Editor({ detail, version, pick, order }: { detail: TableDetail; version: TableVersion; pick: (v: number | undefined) => void; order: string | undefined }) {
  const qc = useQueryClient(), who = useSession().user, mayEdit = useCanOperate() && detail.editable, mayPublish = useCanRepair() && detail.editable;
  const start = useMemo<Text>(() => ({ doc: version.document as unknown as Jdm, tests: (version.tests ?? []) as unknown as TestCase[] }), [version]);
  const [text, setText] = useState(start), [past, setPast] = useState<Text[]>([]), [future, setFuture] = useState<Text[]>([]);
  const [kept, setKept] = useState(start), [revision, setRevision] = useState(version.status === 'draft' ? version.revision : detail.versions.find((v) => v.status === 'draft')?.revision ?? 0);
  const [at, setAt] = useState<Place>({ row: 0, col: 0 }), [end, setEnd] = useState<Place>({ row: 0, col: 0 });
  const [check, setCheck] = useState<TableCheck | null>(null), [busy, setBusy] = useState(false);
  const [trace, setTrace] = useState<TableTrace | null>(null), [traced, setTraced] = useState<unknown>(undefined), [tracing, setTracing] = useState(false);
  const [asking, ask] = useState<'publish' | 'discard' | null>(null), [column, edit] = useState<Column | 'in' | 'out' | null>(null), [saving, setSaving] = useState(false);
  const [settled] = useDebouncedValue(text, PAUSE_MS);
  const turn = useRef(0), bar = useRef<HTMLDivElement>(null);
  const changed = text !== kept, readOnly = !mayEdit;
  const node = jdm.grid(text.doc), columns = useMemo(() => (node ? jdm.columnsOf(node, t.tables.note, t.tables.ident) : []), [node]);

  useEffect(() => {
    const mine = ++turn.current;
    setBusy(true);
    void act.checkTable(detail.name, settled.doc, settled.tests).then((c) => { if (mine === turn.current) { setCheck(c); setBusy(false); } }, (e: unknown) => { if (mine === turn.current) { setBusy(false); failed(t.tables.checkFailed, e); } });
  }, [settled, detail.name]);
  const runTrace = useCallback(async (input: unknown, quiet = false) => {
    setTraced(input); setTracing(true);
    try { setTrace(await act.traceTable(detail.name, text.doc, input)); } catch (e) { setTrace(null); if (!quiet) failed(t.tables.traceFailed, e); }
    setTracing(false);
  }, [detail.name, text.doc]);
  const again = useRef(runTrace);
  again.current = runTrace;
  // what is traced stays traced while the table changes, also when it was wrong in between
  useEffect(() => { if (traced !== undefined) void again.current(traced, true); }, [settled.doc]);

  const change = useCallback((next: Partial<Text>) => setText((now) => {
    const made = { ...now, ...next };
    if (made.doc === now.doc && made.tests === now.tests) return now;
    setPast((p) => [...p.slice(-MOST_UNDO), now]); setFuture([]);
    return made;
  }), []);
  const undo = () => { const last = past[past.length - 1]; if (last) { setPast(past.slice(0, -1)); setFuture([text, ...future]); setText(last); } };
  const redo = () => { const [next, ...rest] = future; if (next) { setFuture(rest); setPast([...past, text]); setText(next); } };
  const select = (a: Place, b: Place) => { setAt(b === a ? a : a.row === at.row && a.col === at.col ? at : a); setEnd(b); };
  const refresh = () => qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/decision-tables') });

  const save = async () => {
    setSaving(true);
    try {
      const v = await act.saveTable(detail.name, { document: text.doc, tests: text.tests, revision, base: version.version === 0 ? 'library' : `own-${version.version}` });
      setKept(text); setRevision(v.revision); done(t.tables.saved(v.version));
      await refresh();
      if (v.version !== version.version) pick(v.version);
    } catch (e) { failed(t.tables.saveFailed, e); }
    setSaving(false);
  };
  const mayGo = mayEdit && changed && !saving, go = useRef<(() => void) | null>(null);
  go.current = mayGo ? () => void save() : null;
  useEffect(() => {
    const press = (e: globalThis.KeyboardEvent) => { if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 's') { e.preventDefault(); go.current?.(); } };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
  const discard = async () => { try { await act.discardTable(detail.name, version.version); done(t.tables.discarded); await refresh(); pick(undefined); } catch (e) { failed(t.tables.discardFailed, e); } };
  const back = async () => { try { const d = await act.undoTable(detail.name); done(t.tables.tookBack(d.in_force ?? 0)); await refresh(); } catch (e) { failed(t.tables.backFailed, e); } };
  const download = () => {
    const a = document.createElement('a');
    a.href = URL.createObjectURL(new Blob([JSON.stringify({ name: detail.name, version: version.version, document: text.doc, tests: text.tests }, null, 2)], { type: 'application/json' }));
    a.download = `${detail.name}.json`; a.click(); URL.revokeObjectURL(a.href);
  };
  const upload = async (file: File | undefined) => {
    if (!file) return;
    try {
      const given = JSON.parse(await file.text()) as { document?: Jdm; tests?: TestCase[]; nodes?: unknown };
      const doc = given.document ?? (Array.isArray(given.nodes) ? (given as unknown as Jdm) : null);
      if (!doc || !Array.isArray(doc.nodes)) throw new Error(t.tables.importExpected);
      change({ doc, ...(Array.isArray(given.tests) ? { tests: given.tests } : {}) });
      done(t.tables.imported(file.name));
    } catch (e) { failed(t.tables.importFailed, e); }
  };

  if (!node) return <div className="panel"><Empty title={t.tables.empty} /></div>;
  const rules = jdm.rulesOf(node), lo = Math.min(at.row, end.row), hi = Math.max(at.row, end.row), doc = (d: Jdm) => change({ doc: d });
  const remarks = (check?.remarks ?? []).filter((r) => r.node === node.id || !r.node), count = (s: string) => (check?.remarks ?? []).filter((r) => r.severity === s).length;
  const failing = check?.tests.filter((x) => x.differences.length > 0).length ?? 0, errors = count('error');
  const goTo = (r: TableRemark) => { const row = rules.findIndex((x) => x._id === r.row), col = columns.findIndex((c) => c.id === r.column); if (row >= 0) { const to = { row, col: Math.max(0, col) }; setAt(to); setEnd(to); requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-cell="${to.row}:${to.col}"]`)?.focus()); } };
  const file = (
    <Menu position="bottom-end"><Menu.Target><Button variant="default" rightSection={<IconDots size={14} aria-hidden />}>{t.tables.file}</Button></Menu.Target><Menu.Dropdown>
      <Menu.Item onClick={download}>{t.tables.export}</Menu.Item>
      {!readOnly && <Menu.Item onClick={() => document.getElementById('table-import')?.click()}>{t.tables.import}</Menu.Item>}
      {!readOnly && version.status === 'draft' && <Menu.Item onClick={() => void discard()}>{t.tables.discard}</Menu.Item>}
    </Menu.Dropdown></Menu>
  );
  return (
    <>
      <div className="bar" ref={bar}>
        <NativeSelect size="xs" aria-label={t.tables.versions} value={String(version.version)} onChange={(e) => pick(Number(e.currentTarget.value))} data={detail.versions.filter((v) => v.status !== 'discarded').map((v) => ({ value: String(v.version), label: v.version === 0 ? t.tables.version(0) : `${t.tables.version(v.version)}, ${word(t.tables.states, v.status)}` }))} />
        <span className="muted small">{detail.editable ? t.tables.force(detail.in_force) : t.tables.fixed}</span>
        {version.saved_at && <span className="muted small">{t.tables.changedBy(version.saved_by, dateTime(version.saved_at))}</span>}
        <span className="pill" role="status" data-tone={errors ? 'bad' : 'ok'}>{busy || !check ? t.tables.checking : errors ? t.tables.errors(errors) : changed ? t.tables.goodChanged : t.tables.good}</span>
        {check && check.tests.length > 0 && <span className="pill" role="status" data-tone={failing ? 'bad' : 'ok'}>{t.tables.failing(failing, check.tests.length)}</span>}
        <div className="bar end">
          {file}<input id="table-import" type="file" accept="application/json,.json" hidden aria-label={t.tables.import} onChange={(e) => { void upload(e.currentTarget.files?.[0]); e.currentTarget.value = ''; }} />
          {mayEdit && <Button variant="default" disabled={!changed} loading={saving} onClick={() => void save()}>{t.tables.save}</Button>}
          {mayPublish && <Button disabled={changed || version.version === detail.in_force} title={changed ? t.tables.saveFirst : undefined} onClick={() => ask('publish')}>{t.tables.publish}</Button>}
        </div>
      </div>
      <div className="editgrid tableedit">
        <div className="stack">
          <Panel title={t.tables.grid} right={!readOnly && <div className="bar"><NativeSelect size="xs" aria-label={t.tables.policy} value={node.content.hitPolicy} onChange={(e) => doc(jdm.setPolicy(text.doc, node, e.currentTarget.value))} data={['first', 'collect'].map((v) => ({ value: v, label: t.tables.policies[v]! }))} />
            <Button size="compact-sm" variant="default" aria-label={t.tables.undo} title={t.tables.undo} disabled={!past.length} onClick={undo}><IconArrowBackUp size={15} aria-hidden /></Button><Button size="compact-sm" variant="default" aria-label={t.tables.redo} title={t.tables.redo} disabled={!future.length} onClick={redo}><IconArrowForwardUp size={15} aria-hidden /></Button>
            <Button size="compact-sm" variant="default" leftSection={<IconPlus size={13} aria-hidden />} onClick={() => doc(jdm.addRow(text.doc, node, Math.min(rules.length, hi + 1)))}>{t.tables.addRow}</Button>
            <Menu position="bottom-end"><Menu.Target><Button size="compact-sm" variant="default" rightSection={<IconDots size={13} aria-hidden />}>{t.tables.rowTools}</Button></Menu.Target><Menu.Dropdown>
              <Menu.Label>{t.tables.row(lo + 1)}</Menu.Label>
              <Menu.Item onClick={() => doc(jdm.addRow(text.doc, node, lo))}>{t.tables.above}</Menu.Item><Menu.Item onClick={() => doc(jdm.addRow(text.doc, node, hi + 1))}>{t.tables.below}</Menu.Item><Menu.Item disabled={!rules[lo]} onClick={() => doc(jdm.addRow(text.doc, node, lo + 1, rules[lo]))}>{t.tables.duplicate}</Menu.Item>
              <Menu.Item disabled={lo === 0} onClick={() => { doc(jdm.moveRow(text.doc, node, lo, lo - 1)); const to = { ...at, row: lo - 1 }; setAt(to); setEnd(to); }}>{t.tables.up}</Menu.Item><Menu.Item disabled={lo >= rules.length - 1} onClick={() => { doc(jdm.moveRow(text.doc, node, lo, lo + 1)); const to = { ...at, row: lo + 1 }; setAt(to); setEnd(to); }}>{t.tables.down}</Menu.Item>
              <Menu.Item disabled={!rules.length} onClick={() => { doc(jdm.removeRows(text.doc, node, lo, hi)); const to = { row: Math.max(0, lo - 1), col: at.col }; setAt(to); setEnd(to); }}>{t.tables.remove}</Menu.Item>
            </Menu.Dropdown></Menu>
            <Menu position="bottom-end"><Menu.Target><Button size="compact-sm" variant="default" rightSection={<IconDots size={13} aria-hidden />}>{t.tables.columnTools}</Button></Menu.Target><Menu.Dropdown><Menu.Item onClick={() => edit('in')}>{t.tables.addInput}</Menu.Item><Menu.Item onClick={() => edit('out')}>{t.tables.addOutput}</Menu.Item></Menu.Dropdown></Menu></div>}>
            <TableGrid node={node} columns={columns} remarks={remarks} seen={trace?.tables.find((s) => s.node === node.id)} readOnly={readOnly} at={at} end={end} onSelect={select} onUndo={undo} onRedo={redo} onColumn={edit} onLeave={() => bar.current?.querySelector<HTMLElement>('button:not([disabled])')?.focus()}
              onWrite={(r, c, block) => doc(jdm.write(text.doc, node, columns, r, c, block))} onClear={(a, b) => doc(jdm.write(text.doc, node, columns, a.row, a.col, Array.from({ length: b.row - a.row + 1 }, (_, i) => Array.from({ length: b.col - a.col + 1 }, (_, k) => (columns[a.col + k]?.kind === 'id' ? rules[a.row + i]?._id ?? '' : '')))))} />
            {!readOnly && <Hints of={t.tables.keys} />}
          </Panel>
          <Expressions doc={text.doc} readOnly={readOnly} change={doc} remarks={check?.remarks ?? []} />
          <Panel title={t.tables.remarks} count={check?.remarks.length}>
            {!check ? <Rows n={2} /> : check.remarks.length === 0 ? <Empty title={t.tables.noRemarks} /> : <ul className="remarks" aria-label={t.tables.remarks}>{check.remarks.map((r, n) => { const row = rules.findIndex((x) => x._id === r.row); return <li key={n}><span className="pill" data-tone={r.severity === 'error' ? 'bad' : r.severity === 'warning' ? 'warn' : 'info'}>{word(t.tables.severity, r.severity)}</span> {row >= 0 ? <button type="button" onClick={() => goTo(r)}>{t.tables.at(row + 1, columns.find((c) => c.id === r.column)?.name ?? '')}</button> : <span className="w550">{t.tables.whole}</span>} {t.tables.say(r.expected, r.found)} <span className="fix">{r.fix}</span></li>; })}</ul>}
          </Panel>
        </div>
        <Tabs defaultValue={order ? 'trace' : 'tests'} keepMounted={false} className="tabs">
          <Tabs.List aria-label={detail.name}><Tabs.Tab value="tests">{t.tables.tests}</Tabs.Tab><Tabs.Tab value="trace">{t.tables.trace}</Tabs.Tab><Tabs.Tab value="compare">{t.tables.compare}</Tabs.Tab><Tabs.Tab value="history">{t.tables.history}</Tabs.Tab></Tabs.List>
          <Tabs.Panel value="tests"><Tests cases={text.tests} check={check} readOnly={readOnly} change={(tests) => change({ tests })} /></Tabs.Panel>
          <Tabs.Panel value="trace"><Trace name={detail.name} columns={columns} trace={trace} input={traced ?? text.tests[0]?.input ?? {}} run={(v) => void runTrace(v)} busy={tracing} order={order} clear={() => { setTrace(null); setTraced(undefined); }}
            keep={readOnly ? undefined : () => { if (trace) change({ tests: [...text.tests, { name: t.tables.newTest, input: traced, hit: trace.hit, expect: (trace.output ?? {}) as Record<string, unknown> }] }); }} /></Tabs.Panel>
          <Tabs.Panel value="compare"><CompareTables name={detail.name} document={text.doc} ready={!!check && errors === 0} /></Tabs.Panel>
          <Tabs.Panel value="history"><TableHistory of={detail} mayPublish={mayPublish} takeBack={() => void back()} /></Tabs.Panel>
        </Tabs>
      </div>
      {column && <ColumnDialog key={typeof column === 'string' ? column : column.id} of={column} doc={text.doc} node={node} change={doc} close={() => edit(null)} />}
      {asking === 'publish' && <PublishDialog detail={detail} version={version} check={check} who={who} close={() => ask(null)} published={async () => { done(t.tables.published(version.version), '', () => void back()); await refresh(); }} />}
    </>
  );
}

/** What is computed from the input before the grid is asked. */
function Expressions({ doc, readOnly, change, remarks }: { doc: Jdm; readOnly: boolean; change: (d: Jdm) => void; remarks: TableRemark[] }) {
  const of = doc.nodes.filter((n) => n.type === 'expressionNode');
  if (!of.length) return null;
  return <Panel title={t.tables.computed}><div className="formrows">{of.flatMap((n) => (n.content.expressions ?? []).map((e) => { const bad = remarks.find((r) => r.node === n.id && r.row === e.id); return <div className="formrow" key={`${n.id}/${e.id}`}><TextInput label={t.tables.computedName} classNames={{ input: 'mono' }} value={e.key} readOnly={readOnly} onChange={(x) => change(jdm.setExpression(doc, n.id, e.id, { key: x.currentTarget.value }))} /><TextInput label={t.tables.computedValue} classNames={{ input: 'mono' }} value={e.value} readOnly={readOnly} error={bad && t.tables.say(bad.expected, bad.found)} onChange={(x) => change(jdm.setExpression(doc, n.id, e.id, { value: x.currentTarget.value }))} /></div>; }))}</div></Panel>;
}

function ColumnDialog({ of, doc, node, change, close }: { of: Column | 'in' | 'out'; doc: Jdm; node: JdmNode; change: (d: Jdm) => void; close: () => void }) {
  const fresh = typeof of === 'string', kind = fresh ? of : of.kind;
  const [name, setName] = useState(fresh ? '' : of.name), [field, setField] = useState(fresh ? '' : of.field);
  const [type, setType] = useState(fresh ? '' : jdm.typeOf(doc, of.field)), [required, setRequired] = useState(!fresh && jdm.isRequired(doc, of.field));
  const go = () => {
    let next = fresh ? jdm.addColumn(doc, node, of, name || field, field) : jdm.setColumn(doc, node, of, name, field);
    if (kind === 'in' && (type !== jdm.typeOf(doc, field) || required !== jdm.isRequired(doc, field))) next = jdm.setType(next, field, type, required);
    change(next); close();
  };
  const and = (d: Jdm) => { change(d); close(); };
  return (
    <Modal opened onClose={close} title={fresh ? (of === 'in' ? t.tables.addInput : t.tables.addOutput) : t.tables.edit(of.name)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); go(); }}>
        <TextInput label={t.tables.columnName} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <TextInput label={kind === 'in' ? t.tables.field : t.tables.output} classNames={{ input: 'mono' }} required value={field} onChange={(e) => setField(e.currentTarget.value)} />
        {kind === 'in' && <><NativeSelect label={t.tables.type} value={type} onChange={(e) => setType(e.currentTarget.value)} data={t.tables.types} /><Checkbox label={t.tables.required} checked={required} onChange={(e) => setRequired(e.currentTarget.checked)} /></>}
        {!fresh && <div className="buttons"><Button size="compact-sm" variant="default" onClick={() => and(jdm.moveColumn(doc, node, of, -1))}>{t.tables.left}</Button><Button size="compact-sm" variant="default" onClick={() => and(jdm.moveColumn(doc, node, of, 1))}>{t.tables.right}</Button><Button size="compact-sm" variant="default" color="red" onClick={() => and(jdm.removeColumn(doc, node, of))}>{t.tables.removeColumn}</Button></div>}
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit">{t.act.confirm}</Button></div>
      </form>
    </Modal>
  );
}

/** Whoever publishes has seen what it would have decided otherwise. */
function PublishDialog({ detail, version, check, who, close, published }: { detail: TableDetail; version: TableVersion; check: TableCheck | null; who: string; close: () => void; published: () => Promise<void> }) {
  const [note, setNote] = useState(''), [busy, setBusy] = useState(false), [seen, see] = useState<TableComparison | null>(null), [wrong, setWrong] = useState<unknown>(null);
  const fresh = detail.in_force === null;
  const compare = useCallback(async () => { setWrong(null); try { see(await act.compareTable(detail.name, version.document as unknown as Jdm)); } catch (e) { setWrong(e); } }, [detail.name, version]);
  useEffect(() => { if (!fresh) void compare(); }, [compare, fresh]);
  const eyes = version.status === 'draft' && detail.four_eyes && version.authors.includes(who);
  const go = async () => { setBusy(true); try { await act.publishTable(detail.name, version.version, note.trim()); close(); await published(); } catch (e) { failed(t.tables.publishFailed, e); setBusy(false); } };
  return (
    <Modal opened onClose={close} size="lg" title={t.tables.publishTitle(detail.name, version.version)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <p className="muted">{t.tables.publishBody}</p>
        {eyes && <p className="note bad">{t.tables.eyes(detail.four_eyes, version.authors.join(', '))}</p>}
        {check && check.why_not.length > 0 && <section className="boxed" aria-label={t.tables.whyNot}><h3>{t.tables.whyNot}</h3><Findings of={check.why_not} brief /></section>}
        <Textarea label={t.tables.publishNote} value={note} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} data-autofocus />
        {!fresh && <section className="boxed" aria-label={t.tables.wouldChange}><h3>{t.tables.wouldChange}</h3><div className="seen" tabIndex={0} role="region" aria-label={t.list.scroll(t.tables.wouldChange)}><Wouldhave of={seen} error={wrong} retry={() => void compare()} /></div></section>}
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy} disabled={!!eyes || !check?.ready || (!fresh && !seen)}>{t.tables.publish}</Button></div>
      </form>
    </Modal>
  );
}
