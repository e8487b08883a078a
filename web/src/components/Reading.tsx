/* A document side by side: as it came, as it was read, what it means. What is chosen in one is marked in the others, and
   what is wrong stands where it is wrong. Arrow keys walk within a panel, Enter chooses; N and P go through the findings. */
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Button, Switch } from '@mantine/core';
import type { Finding, Json, Origin } from '../api/types';
import { t } from '../i18n';
import { useKeys } from '../lib/keys';
import { covers, marked, origin, rowsOf, type Marked, type Place, type Row } from '../lib/raw';
import { Copy, Empty, Panel } from './Bits';
import type { Chosen } from './CorrectDialog';
import { JsonView } from './JsonView';

export interface ReadingProps { text: string | null; format: string; parsed: Json; canonical: Json; errors: Finding[]; notes: Finding[]; origins?: Origin[] | null; tools?: ReactNode; /** raw and canonical only, as beside an editor */ brief?: boolean; /** offers to correct the chosen element */ correct?: (at: Chosen) => void }

const nothing = (j: Json | undefined) => j === null || j === undefined || (typeof j === 'object' && Object.keys(j).length === 0);
const unsaid = (j: Json): boolean => j === null || j === '' || (typeof j === 'object' && Object.values(j).every(unsaid));
const RANK = ['number', 'line', 'id', 'role', 'kind', 'scheme', 'value', 'name']; // what a person looks for first
const rank = (k: string, v: Json) => (v !== null && typeof v === 'object' ? (k === 'lines' || k === 'units' ? 200 : 100) : RANK.includes(k) ? RANK.indexOf(k) : 50);
/** Without what the document does not say, and with what names a thing before what belongs to it. */
const said = (j: Json): Json => (Array.isArray(j) ? j.map(said) : j && typeof j === 'object' ? Object.fromEntries(Object.entries(j).filter(([, v]) => !unsaid(v)).sort(([a, x], [b, y]) => rank(a, x) - rank(b, y)).map(([k, v]) => [k, said(v)])) : j);
const same = (a: Place | null, b: Place | null) => !!a && !!b && a.row === b.row && a.element === b.element && (!a.component || !b.component || a.component === b.component);

export function Reading(p: ReadingProps) {
  const { rows, cut } = useMemo(() => (p.text === null ? { rows: [], cut: false } : rowsOf(p.text, p.format)), [p.text, p.format]);
  const marks = useMemo(() => marked(p.errors, p.notes, rows, p.text ?? ''), [p.errors, p.notes, rows, p.text]);
  const placed = useMemo(() => (p.origins ?? []).flatMap((o) => { const place = origin(o, p.text ?? ''); return place ? [{ pointer: o.pointer, place }] : []; }), [p.origins, p.text]);
  const [at, setAt] = useState<Place | null>(null), [bare, setBare] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const pointers = useMemo(() => new Set(placed.filter((o) => same(o.place, at)).map((o) => o.pointer)), [placed, at]);
  const linked = useMemo(() => new Map(placed.map((o) => [o.pointer, o.place])), [placed]);
  const content = useMemo(() => said(p.canonical), [p.canonical]);
  const inPlace = marks.filter((m) => m.place);
  const turn = useRef(-1);
  const walk = (step: number) => {
    if (!inPlace.length) return;
    turn.current = (turn.current + step + inPlace.length) % inPlace.length;
    setAt(inPlace[turn.current]!.place);
  };
  useKeys({ n: () => walk(1), p: () => walk(-1) });
  // what is chosen is brought into view in the panels beside the one it was chosen in
  useEffect(() => { if (at) box.current?.querySelectorAll('[data-at]').forEach((e) => { if (!e.contains(document.activeElement)) e.scrollIntoView({ block: 'nearest' }); }); }, [at]);
  const edi = rows.some((r) => r.id);
  const row = at ? rows[at.row] : undefined, piece = row?.pieces.find((x) => covers(at, row.no - 1, x));
  const fix = row && piece && p.correct ? () => p.correct?.({ segment: row.id, index: row.no - 1, element: piece.element, component: piece.component, text: row.text.slice(piece.from, piece.to), name: `${row.id}${String(piece.element).padStart(2, '0')}` }) : undefined;
  return (
    <div className={p.brief ? 'reading brief-reading' : 'side3 reading'} ref={box}>
      <Panel title={t.documents.raw} right={<>{p.tools}{fix && <Button size="compact-xs" onClick={fix}>{t.correct.button}</Button>}{inPlace.length > 0 && <Switch size="xs" label={t.reading.marks} checked={!bare} onChange={(e) => setBare(!e.currentTarget.checked)} />}{p.text !== null && <Copy text={p.text} label={t.documents.copyRaw} />}</>}>
        {p.text === null ? <Empty title={t.documents.binary} /> : p.text === '' ? <Empty title={t.reading.empty} /> : <Raw rows={rows} cut={cut} marks={bare ? [] : inPlace} at={at} choose={setAt} />}
      </Panel>
      {!p.brief && <Panel title={t.documents.parsed}>{edi ? <Segments rows={rows} at={at} choose={setAt} /> : nothing(p.parsed) ? <Empty title={t.documents.noParsed} /> : <div className="body" tabIndex={0} role="region" aria-label={t.list.scroll(t.documents.parsed)}><JsonView of={p.parsed} /></div>}</Panel>}
      <Panel title={t.documents.canonical} right={linked.size > 0 && !p.brief && <span className="muted small">{t.reading.hint}</span>}>
        {nothing(content) ? <Empty title={t.documents.noCanonical} /> : <Walk label={t.documents.canonical}><JsonView of={content} link={linked.size ? { places: linked, chosen: pointers, choose: (pointer) => setAt(linked.get(pointer) ?? null) } : undefined} /></Walk>}
      </Panel>
    </div>
  );
}

