/* A tree of any JSON: folds by itself below the second level, prints long text whole. */
import type { Json } from '../api/types';
import { t } from '../i18n';

export function JsonView({ of, depth = 0 }: { of: Json | undefined; depth?: number }) {
  if (of === null || of === undefined) return <span className="jn">null</span>;
  if (typeof of !== 'object') return <span className={typeof of === 'string' ? 'js' : 'jn'}>{typeof of === 'string' ? of || '""' : String(of)}</span>;
  const entries: [string, Json][] = Array.isArray(of) ? of.map((v, i) => [String(i), v]) : Object.entries(of);
  if (!entries.length) return <span className="muted">{t.json.empty}</span>;
  return (
    <ul className="json">
      {entries.map(([k, v]) => {
        const nested = v !== null && typeof v === 'object' && Object.keys(v).length > 0;
        if (!nested) return <li key={k}><span className="jk">{k}</span> <JsonView of={v} /></li>;
        const n = Object.keys(v).length;
        return <li key={k}><details open={depth < 2}><summary><span className="jk">{k}</span> <span className="muted small">{Array.isArray(v) ? t.json.items(n) : t.json.fields(n)}</span></summary><JsonView of={v} depth={depth + 1} /></details></li>;
      })}
    </ul>
  );
}
