/* What is done with a map: compared with what is stored, saved as a draft, put in force once the comparison was seen. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Button, NativeSelect, NumberInput, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Comparison, MapVersion } from '../api/types';
import { t, word } from '../i18n';
import { done, failed } from '../lib/notify';
import { Empty, Failed, Panel, Rows, When } from './Bits';
import { Modal } from './Dialog';
import { Findings } from './Findings';

const COMPARED = 50, FIELDS = 40;

export function Compare({ map, source, ok }: { map: string; source: string; ok: boolean }) {
  const [n, setN] = useState<number | string>(COMPARED), [busy, setBusy] = useState(false), [result, setResult] = useState<Comparison | null>(null);
  const go = async () => { setBusy(true); try { setResult(await act.compareMap(map, source, Number(n) || COMPARED)); } catch (e) { failed(t.maps.compareFailed, e); } setBusy(false); };
  return (
    <Panel title={t.maps.compare} right={<form className="bar" onSubmit={(e) => { e.preventDefault(); void go(); }}><NumberInput size="xs" w={80} min={1} max={500} aria-label={t.maps.howMany} value={n} onChange={setN} /><Button type="submit" size="compact-sm" loading={busy} disabled={!ok}>{t.maps.run}</Button></form>}>
      {!result ? <Empty title={t.maps.compareLead}>{t.maps.compareWhy}</Empty> : <Compared of={result} />}
    </Panel>
  );
}

function Compared({ of: result }: { of: Comparison }) {
  return (
    <>
      <p className="pad" role="status">{t.maps.compared(result.replayed, result.same, result.differing.length)}{!result.complete && ` ${t.maps.incomplete(result.of)}`}</p>
      <ul className="list">{result.differing.map((d) => (
        <li key={d.document}><div className="a"><Link to="/documents/$id" params={{ id: d.document }}>{word(t.docTypes, d.type)} {d.po}</Link><span className="muted">{d.partner}</span><span className="muted"><When at={d.received_at} /></span></div>
          {d.fields.length > 0 && <table className="tbl plain" aria-label={t.maps.fields}><thead><tr><th scope="col">{t.maps.field}</th><th scope="col">{t.maps.before}</th><th scope="col">{t.maps.after}</th></tr></thead><tbody>{d.fields.slice(0, FIELDS).map((x) => <tr key={x.pointer}><td className="mono">{x.pointer}</td><td className="mono">{x.before === null ? '–' : JSON.stringify(x.before)}</td><td className="mono">{x.after === null ? '–' : JSON.stringify(x.after)}</td></tr>)}</tbody></table>}
          {d.appeared.length > 0 && <Findings of={d.appeared} brief />}{d.gone.length > 0 && <p className="muted small">{t.maps.gone(d.gone.map((g) => g.code).join(', '))}</p>}</li>
      ))}</ul>
    </>
  );
}

export function SaveDialog({ of, source, drafted, close, saved }: { of: MapVersion; source: string; drafted: number; close: () => void; saved: (version: number) => void }) {
  const [note, setNote] = useState(''), [busy, setBusy] = useState(false);
  const go = async () => { setBusy(true); try { const r = await act.saveMap(of.map, source, note.trim(), of.status === 'draft' ? of.revision : drafted); done(t.maps.saved(r.version)); saved(r.version); close(); } catch (e) { failed(t.maps.saveFailed, e); setBusy(false); } };
  return <Modal opened onClose={close} title={t.maps.saveTitle(of.map)} closeButtonProps={{ 'aria-label': t.act.close }}><form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}><p className="muted">{t.maps.saveBody}</p><Textarea label={t.maps.note} value={note} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} data-autofocus /><div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy}>{t.maps.save}</Button></div></form></Modal>;
}

/** A version is put in force by whoever has seen what it would have changed for those whose documents it will read. */
export function ActivateDialog({ of, close, activated }: { of: MapVersion; close: () => void; activated: (partner: string) => void }) {
  const [partner, setPartner] = useState(''), [note, setNote] = useState(''), [busy, setBusy] = useState(false);
  const [seen, see] = useState<Comparison | null>(null), [wrong, setWrong] = useState<unknown>(null), turn = useRef(0);
  const { data } = useQuery(q.partners());
  const names = useMemo(() => data?.items ?? [], [data]);
  const compare = useCallback(async () => {
    const mine = ++turn.current;
    see(null); setWrong(null);
    try { const found = await act.compareMap(of.map, of.source, COMPARED, partner); if (mine === turn.current) see(found); } catch (e) { if (mine === turn.current) setWrong(e); }
  }, [of.map, of.source, partner]);
  useEffect(() => { void compare(); }, [compare]);
  const go = async () => { setBusy(true); try { await act.activateMap(of.map, of.version, partner, note.trim()); activated(partner); close(); } catch (e) { failed(t.maps.activateFailed, e); setBusy(false); } };
  return (
    <Modal opened onClose={close} size="lg" title={of.version === 0 ? t.maps.backTitle(of.map) : t.maps.activateTitle(of.map, of.version)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <p className="muted">{t.maps.activateBody}</p>
        <NativeSelect label={t.maps.whose} value={partner} onChange={(e) => setPartner(e.currentTarget.value)} data={[{ value: '', label: t.maps.everyone }, ...names.map((p) => ({ value: p.id, label: p.name }))]} />
        <TextInput label={t.maps.note} value={note} onChange={(e) => setNote(e.currentTarget.value)} data-autofocus />
        <section className="boxed" aria-label={t.maps.wouldHave}><h3>{t.maps.wouldHave}</h3><div className="seen" tabIndex={0} role="region" aria-label={t.list.scroll(t.maps.wouldHave)}>{wrong ? <Failed error={wrong} retry={() => void compare()} /> : seen ? <Compared of={seen} /> : <Rows n={3} />}</div></section>
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy} disabled={!seen}>{t.maps.activate}</Button></div>
      </form>
    </Modal>
  );
}
