/* Beside the grid: its test cases, the trace of one input, what it would have decided otherwise, and its history. */
import { useState } from 'react';
import { Button, Select, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { RecordedDecision, TableCheck, TableComparison, TableDetail, TableTrace } from '../api/types';
import { t, word } from '../i18n';
import { dateTime } from '../lib/format';
import { failed } from '../lib/notify';
import type { Column, Jdm, TestCase } from '../lib/jdm';
import { Empty, Failed, Panel, Pill, When } from './Bits';
import { JsonView } from './JsonView';

const shown = (v: unknown) => JSON.stringify(v, null, 1) ?? '';
const rows = (hit: string[]) => hit.join(', ') || t.tables.none;

export function Tests({ cases, check, readOnly, change }: { cases: TestCase[]; check: TableCheck | null; readOnly: boolean; change: (c: TestCase[]) => void }) {
  const set = (n: number, c: Partial<TestCase>) => change(cases.map((x, i) => (i === n ? { ...x, ...c } : x)));
  const add = !readOnly && <Button size="compact-sm" variant="default" onClick={() => change([...cases, { name: t.tables.newTest, input: cases[0]?.input ?? {}, hit: [] }])}>{t.tables.addTest}</Button>;
  return (
    <Panel title={t.tables.tests} count={cases.length} right={add}>
      {cases.length === 0 ? <Empty title={t.tables.noTests}>{t.tables.noTestsWhy}</Empty> : <ul className="list">{cases.map((c, n) => {
        const told = check?.tests[n], bad = told && told.differences.length > 0;
        return (
          <li key={n}>
            <details>
              <summary className="a"><span className="cut">{c.name}</span>{told && <Pill of={bad ? 'failed' : 'completed'} label={bad ? t.tables.fail : t.tables.pass} />}</summary>
              <div className="stack folded">
                <TextInput label={t.tables.testName} value={c.name ?? ''} readOnly={readOnly} onChange={(e) => set(n, { name: e.currentTarget.value })} />
                <JsonField label={t.tables.testInput} value={c.input} readOnly={readOnly} change={(input) => set(n, { input })} />
                <TextInput label={t.tables.testHit} value={(c.hit ?? []).join(', ')} readOnly={readOnly} onChange={(e) => set(n, { hit: e.currentTarget.value.split(',').map((x) => x.trim()).filter(Boolean) })} />
                <JsonField label={t.tables.testExpect} value={c.expect ?? {}} readOnly={readOnly} change={(expect) => set(n, { expect: expect as Record<string, unknown> })} />
                {!readOnly && <div className="buttons">{told && bad && <Button size="compact-sm" variant="default" onClick={() => set(n, { hit: told.hit, expect: Object.fromEntries(Object.keys(c.expect ?? {}).map((k) => [k, (told.output as Record<string, unknown>)[k]])) })}>{t.tables.takeActual}</Button>}<Button size="compact-sm" variant="subtle" onClick={() => change(cases.filter((_, i) => i !== n))}>{t.tables.removeTest}</Button></div>}
              </div>
            </details>
            {bad && <ul className="plain small bad">{told.differences.map((d) => <li key={d}>{d}</li>)}</ul>}
          </li>
        );
      })}</ul>}
    </Panel>
  );
}

/** JSON as one writes it: what is no JSON yet stays here, and is told. */
export function JsonField({ label, value, change, readOnly, rows: n = 3 }: { label: string; value: unknown; change: (v: unknown) => void; readOnly?: boolean; rows?: number }) {
  const [text, setText] = useState<string | null>(null);
  const bad = text !== null && parsed(text) === undefined;
  return <Textarea label={label} classNames={{ input: 'mono' }} autosize minRows={n} maxRows={14} readOnly={readOnly} spellCheck={false} value={text ?? shown(value)} error={bad && t.tables.badJson} onBlur={() => { if (!bad) setText(null); }} onChange={(e) => { const now = e.currentTarget.value; setText(now); const v = parsed(now); if (v !== undefined) change(v); }} />;
}
const parsed = (s: string): unknown => { try { return JSON.parse(s) as unknown; } catch { return undefined; } };

export function Trace({ name, columns, trace, input, run, busy, keep, clear, order }: { name: string; columns: Column[]; trace: TableTrace | null; input: unknown; run: (input: unknown) => void; busy: boolean; keep: (() => void) | undefined; clear: () => void; order?: string }) {
  const { data } = useQuery(q.recorded(name, order));
  const [given, setGiven] = useState<unknown>(input), [picked, pick] = useState<RecordedDecision | null>(null);
  const label = (r: RecordedDecision) => `${r.order} · ${dateTime(r.at)} · ${rows(r.hit)}`;
  const title = (id: string) => columns.find((c) => c.id === id)?.name ?? id;
  return (
    <Panel title={t.tables.trace} right={trace && <Button size="compact-sm" variant="subtle" onClick={clear}>{t.tables.clearTrace}</Button>}>
      <form className="stack body" onSubmit={(e) => { e.preventDefault(); run(given); }}>
        <Select label={t.tables.recorded} placeholder={data && data.length === 0 ? t.tables.noRecorded : undefined} searchable clearable value={picked?.id ?? null} data={(data ?? []).map((r) => ({ value: r.id, label: label(r) }))} onChange={(v) => { const r = data?.find((x) => x.id === v) ?? null; pick(r); if (r) { setGiven(r.input); run(r.input); } }} />
        {picked && <p className="muted small">{t.tables.lastVersion(picked.version, rows(picked.hit))} <Link to="/orders/$order" params={{ order: picked.order }}>{picked.order}</Link></p>}
        <JsonField key={picked?.id ?? 'own'} label={t.tables.traceInput} value={given} change={setGiven} rows={5} />
        <div className="buttons">{keep && trace && <Button variant="default" onClick={keep}>{t.tables.keep}</Button>}<Button type="submit" loading={busy}>{t.tables.run}</Button></div>
      </form>
      {trace && <div className="stack body" role="status">
        <p className={trace.hit.length ? 'note ok' : 'note bad'}><strong>{trace.hit.length ? t.tables.hit(trace.hit.join(', ')) : t.tables.noHit}</strong> <span className="muted">{t.tables.traced}</span></p>
        <section aria-label={t.tables.decided}><h3>{t.tables.decided}</h3><JsonView of={trace.output} /></section>
        {Object.keys(trace.computed).length > 0 && <section aria-label={t.tables.computedNow}><h3>{t.tables.computedNow}</h3><JsonView of={trace.computed} /></section>}
        {trace.tables.map((seen) => <section key={seen.node} aria-label={t.tables.why}><h3>{t.tables.why}</h3><ul className="plain small">{seen.rows.filter((r) => !r.hit).map((r, n) => (
          <li key={n}><span className="mono">{r.id}</span> {r.matches ? <span className="muted">{t.tables.would}</span> : r.cells.filter((c) => c.held === 'no' || c.held === 'wrong').map((c) => <span key={c.column} className="miss">{t.tables.because(title(c.column), c.text, JSON.stringify(seen.values[c.column] ?? null))}{c.held === 'wrong' && ` (${word(t.tables.held, c.held)})`}</span>)}</li>
        ))}</ul></section>)}
      </div>}
    </Panel>
  );
}

export function CompareTables({ name, document, ready }: { name: string; document: Jdm; ready: boolean }) {
  const [busy, setBusy] = useState(false), [result, setResult] = useState<TableComparison | null>(null);
  const go = async () => { setBusy(true); try { setResult(await act.compareTable(name, document)); } catch (e) { failed(t.tables.compareFailed, e); } setBusy(false); };
  return <Panel title={t.tables.compare} right={<Button size="compact-sm" loading={busy} disabled={!ready} onClick={() => void go()}>{t.tables.go}</Button>}>{result ? <ComparedTable of={result} /> : <Empty title={t.tables.compareLead}>{t.tables.compareWhy}</Empty>}</Panel>;
}

export function ComparedTable({ of }: { of: TableComparison }) {
  return (
    <>
      <p className="pad" role="status">{t.tables.compared(of.of, of.differing.length, of.against)}</p>
      <ul className="list">{of.differing.slice(0, 100).map((d, n) => (
        <li key={n}><div className="a"><Link to="/orders/$order" params={{ order: d.order }}>{d.order}</Link><span><span className="mono">{rows(d.before)}</span> → <span className="mono">{rows(d.after)}</span></span><span className="muted"><When at={d.at} /></span></div>
          {d.outputs.length > 0 && <table className="tbl plain" aria-label={t.tables.answer}><thead><tr><th scope="col">{t.tables.answer}</th><th scope="col">{t.tables.before}</th><th scope="col">{t.tables.after}</th></tr></thead><tbody>{d.outputs.map((o) => <tr key={o.output}><td>{o.output}</td><td className="mono">{JSON.stringify(o.before)}</td><td className="mono">{JSON.stringify(o.after)}</td></tr>)}</tbody></table>}</li>
      ))}</ul>
    </>
  );
}

export function TableHistory({ of, mayPublish, takeBack }: { of: TableDetail; mayPublish: boolean; takeBack: () => void }) {
  return (
    <Panel title={t.tables.history}>
      {of.history.length === 0 ? <Empty title={t.tables.noHistory} /> : <ol className="history body">{of.history.map((h, n) => (
        <li key={n}><When at={h.activated_at} /> {h.activated_by}: {t.tables.version(h.version)} <span className="muted">{h.note}</span>{h.instances > 0 && <span className="muted small"> {t.tables.running(h.instances)}</span>}{n === 0 && mayPublish && <> <Button size="compact-xs" variant="default" onClick={takeBack}>{t.tables.takeBack}</Button></>}</li>
      ))}</ol>}
    </Panel>
  );
}

export function Wouldhave({ of, error, retry }: { of: TableComparison | null; error: unknown; retry: () => void }) {
  return error ? <Failed error={error} retry={retry} /> : of ? <ComparedTable of={of} /> : <p className="muted pad" role="status">{t.tables.checking}</p>;
}

