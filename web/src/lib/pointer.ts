/* JSON pointers (RFC 6901): reading, and writing into a copy. `*` stands for every element, and is spread out here. */
import type { Json } from '../api/types';

const parts = (p: string) => p.split('/').slice(1).map((s) => s.replace(/~1/g, '/').replace(/~0/g, '~'));
const esc = (s: string) => s.replace(/~/g, '~0').replace(/\//g, '~1');

export function read(doc: Json | undefined, pointer: string): Json | undefined {
  let at: Json | undefined = doc;
  for (const k of parts(pointer)) {
    if (Array.isArray(at)) at = at[Number(k)];
    else if (at && typeof at === 'object') at = at[k];
    else return undefined;
  }
  return at;
}

export function write(doc: Json, pointer: string, value: Json): Json {
  const [k, ...rest] = parts(pointer);
  if (k === undefined) return value;
  const tail = rest.length ? `/${rest.map(esc).join('/')}` : '';
  if (Array.isArray(doc)) return doc.map((v, i) => (i === Number(k) ? write(v, tail, value) : v));
  const o = doc && typeof doc === 'object' ? doc : {};
  return { ...o, [k]: write(o[k] ?? {}, tail, value) };
}

/** Pointers without `*` or `-`, one for each value that exists. */
export function spread(doc: Json, pointers: string[]): string[] {
  return pointers.flatMap((p) => {
    const star = p.split('/').findIndex((s) => s === '*');
    if (star < 0) return [p];
    const head = p.split('/').slice(0, star).join('/'), tail = p.split('/').slice(star + 1);
    const list = read(doc, head);
    const keys = Array.isArray(list) ? list.map((_, i) => String(i)) : list && typeof list === 'object' ? Object.keys(list).map(esc) : [];
    return spread(doc, keys.map((k) => [head, k, ...tail].join('/')));
  });
}

/** The single values below a pointer, so that a whole list that may be edited becomes fields; an empty one stays itself. */
export function leaves(doc: Json, pointer: string): string[] {
  const at = read(doc, pointer);
  if (at === null || typeof at !== 'object') return [pointer];
  const below = (Array.isArray(at) ? at.map((_, i) => String(i)) : Object.keys(at).map(esc)).flatMap((k) => leaves(doc, `${pointer}/${k}`));
  return below.length ? below : [pointer];
}

/** `/lines/0/unit_price` → Lines 1 › Unit price */
export const name = (pointer: string, words: (s: string) => string) =>
  parts(pointer).reduce<string[]>((a, p) => (/^\d+$/.test(p) && a.length ? [...a.slice(0, -1), `${a[a.length - 1]} ${Number(p) + 1}`] : [...a, words(p)]), []).join(' › ');
