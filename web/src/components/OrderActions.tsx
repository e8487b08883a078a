/* What can be done with an order: one bar of buttons below its head. Each button is a component of its own that shows
   itself when it fits and brings its dialog along; add one here. */
import { useState } from 'react';
import { Button, Textarea } from '@mantine/core';
import { IconBan } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import type { OrderDetail } from '../api/types';
import { t } from '../i18n';
import { done, failed } from '../lib/notify';
import { useCanWork } from '../lib/session';
import { Modal } from './Dialog';
import { ShareAction } from './ShareOrder';
import { CancelPreview, ChangeAction } from './OrderChange';
import { StartButtons } from './StartButtons';

export const isOver = (o: OrderDetail) => ['closed', 'cancelled', 'rejected'].includes(o.status);

export function OrderActions({ order: o }: { order: OrderDetail }) {
  const may = useCanWork();
  return (
    <div className="order-actions" role="group" aria-label={t.sections.actions}>
      {may && <StartButtons order={o.order} shipped={o.lines.some((l) => Number(l.shipped) > 0)} invoiced={o.lines.some((l) => Number(l.invoiced) > 0)} />}
      <ShareAction order={o} />
      <ChangeAction order={o} />
      <CancelAction order={o} />
    </div>
  );
}

function CancelAction({ order: o }: { order: OrderDetail }) {
  const [open, show] = useState(false), may = useCanWork();
  if (!may || isOver(o)) return null;
  return <><Button variant="default" size="xs" leftSection={<IconBan size={14} />} onClick={() => show(true)}>{t.order.cancel}</Button>{open && <CancelDialog order={o.order} close={() => show(false)} />}</>;
}

function CancelDialog({ order, close }: { order: string; close: () => void }) {
  const qc = useQueryClient();
  const [reason, setReason] = useState(''), [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      await act.cancelOrder(order, reason.trim());
      done(t.order.cancelled(order), t.order.cancelledBody);
      void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/orders') });
      close();
    } catch (e) { failed(t.order.cancelFailed, e); setBusy(false); }
  };
  return (
    <Modal opened onClose={close} title={t.order.cancelTitle(order)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <CancelPreview order={order} />
        <Textarea label={t.order.cancelReason} required value={reason} onChange={(e) => setReason(e.currentTarget.value)} autosize minRows={2} data-autofocus />
        <div className="buttons"><Button variant="default" onClick={close}>{t.order.cancelKeep}</Button><Button type="submit" color="red.8" loading={busy} disabled={!reason.trim()}>{t.order.cancelGo}</Button></div>
      </form>
    </Modal>
  );
}
