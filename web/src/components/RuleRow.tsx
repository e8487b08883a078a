/* A row of a decision table as a fix: its cells under the names of their columns, and what it would change besides. */
import { Group, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { q } from '../api/queries';
import type { OfLate } from '../api/types';
import { t } from '../i18n';
import { columnsOf, grids, type Jdm } from '../lib/jdm';
import { num } from '../lib/format';
import { Rows } from './Bits';

const WHY = '_description';

/** text: the row as JSON, by the ids of its columns. place: a row of the grid that it belongs to. */
export function RuleRow({ table, place, text, set }: { table: string; place: string; text: string; set: (text: string) => void }) {
  const { data: of } = useQuery(q.table(table));
  const { data: version } = useQuery({ ...q.tableVersion(table, of?.in_force ?? 0), enabled: of?.in_force != null });
  if (!version) return <Rows n={1} />;
  const all = grids(version.document as unknown as Jdm);
  const grid = all.find((g) => g.content.rules?.some((r) => r._id === place)) ?? all[0];
  let row: Record<string, string> = {};
  try { row = JSON.parse(text) as Record<string, string>; } catch { /* what cannot be read is begun anew */ }
  const put = (id: string, cell: string) => set(JSON.stringify({ ...row, [id]: cell }));
  return (
    <fieldset className="stack" style={{ flexBasis: '100%' }}>
      <legend>{t.fixes.cells} · <Link to="/decision-tables/$name" params={{ name: table }}>{table}</Link></legend>
      <TextInput label={t.fixes.unnamed} value={row[WHY] ?? ''} onChange={(e) => put(WHY, e.currentTarget.value)} maxLength={200} />
      <Group align="flex-end" gap="sm">{grid && columnsOf(grid, '', '').filter((c) => c.kind === 'in' || c.kind === 'out').map((c) => <TextInput key={c.id} label={c.name} value={row[c.id] ?? ''} onChange={(e) => put(c.id, e.currentTarget.value)} classNames={{ input: 'mono' }} w={150} />)}</Group>
    </fieldset>
  );
}

/** What the row would change besides what waits. */
export function WouldChange({ of: r }: { of: OfLate }) {
  return (
    <div className="stack">
      <p><strong>{t.fixes.ofLate}</strong>: {t.fixes.wouldChange(num(r.changed), num(r.of), r.of > 0)}</p>
      {r.moved.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={t.list.scroll(t.fixes.ofLate)} style={{ maxHeight: '24vh', flex: 'none' }}>
          <table className="tbl" aria-label={t.fixes.ofLate}>
            <thead><tr>{[t.cases.order, t.fixes.ruleBefore, t.fixes.ruleAfter, t.fixes.how].map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
            <tbody>{r.moved.map((m, n) => <tr key={n}><td><Link className="mono quiet" to="/orders/$order" params={{ order: m.order }}>{m.order}</Link></td><td className="mono">{m.before}</td><td className="mono">{m.after}</td><td style={{ whiteSpace: 'normal' }}>{Object.entries(m.outputs).map(([k, [was, is]]) => `${k}: ${was} → ${is}`).join(', ')}</td></tr>)}</tbody>
          </table>
        </div>
      )}
      {r.renewed.length > 0 && <div><h3 className="small">{t.fixes.renewed}</h3><ul className="toast-list">{r.renewed.map((n) => <li key={n}>{n}</li>)}</ul></div>}
    </div>
  );
}
