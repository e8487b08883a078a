/* A form made of a JSON Schema: of each field its kind says how it is entered, and `x-choose` where its values come from.
   Errors stand at the fields that their pointers name; the server has the last word on each value. */
import { useState } from 'react';
import { ActionIcon, Button, Checkbox, Select, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { q } from '../api/queries';
import type { Customer, FieldSchema, Item, Json, StartForm } from '../api/types';
import { t, word, words } from '../i18n';
import { CustomerLookup, ItemLookup } from './Lookup';

export type Values = Record<string, Json>;
type Errors = Record<string, string>;
type Choices = StartForm['choices'];
interface At { at: string; schema: FieldSchema; value: Json | undefined; change: (v: Json | undefined) => void; errors: Errors; choices: Choices; bare?: boolean; required?: boolean; name: string }

const text = (v: Json | undefined) => (v === undefined || v === null ? '' : String(v));
const WHOLE = /^-?\d+$/;

/** What was typed, as the kinds that the schema wants: digits stay as they were typed until they are sent. */
export function typed(s: FieldSchema | undefined, v: Json | undefined): Json | undefined {
  if (Array.isArray(v)) return v.map((x) => typed(s?.items, x) ?? null);
  if (v !== null && typeof v === 'object') return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, typed(s?.properties?.[k], x) ?? null]));
  return s?.type === 'number' && typeof v === 'string' && /^-?\d+([.]\d+)?$/.test(v.trim()) ? Number(v) : v;
}

export function SchemaForm({ schema, values, change, errors, choices }: { schema: FieldSchema; values: Values; change: (v: Values) => void; errors: Errors; choices: Choices }) {
  const fields = Object.entries(schema.properties ?? {});
  const plain = fields.filter(([, s]) => s.type !== 'array' && s.type !== 'object' && !s['x-long']), rest = fields.filter(([, s]) => s.type === 'array' || s.type === 'object' || s['x-long']);
  const one = ([name, s]: [string, FieldSchema]) => <Field key={name} name={s.title ?? words(name)} at={`/${name}`} schema={s} value={values[name]} change={(v) => { const { [name]: _, ...others } = values; change(v === undefined ? others : { ...others, [name]: v }); }} errors={errors} choices={choices} required={schema.required?.includes(name)} />;
  return <div className="stack"><div className="fields">{plain.map(one)}</div>{rest.map(one)}</div>;
}

function Field(f: At) {
  const { schema: s, value, change, errors, at, name } = f;
  const label = f.bare ? { 'aria-label': name } : { label: name, withAsterisk: f.required };
  const common = { size: 'xs', id: `field${at.replaceAll('/', '-')}`, error: errors[at], ...label } as const;
  if (s.type === 'array') return <Lines {...f} />;
  if (s.type === 'object') return (
    <fieldset className="edit"><legend>{name}</legend><div className="fields">{Object.entries(s.properties ?? {}).map(([k, x]) => <Field key={k} {...f} bare={false} name={x.title ?? words(k)} at={`${at}/${k}`} schema={x} required={s.required?.includes(k)} value={(value as Values | undefined)?.[k]} change={(v) => { const { [k]: _, ...others } = (value as Values | undefined) ?? {}; const now = v === undefined ? others : { ...others, [k]: v }; change(Object.keys(now).length ? now : undefined); }} />)}</div></fieldset>
  );
  if (s.type === 'boolean') return <Checkbox id={common.id} size="xs" label={name} checked={value === true} onChange={(e) => change(e.currentTarget.checked)} error={errors[at]} />;
  const known = f.choices[s['x-choose'] ?? ''];
  // Words without an enum are what is offered: other systems may know more values than people choose from here.
  const offered = s.enum ?? (s['x-labels'] && Object.keys(s['x-labels']));
  if (offered) return <Select {...common} data={offered.map((v) => ({ value: v, label: word(s['x-labels'] ?? {}, v) }))} value={text(value) || null} onChange={(v) => change(v ?? undefined)} placeholder={t.start.choose} allowDeselect={!f.required} />;
  if (known?.length) return <Select {...common} searchable data={known} value={text(value) || null} onChange={(v) => change(v ?? undefined)} placeholder={t.start.choose} />;
  switch (s['x-choose']) {
    case 'order': return <OrderField {...f} />;
    case 'customer': return <CustomerField {...f} />;
    case 'item': return <ItemField {...f} />;
    case 'partner': return <PartnerField {...f} />;
  }
  if (s['x-long']) return <Textarea {...common} autosize minRows={2} maxRows={8} maxLength={s.maxLength} value={text(value)} onChange={(e) => change(e.currentTarget.value || undefined)} />;
  if (s.type === 'integer') return <TextInput {...common} inputMode="numeric" value={text(value)} onChange={(e) => { const v = e.currentTarget.value.trim(); change(v === '' ? undefined : WHOLE.test(v) && Number.isSafeInteger(Number(v)) ? Number(v) : v); }} description={f.bare ? undefined : s.description} />;
  return <TextInput {...common} type={s.format === 'date' ? 'date' : s.format === 'email' ? 'email' : 'text'} maxLength={s.maxLength} value={text(value)} onChange={(e) => change(e.currentTarget.value || undefined)} description={f.bare ? undefined : s.description} />;
}

