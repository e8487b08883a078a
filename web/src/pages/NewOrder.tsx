/* Entering an order by hand, without the mouse: Enter goes from cell to cell, after the last a new line begins,
   Ctrl Enter places the order. What is wrong is said where it is wrong; leaving with something typed asks first. */
import { useEffect, useRef, useState } from 'react';
import { ActionIcon, Button, Switch, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useBlocker, useNavigate } from '@tanstack/react-router';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import type { Finding } from '../api/types';
import { t, word } from '../i18n';
import { businessNow } from '../lib/clock';
import { text } from '../lib/decimal';
import * as entry from '../lib/entry';
import { address, money } from '../lib/format';
import { done, failed } from '../lib/notify';
import { Hints, Panel } from '../components/Bits';
import { Modal } from '../components/Dialog';
import { Findings } from '../components/Findings';
import { CustomerLookup, ItemLookup } from '../components/Lookup';
import { PageHead } from '../components/PageHead';

export function NewOrderPage() {
  const [d, setDraft] = useState(entry.fresh), [errors, setErrors] = useState<entry.Errors>({}), [rest, setRest] = useState<Finding[]>([]), [refused, setRefused] = useState(''), [busy, setBusy] = useState(false);
  const go = useNavigate(), qc = useQueryClient();
  const form = useRef<HTMLFormElement>(null), placed = useRef(false);
  const leaving = useBlocker({ shouldBlockFn: () => !placed.current && entry.dirty(d), enableBeforeUnload: () => !placed.current && entry.dirty(d), withResolver: true });
  const set = (change: Partial<entry.Draft>, ...fixed: string[]) => { setDraft((x) => ({ ...x, ...change })); if (fixed.length) setErrors((e) => Object.fromEntries(Object.entries(e).filter(([k]) => !fixed.includes(k)))); };
  const setLine = (key: number, change: Partial<entry.Line>, ...fixed: string[]) => set({ lines: d.lines.map((l) => (l.key === key ? { ...l, ...change } : l)) }, ...fixed, 'lines');
  const showErrors = (e: entry.Errors) => { setErrors(e); if (Object.keys(e).length) requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()); };

  const submit = async () => {
    if (busy) return;
    setRest([]);
    setRefused('');
    const wrong = entry.check(d);
    if (Object.keys(wrong).length) { showErrors(wrong); return; }
    setBusy(true);
    try {
      const r = await act.placeOrder(entry.order(d));
      void qc.invalidateQueries({ queryKey: ['/orders'] });
      const at = entry.place(r.errors ?? [], d);
      if (r.order && r.status !== 'rejected') {
        placed.current = true;
        done(t.entry.placed(r.order), r.status === 'accepted' ? '' : t.entry.heldNotice(word(t.status, r.status)));
        await go({ to: '/orders/$order', params: { order: r.order } });
        return;
      }
      setRefused(r.status === 'rejected' ? t.entry.rejected : t.entry.heldNotice(word(t.status, r.status)));
      showErrors(at.errors);
      setRest(at.rest);
    } catch (e) {
      const findings = e instanceof ApiError ? e.problem.findings ?? [] : [], at = entry.place(findings, d);
      if (findings.length) { setRefused(t.entry.rejected); showErrors(at.errors); setRest(at.rest); } else failed(t.entry.failed, e);
    }
    setBusy(false);
  };

  /** Enter goes on to the next field of the lines; from the last of all, to a new line. */
  const onward = (e: React.KeyboardEvent) => {
    if (e.key !== 'Enter') return;
    if (e.ctrlKey || e.metaKey) { e.preventDefault(); void submit(); return; }
    const at = e.target as HTMLElement;
    if (at.tagName !== 'INPUT' || at.getAttribute('aria-expanded') === 'true') return;
    e.preventDefault();
    const cells = [...(form.current?.querySelectorAll<HTMLElement>('[data-cell]') ?? [])];
    const i = cells.indexOf(at);
    if (i < 0) return;
    if (cells[i + 1]) cells[i + 1]!.focus(); else addLine();
  };
  const focusNew = useRef<number | null>(null);
  const addLine = () => { const l = entry.blank(); focusNew.current = l.key; set({ lines: [...d.lines, l] }); };
  useEffect(() => { if (focusNew.current !== null) { document.getElementById(`item-${focusNew.current}`)?.focus(); focusNew.current = null; } }, [d.lines]);

  const n = Object.keys(errors).length;
  return (
    <div className="page">
      <PageHead title={t.entry.title} />
      <form ref={form} className="entry" noValidate onSubmit={(e) => { e.preventDefault(); void submit(); }} onKeyDown={onward}>
        <div className="stack">
          {(refused || n > 0) && <div className="note bad" role="alert">{refused || t.entry.correct(n)}{rest.length > 0 && <Findings of={rest} />}</div>}
          <Panel title={t.orders.order}>
            <div className="body"><div className="fields">
              <CustomerLookup id="customer" label={t.entry.customer} placeholder={t.entry.customerPlace} size="xs" chosen={d.customer} choose={(customer) => set({ customer, other: d.other || !customer?.ship_to, currency: customer?.currency ?? d.currency }, 'customer_id')} error={errors.customer_id} autoFocus />
              <TextInput size="xs" label={t.entry.po} value={d.po} onChange={(e) => set({ po: e.currentTarget.value }, 'po')} error={errors.po} maxLength={60} />
              <TextInput size="xs" type="date" label={t.entry.requested} value={d.requested} min={new Date(businessNow()).toISOString().slice(0, 10)} onChange={(e) => set({ requested: e.currentTarget.value }, 'requested_on')} error={errors.requested_on} />
              <TextInput size="xs" label={t.entry.currency} value={d.currency} onChange={(e) => set({ currency: e.currentTarget.value.toUpperCase() }, 'currency')} error={errors.currency} maxLength={3} />
            </div>
              <Switch size="xs" label={t.entry.shipOther} checked={d.other} onChange={(e) => set({ other: e.currentTarget.checked })} />
              {!d.other && d.customer?.ship_to && <p className="muted small" data-testid="ship-to">{address(d.customer.ship_to)}</p>}
              {d.other && <div className="fields">{([['name', t.entry.name], ['street', t.entry.street], ['city', t.entry.city], ['region', t.entry.region], ['postal', t.entry.postal], ['country', t.entry.country]] as const).map(([k, l]) => <TextInput key={k} size="xs" label={l} value={d.ship[k]} onChange={(e) => set({ ship: { ...d.ship, [k]: e.currentTarget.value } }, `ship_to/${k}`)} error={errors[`ship_to/${k}`]} />)}</div>}
            </div>
          </Panel>
          <Panel title={t.entry.lines} count={d.lines.filter((l) => !entry.untouched(l)).length} right={<Button size="compact-xs" variant="default" leftSection={<IconPlus size={13} />} onClick={addLine}>{t.entry.add}</Button>}>
            {errors.lines && <p className="bad pad" role="alert">{errors.lines}</p>}
            <table className="lines" aria-label={t.entry.lines}>
              <thead><tr><th scope="col">#</th><th scope="col">{t.entry.item}</th><th scope="col">{t.entry.quantity}</th><th scope="col">{t.entry.unit}</th><th scope="col">{t.entry.price}</th><th scope="col" className="r">{t.entry.amount}</th><th scope="col"><span className="sr">{t.entry.remove}</span></th></tr></thead>
              <tbody>{d.lines.map((l, i) => <LineRow key={l.key} of={l} n={i + 1} currency={d.currency} errors={errors} set={(change, ...fixed) => setLine(l.key, change, ...fixed)} remove={d.lines.length > 1 ? () => set({ lines: d.lines.filter((x) => x.key !== l.key) }) : undefined} />)}</tbody>
            </table>
            <Hints of={[['Enter', t.entry.keysHint], ['Ctrl Enter', t.keys.placeOrder]]} />
          </Panel>
        </div>
        <Panel title={t.entry.total}>
          <div className="body">
            <div className="grand num"><span>{t.entry.total}</span><output data-testid="total">{money(entry.total(d), d.currency)}</output></div>
            <p className="muted small">{t.entry.totalNote}</p>
            <Textarea label={t.entry.notes} value={d.notes} onChange={(e) => set({ notes: e.currentTarget.value })} autosize minRows={2} maxRows={8} />
            <Button type="submit" size="sm" loading={busy} fullWidth>{t.entry.submit}</Button>
          </div>
        </Panel>
      </form>
      <Modal opened={leaving.status === 'blocked'} onClose={() => leaving.reset?.()} title={t.entry.leaveTitle} closeButtonProps={{ 'aria-label': t.act.close }}>
        <div className="stack"><p>{t.entry.leaveBody}</p><div className="buttons"><Button variant="default" onClick={() => leaving.proceed?.()}>{t.entry.leave}</Button><Button data-autofocus onClick={() => leaving.reset?.()}>{t.entry.stay}</Button></div></div>
      </Modal>
    </div>
  );
}

