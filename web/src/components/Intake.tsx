/* Taking in a partner's file: dropped, chosen or pasted. The table says what became of each document in it. */
import { useRef, useState } from 'react';
import { Button, Textarea, TextInput } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import type { IntakeRow } from '../api/types';
import { t, word } from '../i18n';
import { money, num } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanWork } from '../lib/session';
import { Empty, LinkButton, Panel, Pill } from './Bits';
import { Modal } from './Dialog';
import { Findings } from './Findings';

export function Intake() {
  return useCanWork() ? <IntakeDrop /> : null;
}

/** taken: after files were taken in. own: a partner's, who has no other's. */
export function IntakeDrop({ taken, own }: { taken?: () => void; own?: boolean }) {
  const qc = useQueryClient();
  const [over, setOver] = useState(false), [busy, setBusy] = useState(false), [pasting, paste] = useState(false), [result, setResult] = useState<IntakeRow[] | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const take = async (files: { name: string; bytes: Blob }[]) => {
    setBusy(true);
    const rows: IntakeRow[] = [];
    for (const f of files) {
      try { rows.push(...(await act.intake(f.name, f.bytes)).documents); } catch (e) { failed(`${t.documents.takeFailed}: ${f.name}`, e); }
    }
    setBusy(false);
    if (rows.length) done(t.documents.took(rows.length));
    setResult(rows);
    void qc.invalidateQueries({ queryKey: ['/documents'] });
    taken?.();
  };
  const pick = (l: FileList | null) => { if (l?.length) void take([...l].map((x) => ({ name: x.name, bytes: x }))); };
  return (
    <>
      <div className="drop" data-over={over} onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={(e) => { e.preventDefault(); setOver(false); pick(e.dataTransfer.files); }}
        onPaste={(e) => { const text = e.clipboardData.getData('text'); if (e.clipboardData.files.length) pick(e.clipboardData.files); else if (text) void take([{ name: 'pasted', bytes: new Blob([text], { type: 'text/plain' }) }]); }}>
        <IconFileUpload size={18} stroke={1.6} aria-hidden />
        <span role="status">{over ? t.documents.dropNow : busy ? t.documents.taking : own ? t.certify.drop : t.documents.drop}</span>
        <Button variant="default" size="compact-sm" loading={busy} onClick={() => file.current?.click()}>{t.documents.choose}</Button>
        <Button variant="subtle" size="compact-sm" disabled={busy} onClick={() => paste(true)}>{t.documents.paste}</Button>
        <input ref={file} type="file" multiple hidden data-testid="intake-file" aria-label={t.documents.choose} onChange={(e) => { pick(e.currentTarget.files); e.currentTarget.value = ''; }} />
        <LinkButton variant="subtle" size="compact-sm" to="/test-bench">{t.documents.bench}</LinkButton>
        <span className="hint small">{t.documents.dropHint}</span>
      </div>
      {result && <Result of={result} close={() => setResult(null)} />}
      {pasting && <PasteDialog close={() => paste(false)} take={(name, text) => { paste(false); void take([{ name, bytes: new Blob([text], { type: 'text/plain' }) }]); }} />}
    </>
  );
}

function Result({ of, close }: { of: IntakeRow[]; close: () => void }) {
  return (
    <Panel title={t.documents.result} count={of.length} className="result" right={<Button variant="subtle" size="compact-xs" onClick={close}>{t.act.close}</Button>}>
      {of.length === 0 ? <Empty title={t.documents.noneFound} /> : (
        <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.documents.result)}>
          <table className="tbl plain" aria-label={t.documents.result}>
            <thead><tr><th scope="col">{t.documents.filename}</th><th scope="col">{t.documents.index}</th><th scope="col">{t.documents.type}</th><th scope="col">{t.documents.status}</th><th scope="col">{t.documents.order}</th><th scope="col" className="r">{t.documents.lines}</th><th scope="col" className="r">{t.documents.total}</th><th scope="col">{t.documents.errors}</th></tr></thead>
            <tbody>{of.map((r) => (
              <tr key={`${r.file}${r.index}`}>
                <td>{r.document ? <Link to="/documents/$id" params={{ id: r.document }}>{r.file}</Link> : r.file}</td><td className="num">{r.index + 1}</td><td>{word(t.docTypes, r.type)}</td><td><Pill of={r.status} /></td><td>{r.order ? <Link className="mono" to="/orders/$order" params={{ order: r.order }}>{r.order}</Link> : '–'}</td>
                <td className="r num">{num(r.lines)}</td><td className="r num">{money(r.total, r.currency)}</td><td>{r.errors.length ? <Findings of={r.errors} brief /> : <span className="muted">{t.documents.noErrors}</span>}</td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function PasteDialog({ close, take }: { close: () => void; take: (name: string, text: string) => void }) {
  const [name, setName] = useState('pasted.edi'), [text, setText] = useState('');
  return (
    <Modal opened onClose={close} title={t.documents.pasteTitle} size="lg" closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); take(name.trim() || 'pasted', text); }}>
        <TextInput label={t.documents.pasteName} value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <Textarea label={t.documents.pasteLabel} value={text} onChange={(e) => setText(e.currentTarget.value)} autosize minRows={8} maxRows={18} classNames={{ input: 'mono' }} spellCheck={false} data-autofocus />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" disabled={!text.trim()}>{t.documents.take}</Button></div>
      </form>
    </Modal>
  );
}
