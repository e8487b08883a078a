/* What it is worth: each line of the ledger with the numbers it comes from; baseline and prices that a person entered. */
import { useState } from 'react';
import { Button, NumberInput, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Ledger } from '../api/types';
import { t, word } from '../i18n';
import { date, money, num } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useSession } from '../lib/session';
import { Empty, Failed, Panel, Rows } from './Bits';
import { Modal } from './Dialog';

type Asked = Record<string, string | undefined>;

export function Worth({ asked }: { asked: Asked }) {
  const { data, error, refetch } = useQuery(q.value(asked));
  const [editing, edit] = useState<'assumptions' | 'baseline' | null>(null);
  const may = useSession().role === 'admin';
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Rows n={10} />;
  const prices = data.assumptions.body, currency = String(prices.currency);
  const range = (low: string | null, high: string | null) => (low === null ? '' : `${money(low, currency, true)} – ${money(high, currency, true)}`);
  return (
    <>
      <Panel title={t.worth.title} right={may && <Button size="compact-sm" variant={data.baseline ? 'default' : 'filled'} onClick={() => edit('baseline')}>{t.worth.record}</Button>}>
        {data.baseline === null
          ? <Empty title={t.worth.none}>{t.worth.noneWhy}</Empty>
          : <div className="worth pad"><div><strong className="big num">{money(data.net, currency, true)}</strong><span className="muted">{t.worth.net}</span></div><p className="muted small">{t.worth.between(range(data.gross_low, data.gross_high), money(data.gross, currency, true), money(data.cost, currency, true))}</p></div>}
        <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.worth.title)}>
          <table className="tbl plain" aria-label={t.worth.title}>
            <thead><tr><th>{t.worth.what}</th><th className="r">{t.worth.actual}</th><th className="r">{t.worth.expected}</th><th className="r">{t.worth.saved}</th><th className="r">{t.worth.price}</th><th className="r">{t.worth.money}</th><th className="r">{t.figures.range}</th></tr></thead>
            <tbody>{data.lines.map((n) => (
              <tr key={n.key}><td title={n.formula}>{n.label}<br /><span className="muted small">{n.formula}</span></td><td className="r num">{num(n.actual)}</td><td className="r num">{num(n.expected)}</td><td className={`r num ${n.saved !== null && Number(n.saved) < 0 ? 'bad' : ''}`}>{num(n.saved)}</td><td className="r num">{money(n.price, currency)}</td><td className={`r num ${n.money !== null && Number(n.money) < 0 ? 'bad' : ''}`}>{money(n.money, currency)}</td><td className="r num muted">{range(n.money_low, n.money_high)}</td></tr>
            ))}</tbody>
          </table>
        </div>
      </Panel>
      <div className="two">
        <Panel title={t.worth.assumptions} right={may && <Button size="compact-sm" variant="default" onClick={() => edit('assumptions')}>{t.worth.change}</Button>}>
          {data.assumptions.version === 0 && <p className="pad warn small">{t.worth.unconfirmed}</p>}
          <dl className="facts pad">{Object.entries(prices).map(([k, v]) => <div key={k}><dt>{word(t.worth.fields, k)}</dt><dd className="num">{typeof v === 'string' ? v : num(v as number)}</dd></div>)}</dl>
        </Panel>
        <Panel title={t.worth.baseline}>
          {data.baseline ? <>
            <p className="pad small">{t.worth.from(date(String(data.baseline.body.since)), date(String(data.baseline.body.until)), word(t.worth.sources, String(data.baseline.body.source)), data.baseline.put_by)}{data.baseline.body.note ? ` ${String(data.baseline.body.note)}` : ''}</p>
            <dl className="facts pad">{Object.entries(data.baseline.body.effort as Record<string, number>).map(([k, v]) => <div key={k}><dt>{word(t.worth.efforts, k)}</dt><dd className="num">{num(v)}</dd></div>)}</dl>
          </> : <Empty title={t.worth.none}>{t.worth.noneHow}</Empty>}
        </Panel>
      </div>
      {editing === 'assumptions' && <Prices of={data} close={() => edit(null)} />}
      {editing === 'baseline' && <Baseline of={data} close={() => edit(null)} />}
    </>
  );
}

function Prices({ of, close }: { of: Ledger; close: () => void }) {
  const qc = useQueryClient();
  const [given, set] = useState<Record<string, string | number>>(Object.fromEntries(Object.entries(of.assumptions.body).map(([k, v]) => [k, v as string | number])));
  const save = () => act.setAssumptions(given).then(() => { void qc.invalidateQueries({ queryKey: ['/value'] }); done(t.worth.kept); close(); }, (e: unknown) => failed(t.worth.notKept, e));
  return (
    <Modal opened onClose={close} title={t.worth.assumptions} closeButtonProps={{ 'aria-label': t.act.close }} size="lg">
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void save(); }}>
        <p className="muted small">{t.worth.changeWhy}</p>
        <div className="two">{Object.entries(given).map(([k, v]) => (k === 'currency'
          ? <TextInput key={k} size="xs" label={word(t.worth.fields, k)} value={v} maxLength={3} onChange={(e) => set({ ...given, [k]: e.currentTarget.value.toUpperCase() })} />
          : <NumberInput key={k} size="xs" label={word(t.worth.fields, k)} value={v} min={0} decimalScale={4} onChange={(x) => set({ ...given, [k]: x === '' ? 0 : x })} />))}</div>
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit">{t.figures.save}</Button></div>
      </form>
    </Modal>
  );
}

function Baseline({ of, close }: { of: Ledger; close: () => void }) {
  const qc = useQueryClient();
  const [since, setSince] = useState(of.since), [until, setUntil] = useState(of.until), [note, setNote] = useState('');
  const [effort, setEffort] = useState<Record<string, string | number> | null>(null);
  const save = () => act.setBaseline({ since, until, note, ...(effort ? { effort } : {}) }).then(() => { void qc.invalidateQueries({ queryKey: ['/value'] }); done(t.worth.kept); close(); }, (e: unknown) => failed(t.worth.notKept, e));
  return (
    <Modal opened onClose={close} title={t.worth.record} closeButtonProps={{ 'aria-label': t.act.close }} size="lg">
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void save(); }}>
        <p className="muted small">{effort ? t.worth.stateWhy : t.worth.measureWhy}</p>
        <div className="two"><TextInput size="xs" type="date" label={t.figures.since} value={since} max={until} onChange={(e) => setSince(e.currentTarget.value)} /><TextInput size="xs" type="date" label={t.figures.until} value={until} min={since} onChange={(e) => setUntil(e.currentTarget.value)} /></div>
        {effort && <div className="two">{Object.entries(effort).map(([k, v]) => <NumberInput key={k} size="xs" label={word(t.worth.efforts, k)} value={v} min={0} onChange={(x) => setEffort({ ...effort, [k]: x === '' ? 0 : x })} />)}</div>}
        <Textarea size="xs" label={t.worth.note} value={note} maxLength={2000} onChange={(e) => setNote(e.currentTarget.value)} />
        <div className="buttons"><Button variant="subtle" onClick={() => setEffort(effort ? null : Object.fromEntries(Object.keys(of.effort).map((k) => [k, 0])))}>{effort ? t.worth.measure : t.worth.state}</Button><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit">{t.figures.save}</Button></div>
      </form>
    </Modal>
  );
}
