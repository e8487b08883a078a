/* An order changed for its customer: quantities, prices, the day, the place. What will happen is shown before it is
   asked for; the gateway says it, by the same table that decides afterwards. */
import { useMemo, useState } from 'react';
import { Button, Checkbox, Table, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconEdit } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import type { Address, ChangePreview, OrderDetail, WantedChange } from '../api/types';
import { t } from '../i18n';
import { money } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanWork } from '../lib/session';
import { Failed } from './Bits';
import { Modal } from './Dialog';

const OVER = ['closed', 'cancelled', 'rejected'];

export function ChangeAction({ order: o }: { order: OrderDetail }) {
  const [open, show] = useState(false), may = useCanWork();
  if (!may || OVER.includes(o.status) || !o.lines.length) return null;
  return <><Button variant="default" size="xs" leftSection={<IconEdit size={14} />} onClick={() => show(true)}>{t.change.button}</Button>{open && <ChangeDialog order={o} close={() => show(false)} />}</>;
}

/* What a cancellation would come to, in the dialog that asks for one. */
export function CancelPreview({ order }: { order: string }) {
  const { data } = useQuery({ queryKey: ['/change-preview', order, 'cancel'], queryFn: () => act.previewChange(order, { cancel: true }), gcTime: 0, staleTime: 0 });
  return <p className="note" role="status">{data ? t.change.cancelWays[data.way] : t.order.cancelBody}</p>;
}

type Row = { quantity: string; price: string };

function ChangeDialog({ order: o, close }: { order: OrderDetail; close: () => void }) {
  const qc = useQueryClient();
  const [rows, setRows] = useState<Record<string, Row>>({});
  const [day, setDay] = useState(o.requested_on ?? ''), [elsewhere, setElsewhere] = useState(false), [place, setPlace] = useState<Address>(o.ship_to ?? { name: '', lines: [''], city: '', region: '', postal_code: '', country: '' });
  const [reason, setReason] = useState(''), [busy, setBusy] = useState(false), [key] = useState(() => crypto.randomUUID());
  const wanted = useMemo(() => wantedOf(o, rows, day, elsewhere ? place : null), [o, rows, day, elsewhere, place]);
  const [asked] = useDebouncedValue(wanted, 300);
  const preview = useQuery({ queryKey: ['/change-preview', o.order, JSON.stringify(asked)], queryFn: () => act.previewChange(o.order, asked ?? {}), enabled: asked !== null, gcTime: 0, retry: false });
  const shown = asked ? preview.data : undefined;
  const row = (l: string, of: Partial<Row>) => setRows({ ...rows, [l]: { ...{ quantity: '', price: '' }, ...rows[l], ...of } });
  const at = (of: Partial<Address>) => setPlace({ ...place, ...of });
  const go = async () => {
    if (!wanted) return;
    setBusy(true);
    try {
      await act.changeOrder(o.order, { ...wanted, reason: reason.trim(), key });
      done(t.change.asked(o.order), t.change.askedBody);
      void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/orders') });
      close();
    } catch (e) { failed(t.change.failed, e); setBusy(false); }
  };
  return (
    <Modal opened onClose={close} size="lg" title={t.change.title(o.order)} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <Table>
          <Table.Thead><Table.Tr><Table.Th>{t.change.line}</Table.Th><Table.Th>{t.change.item}</Table.Th><Table.Th>{t.change.newQuantity}</Table.Th><Table.Th>{t.change.newPrice}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>{o.lines.map((l) => (
            <Table.Tr key={l.line}>
              <Table.Td>{l.line}</Table.Td>
              <Table.Td>{l.sku ?? ''}{rows[l.line]?.quantity === '0' && <span className="muted"> {t.change.taken}</span>}</Table.Td>
              <Table.Td><TextInput size="xs" inputMode="decimal" aria-label={t.change.quantity(l.line)} placeholder={l.ordered} rightSection={<span className="muted">{l.unit}</span>} value={rows[l.line]?.quantity ?? ''} onChange={(e) => row(l.line, { quantity: e.currentTarget.value })} /></Table.Td>
              <Table.Td><TextInput size="xs" inputMode="decimal" aria-label={t.change.price(l.line)} placeholder={l.unit_price ?? ''} value={rows[l.line]?.price ?? ''} onChange={(e) => row(l.line, { price: e.currentTarget.value })} /></Table.Td>
            </Table.Tr>))}</Table.Tbody>
        </Table>
        <TextInput type="date" label={t.change.day} value={day} onChange={(e) => setDay(e.currentTarget.value)} />
        <Checkbox label={t.change.otherPlace} checked={elsewhere} onChange={(e) => setElsewhere(e.currentTarget.checked)} />
        {elsewhere && <div className="stack">
          <TextInput label={t.change.name} value={place.name} onChange={(e) => at({ name: e.currentTarget.value })} />
          <TextInput label={t.change.street} value={(place.lines ?? []).join(', ')} onChange={(e) => at({ lines: [e.currentTarget.value] })} />
          <TextInput label={t.change.postal} value={place.postal_code ?? ''} onChange={(e) => at({ postal_code: e.currentTarget.value })} />
          <TextInput label={t.change.city} value={place.city} onChange={(e) => at({ city: e.currentTarget.value })} />
          <TextInput label={t.change.region} value={place.region ?? ''} onChange={(e) => at({ region: e.currentTarget.value })} />
          <TextInput label={t.change.country} maxLength={2} value={place.country} onChange={(e) => at({ country: e.currentTarget.value.toUpperCase() })} />
        </div>}
        {!wanted ? <p className="muted" role="status">{t.change.nothing}</p> : preview.error ? <Failed error={preview.error} retry={() => void preview.refetch()} /> : shown && <WhatWillHappen of={shown} />}
        <Textarea label={t.change.reason} required value={reason} onChange={(e) => setReason(e.currentTarget.value)} autosize minRows={2} />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.close}</Button><Button type="submit" loading={busy} disabled={!wanted || !shown || shown.way === 'refuse' || shown.lines.some((l) => !l.accepted) || !reason.trim()}>{t.change.go}</Button></div>
      </form>
    </Modal>
  );
}

