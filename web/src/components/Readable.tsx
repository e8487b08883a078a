/* Any JSON as a person reads it: names and values, lists of alike things as tables. For evidence, whose shape every process
   chooses for itself; where the exact shape matters, JsonView shows it. */
import type { ReactNode } from 'react';
import type { Json } from '../api/types';
import { t, words } from '../i18n';

type Obj = Record<string, Json>;
const MOST_ROWS = 50, MOST_COLUMNS = 8;

/** What names a thing comes first, what to do about it last; between them as they were given. */
const FIRST = ['line', 'lines', 'number', 'order', 'code', 'sku', 'item', 'text', 'problem'], LAST = ['severity', 'fix'];
const place = (k: string) => (FIRST.includes(k) ? FIRST.indexOf(k) - FIRST.length : LAST.indexOf(k) + 1);
const isObject = (v: Json | undefined): v is Obj => typeof v === 'object' && v !== null && !Array.isArray(v);
const empty = (v: Json | undefined) => v === null || v === undefined || v === '' || (typeof v === 'object' && Object.keys(v).length === 0);
const plain = (v: Json | undefined): string => (empty(v) ? '–' : typeof v === 'boolean' ? (v ? t.json.yes : t.json.no) : String(v));
/** Fits in a cell or behind its name: no list of objects, no object of objects. */
const short = (v: Json | undefined): boolean => typeof v !== 'object' || v === null || Object.values(v as object).every((x) => typeof x !== 'object' || x === null);

function inline(v: Json | undefined): string {
  if (empty(v) || typeof v !== 'object') return plain(v);
  if (Array.isArray(v)) return v.map((x) => inline(x)).join(', ');
  return Object.entries(v as Obj).filter(([, x]) => !empty(x)).map(([k, x]) => `${words(k).toLowerCase()} ${inline(x)}`).join(' · ');
}

export function Readable({ of, label = t.json.table }: { of: Json | undefined; /** what it is of, for who does not see it */ label?: string }): ReactNode {
  if (Array.isArray(of)) return <Listed of={of} label={label} />;
  if (!isObject(of)) return <span className="readvalue">{plain(of)}</span>;
  const given = Object.entries(of).filter(([, v]) => !empty(v));
  if (!given.length) return <span className="muted">{t.json.empty}</span>;
  return <dl className="readable">{given.map(([k, v]) => <div key={k} data-long={!short(v) || undefined}><dt>{words(k)}</dt><dd>{short(v) ? <span className="readvalue">{inline(v)}</span> : <Readable of={v} label={label === t.json.table ? words(k) : `${label}, ${words(k)}`} />}</dd></div>)}</dl>;
}

function Listed({ of, label }: { of: Json[]; label: string }) {
  const shown = of.slice(0, MOST_ROWS), rest = of.length - shown.length;
  const more = rest > 0 && <p className="muted small">{t.json.more(rest)}</p>;
  const rows = shown.filter(isObject);
  const columns = [...new Set(rows.flatMap((r) => Object.keys(r).filter((k) => !empty(r[k]))))].sort((a, b) => place(a) - place(b));
  const tabular = rows.length === shown.length && columns.length > 0 && columns.length <= MOST_COLUMNS && rows.every((r) => columns.every((c) => short(r[c]) || (Array.isArray(r[c]) && (r[c] as Json[]).every(short))));
  if (!tabular) return <><ol className="readlist">{shown.map((v, i) => <li key={i}><Readable of={v} label={`${label} ${i + 1}`} /></li>)}</ol>{more}</>;
  const right = (c: string) => rows.every((r) => empty(r[c]) || typeof r[c] === 'number');
  return (
    <>
      <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(label)}><table className="tbl plain wraps" aria-label={label}>
        <thead><tr>{columns.map((c) => <th key={c} scope="col" className={right(c) ? 'r' : undefined}>{words(c)}</th>)}</tr></thead>
        <tbody>{rows.map((r, i) => <tr key={i}>{columns.map((c) => <td key={c} className={right(c) ? 'r num' : undefined}>{inline(r[c])}</td>)}</tr>)}</tbody>
      </table></div>
      {more}
    </>
  );
}
