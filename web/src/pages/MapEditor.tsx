/* One map beside what it makes of a chosen document. Each change is checked and read again at once; nothing is kept until it
   is saved as a draft, and nothing is read by it until it is put in force. */
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Button, NativeSelect, Select, Tabs } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { DocumentSummary, List, MapCheck, MapDetail, MapPreview, MapVersion } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { dateTime } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanOperate, useCanRepair } from '../lib/session';
import { Empty, Failed, Hints, Panel, Pill, Rows, When } from '../components/Bits';
import { Findings } from '../components/Findings';
import { JsonView } from '../components/JsonView';
import { ActivateDialog, Compare, SaveDialog } from '../components/MapDialogs';
import { PageHead } from '../components/PageHead';
import { Reading } from '../components/Reading';

const YamlEditor = lazy(() => import('../components/YamlEditor'));
const PAUSE_MS = 450; // as long as a person stops to look

export function MapEditor() {
  const { id = '' } = useParams({ strict: false });
  const [f, set] = useFilters();
  const { data: detail, error, refetch } = useQuery(q.map(id));
  const newest = detail?.versions.reduce((a, v) => (v.status !== 'discarded' && v.version > a ? v.version : a), 0);
  const chosen = f.version !== undefined ? Number(f.version) : newest;
  const { data: version, error: missing } = useQuery({ ...q.mapVersion(id, chosen ?? 0), enabled: chosen !== undefined });
  const head = <PageHead title={id} crumbs={[{ label: t.maps.title, to: '/maps' }]} after={version && <Pill of={version.version === 0 ? 'library' : version.status} label={word(t.maps.states, version.version === 0 ? 'library' : version.status)} />} />;
  const bad = error ?? missing;
  if (!detail || !version) return <div className="page">{head}<div className="panel">{bad ? <Failed error={bad} retry={() => void refetch()} /> : <Rows n={12} />}</div></div>;
  return <div className="page mapedit">{head}<Editor key={`${id}/${version.version}`} detail={detail} version={version} pick={(v) => set({ version: v === newest ? undefined : String(v) })} /></div>;
}

