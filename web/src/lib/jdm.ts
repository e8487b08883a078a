/* A decision table as one edits it: a JDM document of which one grid is shown. Every change gives a new document, so that
   each can be undone. */
export type Cells = Record<string, string>;
export interface Column { id: string; name: string; field: string; kind: 'in' | 'out' | 'note' | 'id' }
export interface JdmNode { id: string; name: string; type: string; content: Record<string, unknown> & { hitPolicy?: string; inputs?: { id: string; name?: string; field?: string }[]; outputs?: { id: string; name?: string; field?: string }[]; rules?: Cells[]; expressions?: { id: string; key: string; value: string }[]; schema?: string } }
export interface Jdm { metadata?: { title?: string; [k: string]: unknown }; nodes: JdmNode[]; edges: unknown[]; [k: string]: unknown }
export interface TestCase { name?: string; input?: unknown; hit?: string[]; expect?: Record<string, unknown> }
interface Schema { type?: string; required?: string[]; properties?: Record<string, { type?: string }> }

export const grids = (d: Jdm) => d.nodes.filter((n) => n.type === 'decisionTableNode');
export const grid = (d: Jdm, id?: string): JdmNode | undefined => grids(d).find((n) => n.id === id) ?? grids(d)[0];
export const rulesOf = (n: JdmNode) => n.content.rules ?? [];
export const columnsOf = (n: JdmNode, note: string, ident: string): Column[] => [
  ...(n.content.inputs ?? []).map((c) => ({ id: c.id, name: c.name ?? c.field ?? c.id, field: c.field ?? '', kind: 'in' as const })),
  ...(n.content.outputs ?? []).map((c) => ({ id: c.id, name: c.name ?? c.field ?? c.id, field: c.field ?? '', kind: 'out' as const })),
  { id: '_description', name: note, field: '', kind: 'note' as const }, { id: '_id', name: ident, field: '', kind: 'id' as const },
];

const withGrid = (d: Jdm, n: JdmNode, content: Partial<JdmNode['content']>): Jdm => ({ ...d, nodes: d.nodes.map((x) => (x.id === n.id ? { ...x, content: { ...x.content, ...content } } : x)) });
const free = (wanted: string, taken: Set<string>) => { let id = wanted; for (let k = 2; taken.has(id); k++) id = `${wanted}-${k}`; return id; };
const rowIds = (d: Jdm) => new Set(grids(d).flatMap((n) => rulesOf(n).map((r) => r._id ?? '')));
const slug = (s: string) => s.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '') || 'column';

export const setPolicy = (d: Jdm, n: JdmNode, hitPolicy: string) => withGrid(d, n, { hitPolicy });
export const setRules = (d: Jdm, n: JdmNode, rules: Cells[]) => withGrid(d, n, { rules });
export const setTitle = (d: Jdm, title: string): Jdm => ({ ...d, metadata: { ...d.metadata, title } });
export const setExpression = (d: Jdm, node: string, id: string, change: { key?: string; value?: string }): Jdm => ({ ...d, nodes: d.nodes.map((x) => (x.id === node ? { ...x, content: { ...x.content, expressions: (x.content.expressions ?? []).map((e) => (e.id === id ? { ...e, ...change } : e)) } } : x)) });

export function addRow(d: Jdm, n: JdmNode, at: number, copy?: Cells): Jdm {
  const cols = columnsOf(n, '', '').filter((c) => c.kind === 'in' || c.kind === 'out');
  const row: Cells = copy ? { ...copy } : Object.fromEntries(cols.map((c) => [c.id, '']));
  row._id = free(copy?._id ?? 'row', rowIds(d)); row._description = copy?._description ?? '';
  return setRules(d, n, [...rulesOf(n).slice(0, at), row, ...rulesOf(n).slice(at)]);
}
export const removeRows = (d: Jdm, n: JdmNode, from: number, to: number) => setRules(d, n, rulesOf(n).filter((_, i) => i < from || i > to));
export function moveRow(d: Jdm, n: JdmNode, from: number, to: number): Jdm {
  const rules = [...rulesOf(n)], [row] = rules.splice(from, 1);
  if (!row || to < 0 || to > rules.length) return d;
  rules.splice(to, 0, row);
  return setRules(d, n, rules);
}
/** Writes a block of cells with its upper left corner at a place; rows that are missing are added. */
export function write(d: Jdm, n: JdmNode, columns: Column[], row: number, column: number, block: string[][]): Jdm {
  let now = d, node = n;
  while (rulesOf(node).length < row + block.length) { now = addRow(now, node, rulesOf(node).length); node = grid(now, n.id)!; }
  const rules = rulesOf(node).map((r, i) => {
    const line = block[i - row];
    if (!line) return r;
    const changed: Cells = { ...r };
    line.forEach((v, k) => { const c = columns[column + k]; if (c) changed[c.id] = v; });
    return changed;
  });
  return setRules(now, node, rules);
}