/** Arrow keys move among what can be chosen in a panel, so that it is one stop of the Tab key however long it is. */
function Walk({ label, children, className = 'body' }: { label: string; children: ReactNode; className?: string }) {
  const keys = (e: KeyboardEvent<HTMLDivElement>) => {
    if (!['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(e.key) || e.ctrlKey || e.metaKey || e.altKey) return;
    const all = [...e.currentTarget.querySelectorAll<HTMLElement>('[data-stop]')].filter((x) => x.offsetParent);
    if (!all.length) return;
    e.preventDefault();
    const now = all.indexOf(document.activeElement as HTMLElement);
    all[e.key === 'Home' ? 0 : e.key === 'End' ? all.length - 1 : Math.max(0, Math.min(all.length - 1, now + (e.key === 'ArrowDown' ? 1 : -1)))]?.focus();
  };
  return <div className={className} tabIndex={0} role="group" aria-label={t.list.scroll(label)} onKeyDown={keys}>{children}</div>;
}

function Raw({ rows, cut, marks, at, choose }: { rows: Row[]; cut: boolean; marks: Marked[]; at: Place | null; choose: (p: Place | null) => void }) {
  const by = useMemo(() => { const m = new Map<number, Marked[]>(); for (const x of marks) m.set(x.place!.row, [...(m.get(x.place!.row) ?? []), x]); return m; }, [marks]);
  return (
    <div className="code raw" tabIndex={0} role="group" aria-label={t.list.scroll(t.documents.raw)}>
      {rows.map((r, i) => {
        const here = by.get(i) ?? [];
        return (
          <div key={i} className="rawrow" data-bad={here.some((m) => m.error) || undefined} data-noted={(here.length > 0 && !here.some((m) => m.error)) || undefined}>
            <div className="rawline" data-at={covers(at, i) || undefined} onClick={r.pieces.length ? undefined : () => choose(covers(at, i) ? null : { row: i })}><span className="no" aria-hidden>{r.no}</span><code>{pieced(r, (piece, text, key) => {
              const found = here.find((m) => covers(m.place, i, piece)), on = covers(at, i, piece);
              return <span key={key} className={`el ${found ? (found.error ? 'err' : 'wrn') : ''}`} data-at={on || undefined} onClick={() => choose(on ? null : { row: i, element: piece.element, component: piece.component })}>{text}</span>;
            })}</code></div>
            {here.map((m, n) => <p key={n} className="inplace" data-error={m.error || undefined}><strong>{m.finding.where.replace(/ \(segment.*\)$/, '')}</strong> {t.reading.said(m.finding.expected, m.finding.found)} {m.finding.fix}</p>)}
          </div>
        );
      })}
      {cut && <p className="muted pad">{t.reading.cut(rows.length)}</p>}
    </div>
  );
}

function pieced(r: Row, show: (p: Row['pieces'][number], text: string, key: number) => ReactNode): ReactNode[] {
  const out: ReactNode[] = [];
  let from = 0;
  r.pieces.forEach((p, n) => { out.push(r.text.slice(from, p.from)); if (p.to > p.from) out.push(show(p, r.text.slice(p.from, p.to), n)); from = p.to; });
  out.push(r.text.slice(from));
  return out;
}

/** Segments with their elements named as the standard counts them. */
function Segments({ rows, at, choose }: { rows: Row[]; at: Place | null; choose: (p: Place | null) => void }) {
  return (
    <Walk label={t.documents.parsed} className="body segments">
      {rows.filter((r) => r.pieces.some((p) => p.to > p.from)).map((r) => (
        <dl key={r.no}>
          <dt>{r.id}<span className="muted num">{r.no}</span></dt>
          {r.pieces.filter((p) => p.to > p.from).map((p) => {
            const many = r.pieces.some((x) => x.element === p.element && x.component > 1), row = r.no - 1, on = covers(at, row, p);
            return <dd key={`${p.element}.${p.component}`}><button type="button" tabIndex={-1} data-stop data-at={on || undefined} aria-pressed={on} onClick={() => choose(on ? null : { row, element: p.element, component: p.component })}><span className="muted">{r.id}{String(p.element).padStart(2, '0')}{many && `.${p.component}`}</span> {r.text.slice(p.from, p.to).trim() || '␣'}</button></dd>;
          })}
        </dl>
      ))}
    </Walk>
  );
}