function Editor({ detail, version, pick }: { detail: MapDetail; version: MapVersion; pick: (v: number) => void }) {
  const qc = useQueryClient(), may = useCanOperate(), mayActivate = useCanRepair();
  const [f, set] = useFilters();
  const [source, setSource] = useState(version.source), [check, setCheck] = useState<MapCheck>(version.check), [preview, setPreview] = useState<MapPreview | null>(null), [looking, setLooking] = useState(false);
  const [look, setLook] = useState<{ line: number; nonce: number } | null>(null), [asking, ask] = useState<'save' | 'activate' | null>(null);
  const [settled] = useDebouncedValue(source, PAUSE_MS);
  const changed = source !== version.source;
  const type = check.type ?? version.check.type ?? undefined;
  const { data: found } = useQuery({ ...q.documentsOf({ type, limit: 25, q: f.find }), enabled: !!type });
  const docs = (found as List<DocumentSummary> | undefined)?.items ?? [];
  const current = f.doc ?? docs.find((d) => d.status !== 'rejected')?.id ?? docs[0]?.id;
  const { data: doc } = useQuery({ ...q.document(current ?? ''), enabled: !!current });
  const turn = useRef(0);
  useEffect(() => {
    const mine = ++turn.current;
    setLooking(true);
    void (async () => {
      try {
        const c = await act.checkMap(version.map, settled);
        if (mine !== turn.current) return;
        setCheck(c);
        if (c.ok && doc) { const p = await act.previewMap({ map: version.map, source: settled, document: doc.id, direction: doc.direction === 'out' ? 'out' : 'in' }); if (mine === turn.current) setPreview(p); }
      } catch (e) { if (mine === turn.current) failed(t.maps.previewFailed, e); }
      if (mine === turn.current) setLooking(false);
    })();
  }, [settled, doc, version.map]);
  const saved = (to: number) => { void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/maps') }); pick(to); };
  const discard = async () => { try { await act.discardMap(version.map, version.version); done(t.maps.discarded(version.version)); saved(Math.max(...detail.versions.filter((v) => v.status !== 'discarded' && v.version !== version.version).map((v) => v.version))); } catch (e) { failed(t.maps.discardFailed, e); } };
  const back = async (partner: string) => { try { const now = await act.undoMap(version.map, partner); done(t.maps.tookBack, t.maps.forWhom(now.in_force.find((x) => x.partner === partner)?.version ?? 0, partner)); saved(version.version); } catch (e) { failed(t.maps.activateFailed, e); } };
  const mayGo = may && check.ok && changed, save = useRef(mayGo);
  save.current = mayGo;
  useEffect(() => { // also while one types
    const press = (e: KeyboardEvent) => { if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 's') { e.preventDefault(); if (save.current) ask('save'); } };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
  const shown = preview?.documents[0], notes = shown?.findings.filter((x) => x.severity === 'note') ?? [], wrong = shown?.findings.filter((x) => x.severity !== 'note') ?? [];
  return (
    <>
      <div className="bar">
        <NativeSelect size="xs" aria-label={t.maps.versions} value={String(version.version)} onChange={(e) => pick(Number(e.currentTarget.value))} data={detail.versions.filter((v) => v.status !== 'discarded').map((v) => ({ value: String(v.version), label: v.version === 0 ? t.maps.libraryVersion : [t.maps.version(v.version), word(t.maps.states, v.status)].join(', ') + (v.stale ? `, ${t.maps.stale}` : '') }))} />
        <span className="muted small">{detail.in_force.some((x) => x.version > 0) ? `${t.maps.inForce}: ${detail.in_force.filter((x) => x.version > 0).map((x) => t.maps.forWhom(x.version, x.partner)).join(', ')}` : t.maps.libraryInForce}</span>
        <span className="pill" role="status" data-tone={check.ok ? 'ok' : 'bad'}>{check.ok ? (changed ? t.maps.goodChanged : t.maps.good) : t.maps.remarks(check.remarks.length)}</span>
        <div className="bar end">
          {changed && <Button variant="subtle" onClick={() => setSource(version.source)}>{t.maps.undo}</Button>}
          {may && version.status === 'draft' && !changed && <Button variant="subtle" onClick={() => void discard()}>{t.maps.discard}</Button>}
          {may && <Button variant="default" disabled={!mayGo} onClick={() => ask('save')}>{t.maps.save}</Button>}
          {mayActivate && <Button disabled={changed} title={changed ? t.maps.saveFirst : undefined} onClick={() => ask('activate')}>{t.maps.activate}</Button>}
        </div>
      </div>
      <div className="editgrid">
        <Panel title={t.maps.yaml} className="edit-panel">
          <Suspense fallback={<Rows n={10} />}><YamlEditor value={source} onChange={setSource} remarks={check.remarks} label={t.maps.yaml} readOnly={!may} look={look} /></Suspense>
          {check.remarks.length > 0 && <ul className="remarks" aria-label={t.maps.remarks(check.remarks.length)}>{check.remarks.map((r, n) => <li key={n}><button type="button" onClick={() => setLook({ line: r.line, nonce: Date.now() })}>{t.maps.at(r.line, r.column)}</button> {t.reading.said(r.expected, r.found)} <span className="fix">{r.fix}</span></li>)}</ul>}
          {may && <Hints of={[['Ctrl S', t.maps.save], ['F8', t.maps.nextRemark]]} />}
        </Panel>
        <section className="stack" aria-label={t.maps.preview} aria-busy={looking}>
          <div className="bar">
            <Select size="xs" searchable clearable={false} allowDeselect={false} w={340} aria-label={t.maps.document} placeholder={t.maps.document} value={current ?? null} onChange={(v) => set({ doc: v ?? undefined })} onSearchChange={(s) => { if (s.length > 2 && !docs.some((d) => label(d) === s)) set({ find: s }); else if (!s) set({ find: undefined }); }} filter={({ options }) => options}
              data={[...docs, ...(doc && !docs.some((d) => d.id === doc.id) ? [doc] : [])].map((d) => ({ value: d.id, label: label(d) }))} nothingFoundMessage={t.maps.noDocument} comboboxProps={{ withinPortal: true }} />
            <span className="muted small">{looking ? t.maps.looking : doc && (doc.direction === 'out' ? t.maps.writes : t.maps.reads)}</span>
          </div>
          <Tabs defaultValue="preview" keepMounted={false} className="tabs">
            <Tabs.List aria-label={t.maps.preview}><Tabs.Tab value="preview">{t.maps.preview}</Tabs.Tab><Tabs.Tab value="differences">{t.maps.differences} <span className="muted num">{check.differences.length}</span></Tabs.Tab><Tabs.Tab value="compare">{t.maps.compare}</Tabs.Tab><Tabs.Tab value="history">{t.maps.history}</Tabs.Tab></Tabs.List>
            <Tabs.Panel value="preview">
              {!current ? <div className="panel"><Empty title={t.maps.noneToRead}>{t.maps.noneToReadWhy}</Empty></div> : !doc || (!preview && looking) ? <div className="panel"><Rows n={8} /></div>
                : preview?.direction === 'out' ? <Panel title={t.maps.text}>{preview.findings.length > 0 && <Findings of={preview.findings} />}{preview.text && <pre className="code wrap" tabIndex={0} role="region" aria-label={t.list.scroll(t.maps.text)}>{preview.text}</pre>}</Panel>
                : shown && <>
                  {shown.read_by !== version.map && <p className="note">{t.maps.otherMap(shown.read_by ?? '–')}</p>}
                  {wrong.length > 0 && <Panel title={t.documents.errors} count={wrong.length}><Findings of={wrong} /></Panel>}
                  <Reading brief text={doc.raw.text} format={doc.format} parsed={doc.parsed} canonical={shown.canonical} errors={wrong} notes={notes} origins={shown.lineage} />
                  {notes.length > 0 && <Panel title={t.documents.notes} count={notes.length}><Findings of={notes} /></Panel>}
                </>}
            </Tabs.Panel>
            <Tabs.Panel value="differences"><div className="panel">{check.differences.length === 0 ? <Empty title={t.maps.sameAsLibrary} /> : <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.maps.differences)}><table className="tbl plain" aria-label={t.maps.differences}><thead><tr><th scope="col">{t.maps.rule}</th><th scope="col">{t.maps.before}</th><th scope="col">{t.maps.after}</th></tr></thead><tbody>{check.differences.map((d, n) => <tr key={n}><td className="mono">{d.at}</td><td className="mono"><JsonView of={d.before} depth={2} /></td><td className="mono"><JsonView of={d.after} depth={2} /></td></tr>)}</tbody></table></div>}</div></Tabs.Panel>
            <Tabs.Panel value="compare"><Compare map={version.map} source={source} ok={check.ok} /></Tabs.Panel>
            <Tabs.Panel value="history"><Panel title={t.maps.history}>{detail.history.length === 0 ? <Empty title={t.maps.noHistory} /> : <ol className="history body">{detail.history.map((h, n) => <li key={n}><When at={h.activated_at} /> {h.activated_by}: {t.maps.forWhom(h.version, h.partner)} <span className="muted">{h.note}</span>{mayActivate && detail.history.findIndex((x) => x.partner === h.partner) === n && <> <Button size="compact-xs" variant="default" onClick={() => void back(h.partner)}>{t.maps.takeBack}</Button></>}</li>)}</ol>}</Panel></Tabs.Panel>
          </Tabs>
        </section>
      </div>
      {asking === 'save' && <SaveDialog of={version} source={source} close={() => ask(null)} saved={saved} drafted={detail.versions.find((v) => v.status === 'draft')?.revision ?? 0} />}
      {asking === 'activate' && <ActivateDialog of={version} close={() => ask(null)} activated={(partner) => { saved(version.version); done(t.maps.activated(version.version), '', () => void back(partner)); }} />}
    </>
  );
}

const label = (d: DocumentSummary | { type: string; po: string | null; filename: string | null; received_at: string; partner: string | null; partner_name?: string | null }) => [d.po ?? d.filename, d.partner_name ?? d.partner, dateTime(d.received_at)].filter(Boolean).join(' · ');
