/* A document's text as rows with places in them: EDI by segment and element, everything else by line.
   A finding's `where` and an origin of a canonical field both name such a place. */
import type { Finding, Origin } from '../api/types';

export interface Piece { from: number; to: number; element: number; component: number }
export interface Row { no: number; id: string; text: string; pieces: Piece[] }
export interface Place { row: number; element?: number; component?: number; column?: number }

const MOST_ROWS = 4000; // as many as a person scrolls; the rest is in the file to download

export function rowsOf(text: string, format: string): { rows: Row[]; cut: boolean } {
  const rows = format === 'x12' ? x12(text) : format === 'edifact' ? edifact(text) : [];
  const all = rows.length ? rows : text.replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n').map((l, i) => ({ no: i + 1, id: '', text: l, pieces: [] }));
  return { rows: all.slice(0, MOST_ROWS), cut: all.length > MOST_ROWS };
}

/** Each interchange names its own delimiters in the fixed places of its ISA. */
function x12(text: string): Row[] {
  const rows: Row[] = [];
  let element = '', component = '', end = '', at = 0;
  while (at < text.length && rows.length <= MOST_ROWS) {
    while (at < text.length && /\s/.test(text[at]!) && text[at] !== end) at++;
    if (at >= text.length) break;
    if (text.startsWith('ISA', at) && text.length > at + 105) { element = text[at + 3]!; component = text[at + 104]!; end = text[at + 105]!; }
    if (!end) return [];
    const stop = text.indexOf(end, at), till = stop < 0 ? text.length : stop;
    const body = text.slice(at, till), isa = body.startsWith('ISA');
    rows.push({ no: rows.length + 1, id: body.split(element, 1)[0] ?? '', text: text.slice(at, Math.min(till + 1, text.length)).trimEnd(), pieces: pieces(body, element, isa ? '' : component, '') });
    at = till + 1;
  }
  return rows;
}

function edifact(text: string): Row[] {
  const rows: Row[] = [];
  const una = /^\s*UNA(.)(.)(.)(.)(.)(.)/s.exec(text);
  const [component, element, release, end] = una ? [una[1]!, una[2]!, una[4]! === ' ' ? '' : una[4]!, una[6]!] : [':', '+', '?', "'"];
  let at = 0;
  if (una) { rows.push({ no: 1, id: 'UNA', text: una[0].trim(), pieces: [] }); at = una[0].length; }
  while (at < text.length && rows.length <= MOST_ROWS) {
    while (at < text.length && /\s/.test(text[at]!)) at++;
    if (at >= text.length) break;
    let till = at;
    while (till < text.length && text[till] !== end) till += text[till] === release && release ? 2 : 1;
    const body = text.slice(at, Math.min(till, text.length));
    rows.push({ no: rows.length + 1, id: /^\w*/.exec(body)?.[0] ?? '', text: text.slice(at, Math.min(till + 1, text.length)), pieces: pieces(body, element, component, release) });
    at = till + 1;
  }
  return rows;
}

function pieces(body: string, element: string, component: string, release: string): Piece[] {
  const out: Piece[] = [];
  let e = 0, c = 1, from = 0;
  for (let i = 0; i <= body.length; i++) {
    const x = body[i];
    if (x !== undefined && release && x === release) { i++; continue; }
    if (x !== undefined && x !== element && !(component && x === component && e > 0)) continue;
    if (e > 0) out.push({ from, to: i, element: e, component: c });
    if (x === element || x === undefined) { e++; c = 1; } else c++;
    from = i + 1;
  }
  return out;
}

/** "PO102 (segment 5 of the file, byte 192)", "line 3, /Order/ID", "row 4, column 'qty'", "/lines/0/quantity". */
export function placeOf(where: string, rows: Row[], text: string): Place | null {
  const segment = /\(segment (\d+) of the file/.exec(where);
  if (segment) {
    const row = Number(segment[1]) - 1, id = rows[row]?.id ?? '';
    const label = new RegExp(`\\b${id.replace(/\W/g, '')}(\\d+)(?:\\.(\\d+))? \\(segment`).exec(where);
    return rows[row] ? { row, element: label ? Number(label[1]) : undefined, component: label?.[2] ? Number(label[2]) : undefined } : null;
  }
  const line = /(?:^|[\s:])(?:line|row) (\d+)(?:, |$|:)/.exec(where.replace(/^Line \d+: /, ''));
  if (line && rows[Number(line[1]) - 1]) return { row: Number(line[1]) - 1 };
  const pointer = /(\/[\w/~.-]+)$/.exec(where);
  if (pointer) { const at = jsonLine(text, pointer[1]!); if (at !== null && rows[at]) return { row: at }; }
  return null;
}

/** The line on which a value of a JSON text stands; null when the text is no JSON or has no such value. */
export function jsonLine(text: string, pointer: string): number | null {
  const want = pointer.split('/').slice(1).map((p) => p.replace(/~1/g, '/').replace(/~0/g, '~'));
  let i = 0, found: number | null = null;
  const skip = () => { while (i < text.length && /[\s]/.test(text[i]!)) i++; };
  const string = () => { const from = i++; while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1; i++; return text.slice(from, i); };
  const same = (path: string[]) => path.length === want.length && path.every((p, n) => p === want[n]);
  const value = (path: string[], depth: number): void => {
    skip();
    if (found === null && same(path)) found = text.slice(0, i).split('\n').length - 1;
    if (i >= text.length || depth > 60) { i = text.length; return; }
    const open = text[i];
    if (open === '{' || open === '[') {
      i++;
      for (let n = 0; i < text.length; n++) {
        skip();
        if (text[i] === '}' || text[i] === ']') { i++; return; }
        let key = String(n);
        if (open === '{') { if (text[i] !== '"') { i = text.length; return; } try { key = JSON.parse(string()) as string; } catch { i = text.length; return; } skip(); i++; }
        value([...path, key], depth + 1);
        skip();
        if (text[i] === ',') i++;
      }
    } else if (open === '"') string();
    else while (i < text.length && !/[\s,\]}]/.test(text[i]!)) i++;
  };
  if (/^\s*[[{]/.test(text)) value([], 0);
  return found;
}

export interface Marked { finding: Finding; place: Place | null; error: boolean }
export const marked = (errors: Finding[], notes: Finding[], rows: Row[], text: string): Marked[] =>
  [...errors.map((finding) => ({ finding, error: true })), ...notes.map((finding) => ({ finding, error: false }))].map((m) => ({ ...m, place: placeOf(m.finding.where, rows, text) }));

/** Whether a piece of a row is (part of) the place. */
export const covers = (p: Place | null, row: number, piece?: Piece) =>
  !!p && p.row === row && (!piece ? p.element === undefined : p.element === piece.element && (p.component === undefined || p.component === 0 || p.component === piece.component));

/** The place of an origin in the text: a segment's element, or a line. */
export function origin(o: Origin, text: string): Place | null {
  if (o.index !== null) return { row: o.index, element: o.element ?? undefined, component: o.component || undefined };
  const line = o.line ?? o.row ?? (o.member !== null ? (jsonLine(text, o.member) ?? -1) + 1 : 0);
  return line > 0 ? { row: line - 1 } : null;
}