function LineRow({ of: l, n, currency, errors, set, remove }: { of: entry.Line; n: number; currency: string; errors: entry.Errors; set: (change: Partial<entry.Line>, ...fixed: string[]) => void; remove?: () => void }) {
  const a = entry.amount(l), of = t.entry.line(n), k = l.key;
  const cell = { size: 'xs', 'data-cell': true } as const;
  return (
    <tr>
      <td className="n num">{n}</td>
      <td className="item" data-label={t.entry.item}><ItemLookup {...cell} id={`item-${k}`} currency={currency} aria-label={`${of}, ${t.entry.item}`} placeholder={t.entry.itemPlace} chosen={l.item} choose={(item) => { set({ item, unit: item?.unit ?? l.unit }, `item-${k}`); if (item) requestAnimationFrame(() => document.getElementById(`quantity-${k}`)?.focus()); }} error={errors[`item-${k}`]} />{l.item && <span className="muted small">{l.item.description}</span>}</td>
      <td data-label={t.entry.quantity}><TextInput {...cell} id={`quantity-${k}`} w={84} inputMode="decimal" aria-label={`${of}, ${t.entry.quantity}`} value={l.quantity} onChange={(e) => set({ quantity: e.currentTarget.value }, `quantity-${k}`)} error={errors[`quantity-${k}`]} /></td>
      <td data-label={t.entry.unit}><TextInput {...cell} w={64} aria-label={`${of}, ${t.entry.unit}`} value={l.unit} onChange={(e) => set({ unit: e.currentTarget.value.toUpperCase() })} /></td>
      <td data-label={t.entry.price}><TextInput {...cell} w={110} inputMode="decimal" aria-label={`${of}, ${t.entry.price}`} placeholder={l.item?.list_price ?? ''} title={t.entry.priceHint} value={l.price} onChange={(e) => set({ price: e.currentTarget.value }, `price-${k}`)} error={errors[`price-${k}`]} /></td>
      <td className="r amount num">{a ? money(text(a, 2), currency) : '–'}</td>
      <td>{remove && <ActionIcon aria-label={`${t.entry.remove} ${n}`} onClick={remove} tabIndex={-1}><IconTrash size={15} /></ActionIcon>}</td>
    </tr>
  );
}
