/* Deciding several approvals together: the sum first, and who is refused why; then each by itself. */
import { useEffect, useState } from 'react';
import { Button, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import type { Approval, ManyJudged } from '../api/types';
import { t } from '../i18n';
import { money } from '../lib/format';
import { done, failed } from '../lib/notify';
import { Modal } from './Dialog';

export function Together({ of, close, onDone }: { of: Approval[]; close: () => void; onDone: () => void }) {
  const qc = useQueryClient();
  const [seen, setSeen] = useState<ManyJudged | null>(null), [note, setNote] = useState(''), [busy, setBusy] = useState(false);
  useEffect(() => { act.previewDecisions(of, 'approved').then(setSeen, (e: unknown) => { failed(t.approving.manyFailed, e); close(); }); }, []); // eslint-disable-line react-hooks/exhaustive-deps -- once, when it opens
  const can = seen?.items.filter((i) => !i.why_not) ?? [], cannot = seen?.items.filter((i) => i.why_not) ?? [];
  const go = async (outcome: 'approved' | 'rejected') => {
    setBusy(true);
    try {
      const said = await act.decideMany(of.filter((a) => can.some((i) => i.id === a.id)), outcome, note.trim());
      done(t.approving.doneMany(said.items.length - said.refused), t.approving.refusedMany(said.refused));
      onDone();
    } catch (e) { failed(t.approving.manyFailed, e); setBusy(false); }
    void qc.invalidateQueries({ queryKey: ['/approvals'] });
    void qc.invalidateQueries({ queryKey: ['/kpis'] });
  };
  return (
    <Modal opened onClose={close} size="lg" title={t.approving.manyTitle(of.length)} closeButtonProps={{ 'aria-label': t.act.close }}>
      {!seen ? <p role="status">{t.approving.looking}</p> : (
        <form className="stack" onSubmit={(e) => { e.preventDefault(); void go('approved'); }}>
          <p><strong>{t.approving.sum}:</strong> <span className="num">{seen.sums.length ? seen.sums.map((x) => `${money(x.amount, x.currency)} (${x.count})`).join(', ') : '–'}</span></p>
          {can.length > 0 && <section aria-label={t.approving.can}><h3>{t.approving.can}</h3><ul className="plain">{can.map((i) => <li key={i.id}><span className="mono">{i.number}</span> {i.title} <span className="num">{money(i.amount, i.currency)}</span>{i.acts_for && <> · {t.approving.actsFor(i.acts_for)}</>}</li>)}</ul></section>}
          {cannot.length > 0 && <section aria-label={t.approving.cannot}><h3>{t.approving.cannot}</h3><ul className="plain">{cannot.map((i) => <li key={i.id}><span className="mono">{i.number}</span> <span className="num">{money(i.amount, i.currency)}</span>: {i.why_not}</li>)}</ul></section>}
          <Textarea label={t.approving.note} value={note} onChange={(e) => setNote(e.currentTarget.value)} autosize minRows={2} data-autofocus />
          <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button variant="default" disabled={!can.length || busy || !note.trim()} onClick={() => void go('rejected')}>{t.approving.rejectAll(can.length)}</Button><Button type="submit" loading={busy} disabled={!can.length}>{t.approving.approveAll(can.length)}</Button></div>
        </form>
      )}
    </Modal>
  );
}
