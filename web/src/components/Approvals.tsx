/* Deciding an approval: approve with one key or click, reject with a reason; the decision carries the hash of what was shown. */
import { useMemo, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { Button, Textarea, Tooltip } from '@mantine/core';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import type { Approval } from '../api/types';
import { t } from '../i18n';
import { done, failed } from '../lib/notify';
import { Modal } from './Dialog';

export function useDecide() {
  const qc = useQueryClient();
  return useMemo(() => async (a: Approval, outcome: 'approved' | 'rejected', note = '') => {
    const refresh = () => { void qc.invalidateQueries({ queryKey: ['/approvals'] }); void qc.invalidateQueries({ queryKey: ['/kpis'] }); if (a.order) void qc.invalidateQueries({ queryKey: [`/orders/${encodeURIComponent(a.order)}`] }); };
    try {
      const now = await act.decide(a.id, outcome, note, a.hash);
      const missing = now.steps.reduce((n, s) => n + s.missing, 0);
      done(outcome === 'rejected' ? t.approvals.rejected(a.number) : now.status === 'pending' ? t.approving.voted(a.number, missing) : t.approvals.approved(a.number), a.title);
      refresh();
      return true;
    } catch (e) {
      if (e instanceof ApiError && e.status === 409) refresh(); // somebody decided, or the action was changed: show what is true now
      failed(t.approvals.decideFailed, e);
      return false;
    }
  }, [qc]);
}

export function RejectDialog({ of: a, close }: { of: Approval; close: () => void }) {
  const decide = useDecide();
  const [note, setNote] = useState(''), [busy, setBusy] = useState(false);
  return (
    <Modal opened onClose={close} title={t.approvals.rejectTitle(a.number)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); setBusy(true); void decide(a, 'rejected', note.trim()).then((ok) => { if (ok) close(); else setBusy(false); }); }}>
        <p><strong>{a.title}</strong></p>
        <Textarea label={t.approvals.rejectNote} required value={note} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} data-autofocus />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" color="red.8" loading={busy} disabled={!note.trim()}>{t.approvals.reject}</Button></div>
      </form>
    </Modal>
  );
}

/** Reject and approve, side by side; when you may not, why. */
export function DecideButtons({ of: a, onReject, size = 'compact-xs', onDone }: { of: Approval; onReject: () => void; size?: string; onDone?: () => void }) {
  const decide = useDecide();
  const [busy, setBusy] = useState(false);
  const buttons = (
    <span className="g">
      <Button size={size} variant="default" disabled={!a.can_decide || busy} onClick={onReject}>{t.approvals.reject}</Button>
      <Button size={size} disabled={!a.can_decide} loading={busy} onClick={() => { setBusy(true); void decide(a, 'approved').then((ok) => { setBusy(false); if (ok) onDone?.(); }); }}>{t.approvals.approve}</Button>
    </span>
  );
  return a.can_decide || !a.why_not ? buttons : <Tooltip label={a.why_not} events={{ hover: true, focus: true, touch: true }}><span tabIndex={0} aria-label={`${t.approvals.whyNot}: ${a.why_not}`} role="note">{buttons}</span></Tooltip>;
}
