/* Completion of YAML from a JSON Schema: the keys that may stand where the cursor is, with what the schema says of each, and
   the words of an enumeration. The place is read from the indentation above it, so that it works while the text is broken. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';

interface Schema { $ref?: string; $defs?: Record<string, Schema>; properties?: Record<string, Schema>; additionalProperties?: Schema | boolean; patternProperties?: Record<string, Schema>; items?: Schema; anyOf?: Schema[]; oneOf?: Schema[]; allOf?: Schema[]; if?: Schema; then?: Schema; else?: Schema; description?: string; enum?: unknown[]; const?: unknown; type?: string | string[] }

const KEY = /^(\s*)((?:- +)*)(?:(["']?)([\w.@$/-]+)\3\s*:(?:\s|$))?/;
const MOST_DEPTH = 12;

/** Where a line stands: the keys around it from the outside in, '-' for an item of a list. */
export function pathAt(lines: string[], line: number, column: number): string[] {
  const path: string[] = [];
  let indent = column;
  for (let n = line - 1; n >= 0 && indent > 0; n--) {
    const text = lines[n] ?? '';
    if (!text.trim() || text.trim().startsWith('#')) continue;
    const m = KEY.exec(text);
    if (!m) continue;
    const outer = m[1]!.length, dashes = m[2]!.length, inner = outer + dashes;
    if (m[4] !== undefined && inner < indent) { path.unshift(m[4]); indent = inner; if (dashes) { path.unshift('-'); indent = outer; } }
    else if (dashes && outer < indent && inner >= indent) { path.unshift('-'); indent = outer; }
  }
  return path;
}

function branches(root: Schema, s: Schema | undefined | boolean, depth = 0): Schema[] {
  if (!s || typeof s === 'boolean' || depth > MOST_DEPTH) return [];
  if (s.$ref) { const target = s.$ref.replace(/^#\//, '').split('/').reduce<unknown>((o, k) => (o as Record<string, unknown> | undefined)?.[k], root); return branches(root, target as Schema | undefined, depth + 1); }
  return [s, ...[...(s.anyOf ?? []), ...(s.oneOf ?? []), ...(s.allOf ?? []), s.if, s.then, s.else].flatMap((x) => branches(root, x, depth + 1))];
}

export function placeIn(root: Schema, path: string[]): Schema[] {
  let at = branches(root, root);
  for (const step of path) {
    at = at.flatMap((s) => {
      if (step === '-') return branches(root, s.items);
      const own = s.properties?.[step];
      if (own) return branches(root, own);
      return [...Object.values(s.patternProperties ?? {}).flatMap((x) => branches(root, x)), ...branches(root, s.additionalProperties)];
    });
  }
  return at;
}

export function completer(schema: unknown) {
  const root = schema as Schema;
  return (c: CompletionContext): CompletionResult | null => {
    const doc = c.state.doc, here = doc.lineAt(c.pos), before = here.text.slice(0, c.pos - here.from);
    const value = /^(\s*(?:- +)*)["']?([\w.@$/-]+)["']?\s*:\s+(\S*)$/.exec(before), key = /^(\s*(?:- +)*)([\w.@-]*)$/.exec(before);
    const lines = doc.toString().split('\n').slice(0, here.number);
    if (value) {
      const column = value[1]!.length, words = placeIn(root, [...around(lines, here.number, column, value[1]!), value[2]!]).flatMap((s) => [...(s.enum ?? []), ...(s.const !== undefined ? [s.const] : [])]).filter((w): w is string => typeof w === 'string');
      return words.length ? { from: c.pos - value[3]!.length, options: [...new Set(words)].map((label) => ({ label, type: 'enum' })) } : null;
    }
    if (!key || (!key[2] && !c.explicit)) return null;
    const found = new Map<string, Completion>();
    for (const s of placeIn(root, around(lines, here.number, key[1]!.length, key[1]!))) for (const [label, of] of Object.entries(s.properties ?? {})) if (!found.has(label)) found.set(label, { label, apply: `${label}: `, detail: label === 'do' ? '' : [of.type].flat()[0] ?? '', info: of.description ?? branches(root, of).find((x) => x.description)?.description });
    return found.size ? { from: c.pos - key[2]!.length, options: [...found.values()], validFor: /^[\w.@-]*$/ } : null;
  };
}

/** A line that begins with a dash is inside a new item. */
function around(lines: string[], number: number, column: number, lead: string): string[] {
  const dashes = (lead.match(/-/g) ?? []).length, outer = lead.indexOf('-');
  return dashes ? [...pathAt(lines, number - 1, outer), ...Array.from({ length: dashes }, () => '-')] : pathAt(lines, number - 1, column);
}
