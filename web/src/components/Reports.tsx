/* Figures by mail: who gets which period at which hour, when it went last, and why it did not. */
import { useState } from 'react';
import { Button, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Report, ReportDocument } from '../api/types';
import { t, word } from '../i18n';
import { done, failed } from '../lib/notify';
import { useSession } from '../lib/session';
import { Empty, Failed, Panel, Rows, When } from './Bits';
import { Modal } from './Dialog';

const NEW: ReportDocument = { to: [], every: 'week', at: '07:00', weekday: 1, day: 1, days: 7 };

export function Reports() {
  const may = useSession().role === 'admin';
  const { data, error, refetch } = useQuery({ ...q.reports(), enabled: may });
  const qc = useQueryClient();
  const [editing, edit] = useState<{ name: string; document: ReportDocument } | null>(null);
  const after = () => qc.invalidateQueries({ queryKey: ['/reports'] });
  if (!may) return <Empty title={t.reports.title}>{t.reports.admins}</Empty>;
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Rows n={6} />;
  const send = (r: Report) => act.sendReport(r.name).then(() => { void after(); done(t.reports.going(r.name)); }, (e: unknown) => failed(t.reports.notSent, e));
  const remove = (r: Report) => act.removeReport(r.name).then(() => { void after(); done(t.reports.removed(r.name), '', () => void act.putReport(r.name, r.document).then(after)); }, (e: unknown) => failed(t.reports.notRemoved, e));
  return (
    <Panel title={t.reports.title} right={<Button size="compact-sm" onClick={() => edit({ name: '', document: NEW })}>{t.reports.add}</Button>}>
      {data.items.length === 0 ? <Empty title={t.reports.empty}>{t.reports.emptyWhy}</Empty> : (
        <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.reports.title)}>
          <table className="tbl plain" aria-label={t.reports.title}>
            <thead><tr><th>{t.reports.name}</th><th>{t.reports.to}</th><th>{t.reports.every}</th><th>{t.reports.next}</th><th>{t.reports.last}</th><th><span className="sr">{t.act.actions}</span></th></tr></thead>
            <tbody>{data.items.map((r) => (
              <tr key={r.name}>
                <td><button type="button" className="plain-button w550" onClick={() => edit({ name: r.name, document: r.document })}>{r.name}</button>{r.error && <><br /><span className="bad small">{r.error}</span></>}</td>
                <td title={r.document.to.join(', ')}>{r.document.to[0]}{r.document.to.length > 1 && ` +${r.document.to.length - 1}`}</td>
                <td>{word(t.reports.spans, r.document.every)}, {r.document.at}</td><td><When at={r.next_at} /></td><td>{r.sent_at ? <When at={r.sent_at} /> : <span className="muted">{t.reports.never}</span>}</td>
                <td className="r"><Button size="compact-xs" variant="default" aria-label={`${t.reports.send} ${r.name}`} onClick={() => void send(r)}>{t.reports.send}</Button> <Button size="compact-xs" variant="subtle" aria-label={`${t.reports.remove} ${r.name}`} onClick={() => void remove(r)}>{t.reports.remove}</Button></td>
              </tr>
            ))}</tbody>
          </table>
        </div>)}
      {editing && <Edit of={editing} close={() => edit(null)} after={() => void after()} />}
    </Panel>
  );
}

function Edit({ of, close, after }: { of: { name: string; document: ReportDocument }; close: () => void; after: () => void }) {
  const [name, setName] = useState(of.name), [d, set] = useState(of.document), [to, setTo] = useState(of.document.to.join(', '));
  const save = () => act.putReport(name, { ...d, to: to.split(/[\s,;]+/).filter(Boolean) }).then((r) => { after(); done(t.reports.kept(r.name)); close(); }, (e: unknown) => failed(t.reports.notKept, e));
  return (
    <Modal opened onClose={close} title={of.name || t.reports.add} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void save(); }}>
        <TextInput size="xs" label={t.reports.name} description={t.reports.nameHint} value={name} disabled={!!of.name} required pattern="[a-z0-9][a-z0-9\-]*" onChange={(e) => setName(e.currentTarget.value)} />
        <TextInput size="xs" label={t.reports.to} description={t.reports.toHint} value={to} required onChange={(e) => setTo(e.currentTarget.value)} />
        <div className="two">
          <NativeSelect size="xs" label={t.reports.every} value={d.every} onChange={(e) => set({ ...d, every: e.currentTarget.value })} data={['day', 'week', 'month'].map((v) => ({ value: v, label: word(t.reports.spans, v) }))} />
          <TextInput size="xs" type="time" label={t.reports.at} value={d.at} required onChange={(e) => set({ ...d, at: e.currentTarget.value })} />
          {d.every === 'week' && <NativeSelect size="xs" label={t.reports.weekday} value={String(d.weekday)} onChange={(e) => set({ ...d, weekday: Number(e.currentTarget.value) })} data={t.reports.weekdays.map((w, i) => ({ value: String(i + 1), label: w }))} />}
          {d.every === 'month' && <NumberInput size="xs" label={t.reports.day} value={d.day} min={1} max={28} onChange={(x) => set({ ...d, day: Number(x) })} />}
          <NumberInput size="xs" label={t.reports.days} value={d.days} min={1} max={400} onChange={(x) => set({ ...d, days: Number(x) })} />
        </div>
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit">{t.figures.save}</Button></div>
      </form>
    </Modal>
  );
}
