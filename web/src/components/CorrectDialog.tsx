/* Correcting one value of a document that is held or rejected, and sending it through again: what would come of it first. */
import { useState } from 'react';
import { Button, Modal, Textarea, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import type { Corrected } from '../api/types';
import { t, word } from '../i18n';
import { done, failed } from '../lib/notify';
import { tone } from '../lib/status';
import { Findings } from './Findings';

export interface Chosen { segment: string; index: number; element: number; component: number; text: string; name: string }

export function CorrectDialog({ document: id, at, close }: { document: string; at: Chosen; close: () => void }) {
  const go = useNavigate(), qc = useQueryClient();
  const [value, setValue] = useState(at.text), [reason, setReason] = useState(''), [shown, show] = useState<Corrected | null>(null), [busy, setBusy] = useState(false);
  const body = { edits: [{ value, place: { segment: at.segment, index: at.index, element: at.element, component: at.component } }], reason: reason.trim() };
  const run = async () => {
    setBusy(true);
    try {
      if (!shown) show(await act.previewCorrection(id, body));
      else {
        const r = await act.resubmit(id, body);
        done(t.correct.did, word(t.status, r.result.status));
        void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/documents') });
        close();
        if (r.document) void go({ to: '/documents/$id', params: { id: r.document } });
        return;
      }
    } catch (e) { failed(t.correct.failed, e); }
    setBusy(false);
  };
  return (
    <Modal opened onClose={close} title={t.correct.title(at.name)} size="lg" closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void run(); }}>
        <TextInput label={t.correct.value(at.text)} value={value} onChange={(e) => { setValue(e.currentTarget.value); show(null); }} classNames={{ input: 'mono' }} data-autofocus />
        <Textarea label={t.correct.reason} value={reason} onChange={(e) => setReason(e.currentTarget.value)} autosize minRows={2} />
        {shown && <div className="stack" role="status"><div className="verdict" data-tone={tone(shown.result.status)}><strong>{word(t.bench.verdict, shown.result.status)}</strong></div>{shown.result.errors.length > 0 && <Findings of={shown.result.errors} />}</div>}
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy} disabled={value === at.text}>{shown ? t.correct.go : t.operate.preview}</Button></div>
      </form>
    </Modal>
  );
}