function WhatWillHappen({ of: p }: { of: ChangePreview }) {
  return (
    <div className={`note ${p.way === 'refuse' || p.way === 'return' ? 'bad' : ''}`} role="status" aria-label={t.change.preview} data-testid="change-preview">
      <p>{t.change.ways[p.way]}</p>
      {p.before !== p.after && <p>{t.change.worth} <s className="num">{money(p.before, p.currency)}</s> → <b className="num">{money(p.after, p.currency)}</b></p>}
      {p.approval && p.way !== 'refuse' && <p>{t.change.approval(p.why)}</p>}
      {p.lines.filter((l) => !l.accepted).map((l) => <p key={l.line}>{t.change.line} {l.line}: {l.reason}</p>)}
    </div>
  );
}

/* Only what is otherwise; null where nothing is. */
function wantedOf(o: OrderDetail, rows: Record<string, Row>, day: string, place: Address | null): WantedChange | null {
  const number = (text: string, now: string | null) => (text.trim() !== '' && /^\d+(\.\d+)?$/.test(text.trim()) && Number(text) !== Number(now) ? text.trim() : undefined);
  const lines = o.lines.map((l) => ({ line: l.line, quantity: number(rows[l.line]?.quantity ?? '', l.ordered), unit_price: number(rows[l.line]?.price ?? '', l.unit_price) })).filter((l) => l.quantity !== undefined || l.unit_price !== undefined);
  const there = place && place.name && place.city && place.country?.length === 2 ? { name: place.name, lines: place.lines ?? [], city: place.city, region: place.region ?? '', postal_code: place.postal_code ?? '', country: place.country } : undefined;
  const other = day && day !== o.requested_on ? day : undefined;
  return lines.length || there || other ? { ...(lines.length ? { lines } : {}), ...(other ? { requested_on: other } : {}), ...(there ? { ship_to: there } : {}) } : null;
}
