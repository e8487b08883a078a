/* Trying a document out: dropped, chosen or pasted; judged as intake would, with the acknowledgement it would get, and
   nothing of it kept. What was typed stays, so that it can be corrected and tried again. */
import { useRef, useState } from 'react';
import { Button, Pagination, Textarea, TextInput } from '@mantine/core';
import { IconDownload, IconFileUpload, IconFlask } from '@tabler/icons-react';
import { act } from '../api/actions';
import type { Tried } from '../api/types';
import { t, word } from '../i18n';
import { money, num } from '../lib/format';
import { failed } from '../lib/notify';
import { tone } from '../lib/status';
import { Copy, Empty, Facts, Hints, Panel } from '../components/Bits';
import { Code } from '../components/Code';
import { Findings } from '../components/Findings';
import { PageHead } from '../components/PageHead';
import { Reading } from '../components/Reading';

const MOST_SHOWN = 500_000; // characters in the box; a larger file is tried without being shown there
const TEXT = /\.(edi|x12|txt|csv|tsv|json|xml|edifact|850|dat)$|^text\/|json|xml/i;

export function TestBench() {
  const [text, setText] = useState(''), [file, setFile] = useState<File | null>(null), [partner, setPartner] = useState(''), [over, setOver] = useState(false), [busy, setBusy] = useState(false), [result, setResult] = useState<Tried | null>(null);
  const chooser = useRef<HTMLInputElement>(null), shown = useRef<HTMLDivElement>(null);
  const run = async (bytes: Blob, name: string) => {
    setBusy(true);
    try { setResult(await act.tryOut(name, partner.trim(), bytes)); requestAnimationFrame(() => shown.current?.scrollIntoView({ block: 'nearest' })); } catch (e) { failed(t.bench.failed, e); }
    setBusy(false);
  };
  const pick = async (f: File | undefined) => {
    if (!f) return;
    if (f.size <= MOST_SHOWN && (TEXT.test(f.name) || TEXT.test(f.type))) { setText(await f.text()); setFile(null); } else { setText(''); setFile(f); }
    void run(f, f.name);
  };
  const go = () => void (file ? run(file, file.name) : run(new Blob([text], { type: 'text/plain' }), 'pasted'));
  return (
    <div className="page bench">
      <PageHead title={t.bench.title} crumbs={[{ label: t.documents.title, to: '/documents' }]} />
      <p className="note">{t.bench.lead}</p>
      <form className="panel tryform" aria-label={t.bench.title} data-over={over} onSubmit={(e) => { e.preventDefault(); go(); }} onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={(e) => { e.preventDefault(); setOver(false); void pick(e.dataTransfer.files[0]); }}>
        <div className="bar">
          <IconFileUpload size={18} stroke={1.6} aria-hidden /><span>{over ? t.documents.dropNow : t.bench.drop}</span>
          <Button variant="default" size="compact-sm" onClick={() => chooser.current?.click()}>{t.documents.choose}</Button>
          <input ref={chooser} type="file" hidden data-testid="bench-file" aria-label={t.documents.choose} onChange={(e) => { void pick(e.currentTarget.files?.[0]); e.currentTarget.value = ''; }} />
          {file && <span className="mono">{t.bench.file(file.name)}</span>}
          <div className="bar end"><TextInput size="xs" w={190} label={t.bench.partner} labelProps={{ className: 'inline' }} className="inline-field" placeholder={t.bench.anyPartner} value={partner} onChange={(e) => setPartner(e.currentTarget.value)} /></div>
        </div>
        <Textarea aria-label={t.bench.text} placeholder={t.documents.pasteLabel} value={text} onChange={(e) => { setText(e.currentTarget.value); setFile(null); }} onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); go(); } }} minRows={5} maxRows={14} autosize spellCheck={false} classNames={{ input: 'mono' }} />
        <div className="bar"><Button type="submit" loading={busy} disabled={!text.trim() && !file} leftSection={<IconFlask size={14} />}>{result ? t.bench.again : t.bench.go}</Button>
          {(text || file || result) && <Button variant="subtle" onClick={() => { setText(''); setFile(null); setResult(null); }}>{t.bench.clear}</Button>}<div className="bar end"><Hints of={[[['Ctrl', 'Enter'], t.bench.go]]} /></div></div>
      </form>
      <div ref={shown} className="stack" role="status" aria-busy={busy}>{result ? <Result key={JSON.stringify(result.documents.map((d) => d.errors))} of={result} /> : <div className="panel"><Empty title={t.bench.none}>{t.bench.noneWhy}</Empty></div>}</div>
    </div>
  );
}

function Result({ of }: { of: Tried }) {
  const [page, turn] = useState(1);
  const d = of.documents[page - 1];
  if (!d) return <div className="panel"><Empty title={t.documents.noneFound} /></div>;
  const answer = of.answers.find((a) => a.about === d.control) ?? (of.documents.length === 1 ? of.answers[0] : undefined);
  return (
    <>
      <Panel title={t.bench.result} right={of.documents.length > 1 && <><span className="muted small num">{t.bench.of(page, of.documents.length)}</span><Pagination size="xs" total={of.documents.length} value={page} onChange={turn} siblings={0} getControlProps={(c) => ({ 'aria-label': c })} getItemProps={(n) => ({ 'aria-label': t.bench.of(n, of.documents.length) })} /></>}>
        <div className="verdict" data-tone={tone(d.status)}><strong>{word(t.bench.verdict, d.status)}</strong>{d.test && <span className="pill">{t.documents.test}</span>}</div>
        <div className="body"><Facts of={[
          [t.documents.type, word(t.docTypes, d.type)], [t.bench.sender, d.partner_name ?? d.partner ?? <span className="bad">{t.bench.unknown}</span>], [t.documents.sender, d.sender && <span className="mono">{d.sender}</span>], [t.documents.po, d.po && <span className="mono">{d.po}</span>],
          [t.documents.control, d.control && <span className="mono">{d.control}</span>], [t.documents.lines, num(d.lines)], [t.documents.total, money(d.total, d.currency)],
        ]} />{of.count > of.documents.length && <p className="muted">{t.bench.more(of.documents.length, of.count)}</p>}</div>
      </Panel>
      <div className="two">
        <Panel title={d.errors.length ? t.documents.errorsTitle(d.errors.length) : t.documents.errors}>{d.errors.length + d.notes.length === 0 ? <p className="pad">{t.bench.clean}</p> : <><Findings of={d.errors} />{d.notes.length > 0 && <><h3 className="subhead">{t.documents.notes}</h3><Findings of={d.notes} /></>}</>}</Panel>
        <Panel title={answer ? `${t.bench.answer} ${answer.type}` : t.bench.answer} right={answer && <><Copy text={answer.text} /><Button size="compact-xs" variant="default" component="a" href={URL.createObjectURL(new Blob([answer.text], { type: 'application/octet-stream' }))} download={answer.filename} leftSection={<IconDownload size={13} />}>{t.bench.save}</Button></>}>
          {answer ? <><Code text={answer.text.replace(/([~'])(?=[A-Z])/g, '$1\n')} label={t.bench.answer} wrap /><p className="muted small pad">{t.bench.answerWhy}</p></> : <Empty title={t.bench.noAnswer}>{t.bench.noAnswerWhy}</Empty>}
        </Panel>
      </div>
      <Reading text={of.raw} format={d.format} parsed={d.parsed} canonical={d.canonical} errors={d.errors} notes={d.notes} />
    </>
  );
}
