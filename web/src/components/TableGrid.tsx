/* The grid of a decision table, walked and written like a spreadsheet. One cell has the focus; what is typed replaces it;
   a block goes in and out by the clipboard as a spreadsheet puts it there. Escape leaves the grid, as Tab does at its end. */
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { IconAlertTriangle, IconPencil } from '@tabler/icons-react';
import type { TableRemark, TraceSeen } from '../api/types';
import { t, word } from '../i18n';
import { fromTsv, rulesOf, toTsv, type Column, type JdmNode } from '../lib/jdm';

export interface Place { row: number; col: number }
interface Props {
  node: JdmNode; columns: Column[]; remarks: TableRemark[]; seen: TraceSeen | undefined; readOnly: boolean;
  at: Place; end: Place; onSelect: (at: Place, end: Place) => void; onWrite: (row: number, col: number, block: string[][]) => void;
  onClear: (from: Place, to: Place) => void; onColumn: (c: Column) => void; onUndo: () => void; onRedo: () => void; onLeave: () => void;
}

export function TableGrid(p: Props) {
  const rules = rulesOf(p.node), { at, end, columns } = p;
  const [typing, setTyping] = useState<string | null>(null);
  const box = useRef<HTMLTableElement>(null), field = useRef<HTMLInputElement>(null), took = useRef(false);
  useEffect(() => { if (typing !== null) field.current?.focus(); }, [typing !== null]);
  // the focus follows the chosen cell while the grid has it
  useEffect(() => { if (took.current && typing === null) box.current?.querySelector<HTMLElement>(`[data-cell="${at.row}:${at.col}"]`)?.focus(); }, [at.row, at.col, typing]);
  const lo = { row: Math.min(at.row, end.row), col: Math.min(at.col, end.col) }, hi = { row: Math.max(at.row, end.row), col: Math.max(at.col, end.col) };
  const go = (row: number, col: number, keep = false) => {
    took.current = true;
    const to = { row: Math.max(0, Math.min(rules.length - 1, row)), col: Math.max(0, Math.min(columns.length - 1, col)) };
    p.onSelect(keep ? at : to, to);
  };
  const commit = (row: number, col: number) => { if (typing !== null) { const old = rules[at.row]?.[columns[at.col]!.id] ?? ''; if (typing !== old) p.onWrite(at.row, at.col, [[typing]]); setTyping(null); } go(row, col); };
  const begin = (text: string) => { if (!p.readOnly) setTyping(text); };
  const current = rules[at.row]?.[columns[at.col]?.id ?? ''] ?? '';
  const press = (e: KeyboardEvent) => {
    const mod = e.ctrlKey || e.metaKey, key = e.key;
    if (typing !== null) {
      if (key === 'Enter') { e.preventDefault(); e.stopPropagation(); commit(at.row + 1, at.col); }
      else if (key === 'Tab') { e.preventDefault(); commit(...after(e.shiftKey ? -1 : 1)); }
      else if (key === 'Escape') { e.preventDefault(); e.stopPropagation(); setTyping(null); }
      return;
    }
    const from = e.shiftKey ? end : at;
    const step = ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] } as Record<string, [number, number]>)[key];
    if (mod && key.toLowerCase() === 'z') { e.preventDefault(); if (e.shiftKey) p.onRedo(); else p.onUndo(); }
    else if (mod && key.toLowerCase() === 'y') { e.preventDefault(); p.onRedo(); }
    else if (mod && key.toLowerCase() === 'a') { e.preventDefault(); p.onSelect({ row: 0, col: 0 }, { row: rules.length - 1, col: columns.length - 1 }); }
    else if (mod) return;
    else if (step) { e.preventDefault(); go(from.row + step[0], from.col + step[1], e.shiftKey); }
    else if (key === 'Home') { e.preventDefault(); go(at.row, 0, e.shiftKey); }
    else if (key === 'End') { e.preventDefault(); go(at.row, columns.length - 1, e.shiftKey); }
    else if (key === 'Tab') { const [r, c] = after(e.shiftKey ? -1 : 1); if (r >= 0 && r < rules.length) { e.preventDefault(); go(r, c); } }
    else if (key === 'Enter' || key === 'F2') { e.preventDefault(); begin(current); }
    else if (key === 'Delete' || key === 'Backspace') { e.preventDefault(); if (!p.readOnly) p.onClear(lo, hi); }
    else if (key === 'Escape') { e.preventDefault(); took.current = false; p.onLeave(); }
    else if (key.length === 1 && !e.altKey) { e.preventDefault(); begin(key); }
    else return;
    e.stopPropagation();
  };
  const after = (by: number): [number, number] => { const n = at.row * columns.length + at.col + by; return [Math.floor(n / columns.length), ((n % columns.length) + columns.length) % columns.length]; };
  const block = () => rules.slice(lo.row, hi.row + 1).map((r) => columns.slice(lo.col, hi.col + 1).map((c) => r[c.id] ?? ''));
  const split = columns.filter((c) => c.kind === 'in').length, outs = columns.filter((c) => c.kind === 'out').length;
  return (
    <div className="sheet" role="presentation">
      <table ref={box} role="grid" aria-label={t.tables.grid} aria-multiselectable="true" aria-readonly={p.readOnly} aria-rowcount={rules.length + 2} onKeyDown={press}
        onCopy={(e) => { if (typing === null) { e.preventDefault(); e.clipboardData.setData('text/plain', toTsv(block())); } }}
        onCut={(e) => { if (typing === null && !p.readOnly) { e.preventDefault(); e.clipboardData.setData('text/plain', toTsv(block())); p.onClear(lo, hi); } }}
        onPaste={(e) => { if (typing === null && !p.readOnly) { e.preventDefault(); p.onWrite(lo.row, lo.col, fromTsv(e.clipboardData.getData('text/plain'))); } }}>
        <thead>
          <tr role="row"><td role="presentation" className="corner" />{split > 0 && <th role="columnheader" scope="colgroup" colSpan={split}>{t.tables.when}</th>}{outs > 0 && <th role="columnheader" scope="colgroup" colSpan={outs} className="out">{t.tables.then}</th>}<td role="presentation" colSpan={2} /></tr>
          <tr role="row"><td role="presentation" className="corner" />{columns.map((c) => (
            <th role="columnheader" key={c.id} scope="col" data-kind={c.kind} data-wrong={p.remarks.some((r) => !r.row && r.column === c.id) || undefined}>
              {c.kind === 'in' || c.kind === 'out' ? <button type="button" tabIndex={p.readOnly ? -1 : 0} disabled={p.readOnly} aria-label={t.tables.edit(c.name)} onKeyDown={(e) => e.stopPropagation()} onClick={() => p.onColumn(c)}><span>{c.name}</span><small className="mono">{c.field}</small>{!p.readOnly && <IconPencil size={12} aria-hidden />}</button> : <span className="plainhead">{c.name}</span>}
              {p.seen && c.kind === 'in' && c.id in p.seen.values && <em className="mono">{JSON.stringify(p.seen.values[c.id]) ?? '–'}</em>}
            </th>
          ))}</tr>
        </thead>
        <tbody>{rules.map((r, i) => {
          const told = p.seen?.rows.find((x) => x.id === r._id), said = p.remarks.filter((x) => x.row && x.row === r._id), worst = said.find((x) => !x.column && x.severity !== 'hint');
          return (
            <tr role="row" key={i} data-hit={told?.hit || undefined} data-dead={worst ? true : undefined} aria-rowindex={i + 3}>
              <th role="rowheader" scope="row" title={worst ? t.tables.say(worst.expected, worst.found) : undefined}>{worst && <IconAlertTriangle size={12} aria-hidden />}{i + 1}</th>
              {columns.map((c, k) => {
                const on = i === at.row && k === at.col, inside = i >= lo.row && i <= hi.row && k >= lo.col && k <= hi.col;
                const wrong = said.find((x) => x.column === c.id && x.severity === 'error'), held = told?.cells.find((x) => x.column === c.id)?.held;
                return (
                  <td role="gridcell" key={c.id} data-cell={`${i}:${k}`} data-kind={c.kind} data-held={held} tabIndex={on ? 0 : -1} aria-selected={inside} aria-invalid={wrong ? true : undefined} title={wrong ? `${t.tables.say(wrong.expected, wrong.found)} ${wrong.fix}` : held ? word(t.tables.held, held) : undefined}
                    onFocus={() => { took.current = true; }} onMouseDown={(e) => { if (on && typing !== null) return; if (typing !== null) commit(i, k); else go(i, k, e.shiftKey); }} onDoubleClick={() => begin(r[c.id] ?? '')}>
                    {on && typing !== null ? <input ref={field} value={typing} aria-label={`${t.tables.row(i + 1)}, ${c.name}`} spellCheck={false} onChange={(e) => setTyping(e.currentTarget.value)} onBlur={() => { if (typing !== null) commit(at.row, at.col); }} /> : (r[c.id] ?? '') || (c.kind === 'in' ? <span className="any" aria-label={t.tables.anything}>–</span> : '')}
                  </td>
                );
              })}
            </tr>
          );
        })}</tbody>
      </table>
    </div>
  );
}
