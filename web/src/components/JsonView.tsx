/* A tree of any JSON: folds by itself below the second level, prints long text whole. With `link`, values that came from a
   place in a document are buttons that choose it. */
import type { ReactNode } from 'react';
import type { Json } from '../api/types';
import { t } from '../i18n';

export interface Linked { places: ReadonlyMap<string, unknown>; chosen: ReadonlySet<string>; choose: (pointer: string) => void }

const escape = (k: string) => k.replace(/~/g, '~0').replace(/\//g, '~1');

export function JsonView({ of, depth = 0, link, at = '' }: { of: Json | undefined; depth?: number; link?: Linked; at?: string }): ReactNode {
  if (of === null || of === undefined) return <span className="jn">null</span>;
  if (typeof of !== 'object') return <span className={typeof of === 'string' ? 'js' : 'jn'}>{typeof of === 'string' ? of || '""' : String(of)}</span>;
  const entries: [string, Json][] = Array.isArray(of) ? of.map((v, i) => [String(i), v]) : Object.entries(of);
  if (!entries.length) return <span className="muted">{t.json.empty}</span>;
  return (
    <ul className="json">
      {entries.map(([k, v]) => {
        const nested = v !== null && typeof v === 'object' && Object.keys(v).length > 0, pointer = `${at}/${escape(k)}`;
        if (!nested) {
          const on = link?.chosen.has(pointer);
          return link?.places.has(pointer)
            ? <li key={k}><button type="button" className="jlink" tabIndex={-1} data-stop data-at={on || undefined} aria-pressed={on} onClick={() => link.choose(pointer)}><span className="jk">{k}</span> <JsonView of={v} /></button></li>
            : <li key={k}><span className="jk">{k}</span> <JsonView of={v} /></li>;
        }
        const n = Object.keys(v).length;
        return <li key={k}><details open={depth < (link ? 4 : 2)}><summary><span className="jk">{k}</span> <span className="muted small">{Array.isArray(v) ? t.json.items(n) : t.json.fields(n)}</span></summary><JsonView of={v} depth={depth + 1} link={link} at={pointer} /></details></li>;
      })}
    </ul>
  );
}