function Lines(f: At) {
  const { schema: s, at, errors, name } = f;
  const rows = Array.isArray(f.value) && f.value.length ? (f.value as Values[]) : [{}], columns = Object.entries(s.items?.properties ?? {});
  const set = (i: number, k: string, v: Json | undefined) => f.change(rows.map((r, j) => { if (j !== i) return r; const { [k]: _, ...others } = r; return v === undefined ? others : { ...others, [k]: v }; }));
  return (
    <fieldset className="edit">
      <legend>{name}</legend>
      {errors[at] && <p className="bad" role="alert">{errors[at]}</p>}
      <table className="lines" aria-label={name}>
        <thead><tr>{columns.map(([k, c]) => <th key={k} scope="col">{c.title ?? words(k)}</th>)}<th scope="col"><span className="sr">{t.entry.remove}</span></th></tr></thead>
        <tbody>{rows.map((r, i) => (
          <tr key={i}>
            {columns.map(([k, c]) => <td key={k} data-label={c.title ?? words(k)}><Field {...f} bare name={`${t.start.row(i + 1)}, ${c.title ?? words(k)}`} at={`${at}/${i}/${k}`} schema={c} value={r[k]} change={(v) => set(i, k, v)} required={s.items?.required?.includes(k)} /></td>)}
            <td>{rows.length > 1 && <ActionIcon aria-label={t.start.remove(i + 1)} onClick={() => f.change(rows.filter((_, j) => j !== i))}><IconTrash size={15} /></ActionIcon>}</td>
          </tr>
        ))}</tbody>
      </table>
      <Button size="compact-xs" variant="default" leftSection={<IconPlus size={13} />} onClick={() => f.change([...rows, {}])}>{t.start.add}</Button>
    </fieldset>
  );
}

/** An order by its number, the customer's PO number or the customer: the server searches. */
function OrderField(f: At) {
  const [said, say] = useState(text(f.value)), [asked] = useDebouncedValue(said.trim(), 150);
  const { data, isFetching } = useQuery({ ...q.search(asked), enabled: asked.length >= 2 && asked !== text(f.value) });
  const found = (asked.length >= 2 ? data?.items ?? [] : []).filter((h) => h.kind === 'order').map((h) => ({ value: h.id, label: h.id, sub: h.subtitle }));
  const chosen = text(f.value), all = chosen && !found.some((x) => x.value === chosen) ? [{ value: chosen, label: chosen, sub: '' }, ...found] : found;
  return <Select size="xs" id={`field${f.at.replaceAll('/', '-')}`} label={f.name} withAsterisk={f.required} searchable error={f.errors[f.at]} data={all} value={chosen || null} filter={({ options }) => options} searchValue={said} onSearchChange={say} onChange={(v) => f.change(v ?? undefined)} placeholder={t.start.orderPlace} nothingFoundMessage={isFetching ? t.palette.searching : t.entry.nothingFound} comboboxProps={{ width: 320, position: 'bottom-start' }} renderOption={({ option }) => <span><span className="w550">{option.label}</span><br /><span className="muted small">{all.find((x) => x.value === option.value)?.sub}</span></span>} />;
}
function CustomerField(f: At) {
  const id = text(f.value), { data } = useQuery({ ...q.customers(id), enabled: !!id });
  const [chosen, choose] = useState<Customer | null>(null);
  const known = chosen?.customer_id === id ? chosen : data?.items.find((c) => c.customer_id === id) ?? null;
  return <CustomerLookup key={known?.customer_id ?? ''} id={`field${f.at.replaceAll('/', '-')}`} size="xs" label={f.name} withAsterisk={f.required} placeholder={t.entry.customerPlace} chosen={known} choose={(c) => { choose(c); f.change(c?.customer_id); }} error={f.errors[f.at]} />;
}
function ItemField(f: At) {
  const id = text(f.value), { data } = useQuery({ ...q.items(id), enabled: !!id });
  const [chosen, choose] = useState<Item | null>(null);
  const known = chosen?.sku === id ? chosen : data?.items.find((c) => c.sku === id) ?? null;
  return <ItemLookup key={known?.sku ?? ''} id={`field${f.at.replaceAll('/', '-')}`} size="xs" currency="" aria-label={f.name} placeholder={t.entry.itemPlace} chosen={known} choose={(c) => { choose(c); f.change(c?.sku); }} error={f.errors[f.at]} />;
}
function PartnerField(f: At) {
  const { data } = useQuery(q.partners());
  return <Select size="xs" id={`field${f.at.replaceAll('/', '-')}`} label={f.name} withAsterisk={f.required} searchable error={f.errors[f.at]} data={(data?.items ?? []).map((p) => ({ value: p.id, label: p.name }))} value={text(f.value) || null} onChange={(v) => f.change(v ?? undefined)} placeholder={t.start.choose} />;
}