const inputNode = (d: Jdm) => d.nodes.find((x) => x.type === 'inputNode');
function schemaOf(d: Jdm): Schema { try { return JSON.parse(inputNode(d)?.content.schema ?? '{}') as Schema; } catch { return {}; } }
export const typeOf = (d: Jdm, field: string) => schemaOf(d).properties?.[field]?.type ?? '';
export const isRequired = (d: Jdm, field: string) => schemaOf(d).required?.includes(field) ?? false;
/** A plain input by that name: its type, and whether a decision needs it, are the schema's. */
export function setType(d: Jdm, field: string, type: string, required: boolean): Jdm {
  if (!/^[A-Za-z_]\w*$/.test(field)) return d;
  const s = schemaOf(d), properties = { ...s.properties };
  if (type) properties[field] = { ...properties[field], type }; else delete properties[field];
  const rest = (s.required ?? []).filter((x) => x !== field);
  const schema = JSON.stringify({ ...s, type: 'object', required: required ? [...rest, field] : rest, properties });
  return { ...d, nodes: d.nodes.map((x) => (x.type === 'inputNode' ? { ...x, content: { ...x.content, schema } } : x)) };
}
export function addColumn(d: Jdm, n: JdmNode, kind: 'in' | 'out', name: string, field: string): Jdm {
  const taken = new Set(columnsOf(n, '', '').map((c) => c.id)), id = free(kind === 'out' ? `to_${slug(field || name)}` : slug(field || name), taken);
  const key = kind === 'in' ? 'inputs' : 'outputs';
  return withGrid(d, n, { [key]: [...(n.content[key] ?? []), { id, name, field }], rules: rulesOf(n).map((r) => ({ ...r, [id]: '' })) });
}
export function setColumn(d: Jdm, n: JdmNode, c: Column, name: string, field: string): Jdm {
  const key = c.kind === 'in' ? 'inputs' : 'outputs';
  return withGrid(d, n, { [key]: (n.content[key] ?? []).map((x) => (x.id === c.id ? { ...x, name, field } : x)) });
}
export function removeColumn(d: Jdm, n: JdmNode, c: Column): Jdm {
  const key = c.kind === 'in' ? 'inputs' : 'outputs';
  return withGrid(d, n, { [key]: (n.content[key] ?? []).filter((x) => x.id !== c.id), rules: rulesOf(n).map(({ [c.id]: _, ...r }) => r) });
}
export function moveColumn(d: Jdm, n: JdmNode, c: Column, by: number): Jdm {
  const key = c.kind === 'in' ? 'inputs' : 'outputs', all = [...(n.content[key] ?? [])], at = all.findIndex((x) => x.id === c.id), [one] = all.splice(at, 1);
  if (!one || at + by < 0 || at + by > all.length) return d;
  all.splice(at + by, 0, one);
  return withGrid(d, n, { [key]: all });
}

/** What a spreadsheet puts on the clipboard: lines, tabs, and quotation marks around cells that hold either. */
export function fromTsv(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = '', quoted = false;
  const t = text.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  for (let i = 0; i < t.length; i++) {
    const c = t[i]!;
    if (quoted) { if (c === '"' && t[i + 1] === '"') { cell += '"'; i++; } else if (c === '"') quoted = false; else cell += c; }
    else if (c === '"' && cell === '' && /^"(?:[^"]|"")*"(?:[\t\n]|$)/.test(t.slice(i))) quoted = true;
    else if (c === '\t' || c === '\n') { rows[rows.length - 1]!.push(cell); cell = ''; if (c === '\n') rows.push([]); }
    else cell += c;
  }
  rows[rows.length - 1]!.push(cell);
  return rows;
}
export const toTsv = (block: string[][]) => block.map((r) => r.map((c) => (/[\t\n]/.test(c) ? `"${c.replace(/"/g, '""')}"` : c)).join('\t')).join('\n');
