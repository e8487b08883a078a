/* One table for every list: draws only the rows in view, loads on while scrolled, sorted by its heads, walked with J and K.
   A row's first cell holds a real link, so a middle click or a screen reader opens it like any other page. */
import { useEffect, useRef, type ReactNode } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { t } from '../i18n';
import { useKeys } from '../lib/keys';
import { Failed, Rows } from './Bits';

export interface Column<T> {
  id: string; head: string; /** its head is said, not shown */ mute?: boolean; cell: (row: T) => ReactNode; right?: boolean;
  /** what the server sorts by, when it can */ sort?: string;
  /** leaves first on small screens: 'm' below 1280, 's' below 700 */ hide?: 'm' | 's' | 'x';
  max?: number;
  /** takes the room that is left, and gives it up first */ grow?: number;
}
export interface TableProps<T> {
  label: string; columns: Column<T>[]; rows: T[]; rowId: (row: T) => string; rowLabel: (row: T) => string;
  loading?: boolean; error?: Error | null; retry?: () => void; more?: (() => void) | undefined; empty?: ReactNode;
  sort?: string; onSort?: (s: string) => void; onOpen?: (row: T) => void; commands?: Record<string, (row: T) => void>;
  current: string | null; onCurrent: (id: string | null) => void; keys?: boolean; rowClass?: (row: T) => string | undefined;
}
const ROW_PX = 35;

export function DataTable<T>(p: TableProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const { rows, more } = p;
  const at = Math.max(0, p.current === null ? 0 : rows.findIndex((r) => p.rowId(r) === p.current));
  const v = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW_PX, overscan: 10, scrollPaddingStart: 36 });
  const items = v.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  useEffect(() => { if (more && rows.length > 0 && last >= rows.length - 12) more(); }, [last, more, rows.length]);

  const move = (to: number) => {
    const n = Math.max(0, Math.min(rows.length - 1, to)), row = rows[n];
    if (row) { p.onCurrent(p.rowId(row)); v.scrollToIndex(n); }
  };
  const withRow = (f: ((row: T) => void) | undefined) => () => { const row = rows[at]; if (row) f?.(row); };
  useKeys({
    j: () => move(p.current === null ? 0 : at + 1), k: () => move(at - 1),
    ...(p.onOpen ? { Enter: withRow(p.onOpen), o: withRow(p.onOpen) } : {}),
    ...Object.fromEntries(Object.entries(p.commands ?? {}).map(([k, f]) => [k, withRow(f)])),
  }, p.keys !== false);
  // arrows move only when the table itself has the focus, so that a page still scrolls with them
  const arrows = (e: React.KeyboardEvent) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 12, PageUp: at - 12 }[e.key];
    if (to !== undefined && e.target === box.current) { e.preventDefault(); move(to); }
  };

  if (p.error) return <Failed error={p.error} retry={p.retry} />;
  if (p.loading) return <Rows n={12} />;
  if (rows.length === 0 && p.empty) return <>{p.empty}</>;
  const before = items[0]?.start ?? 0, after = v.getTotalSize() - (items[items.length - 1]?.end ?? 0);
  const spacer = (h: number) => h > 0 && <tr aria-hidden><td colSpan={p.columns.length} style={{ height: h, padding: 0, border: 0 }} /></tr>;
  return (
    <div className="scroll" ref={box} tabIndex={0} role="region" aria-label={t.list.scroll(p.label)} onKeyDown={arrows}>
      <table className="tbl" aria-rowcount={rows.length + 1} aria-label={p.label}>
        <thead><tr>{p.columns.map((c) => <Head key={c.id} column={c} sort={p.sort} onSort={p.onSort} />)}</tr></thead>
        <tbody>
          {spacer(before)}
          {items.map((it) => {
            const r = rows[it.index];
            if (!r) return null;
            const id = p.rowId(r), cur = p.current !== null && it.index === at;
            return (
              <tr key={id} aria-rowindex={it.index + 2} aria-current={cur || undefined} className={p.rowClass?.(r)} onClick={() => p.onCurrent(id)} onDoubleClick={() => p.onOpen?.(r)}>
                {p.columns.map((c) => <td key={c.id} className={cls(c)} style={c.max ? { maxWidth: c.max } : undefined}>{c.grow ? <div className="cut" style={{ minWidth: c.grow }}>{c.cell(r)}</div> : c.cell(r)}</td>)}
              </tr>
            );
          })}
          {spacer(after)}
        </tbody>
      </table>
      <span className="sr" role="status">{p.current !== null && rows[at] ? t.list.current(p.rowLabel(rows[at])) : ''}</span>
    </div>
  );
}

const cls = <T,>(c: Column<T>) => [c.right && 'r', c.grow && 'grow', c.hide && `h-${c.hide}`].filter(Boolean).join(' ') || undefined;

function Head<T>({ column: c, sort, onSort }: { column: Column<T>; sort?: string; onSort?: (s: string) => void }) {
  if (!c.sort || !onSort) return <th scope="col" className={cls(c)}>{c.mute ? <span className="sr">{c.head}</span> : c.head}</th>;
  const up = sort === c.sort, down = sort === `-${c.sort}`;
  return (
    <th scope="col" className={cls(c)} aria-sort={up ? 'ascending' : down ? 'descending' : undefined}>
      <button type="button" title={t.list.sort(c.head)} onClick={() => onSort(up ? `-${c.sort}` : down ? '' : c.sort!)}>{c.head}{up ? <IconArrowUp size={12} aria-hidden /> : down ? <IconArrowDown size={12} aria-hidden /> : null}</button>
    </th>
  );
}
