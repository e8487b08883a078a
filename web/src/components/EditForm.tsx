/* A form of exactly those values that may be corrected, made from JSON pointers into the data. Numbers stay the
   digits that were typed until they are sent; the server has the last word on each value. */
import { useMemo, useState } from 'react';
import { Checkbox, Textarea, TextInput } from '@mantine/core';
import type { Json } from '../api/types';
import { t, words } from '../i18n';
import { leaves, name, read, spread, write } from '../lib/pointer';

const MOST = 80; // more fields than that are better edited as text
const NUMBER = /^-?\d+([.]\d+)?$/;

/** The typed text as the kind of value that was there; undefined when it cannot be. */
function cast(text: string, was: Json | undefined): Json | undefined {
  if (typeof was === 'boolean') return text === 'true';
  if (typeof was === 'number') return NUMBER.test(text.trim()) ? Number(text) : undefined;
  if (was !== null && typeof was === 'object') { try { return JSON.parse(text) as Json; } catch { return undefined; } }
  if (was === null && text === '') return null;
  return text;
}
const show = (v: Json | undefined) => (v === null || v === undefined ? '' : typeof v === 'object' ? JSON.stringify(v, null, 2) : String(v));

export function EditForm({ data, pointers, onChange }: { data: Json; pointers: string[]; onChange: (data: Json, valid: boolean) => void }) {
  const fields = useMemo(() => { const single = [...new Set(spread(data, pointers).flatMap((p) => leaves(data, p)))]; return single.length > MOST ? spread(data, pointers) : single; }, [data, pointers]);
  const [texts, setTexts] = useState<Record<string, string>>({});
  const bad = (p: string, of = texts) => of[p] !== undefined && cast(of[p], read(data, p)) === undefined;
  const change = (p: string, text: string) => {
    const now = { ...texts, [p]: text };
    setTexts(now);
    onChange(fields.reduce<Json>((d, f) => { const v = now[f] === undefined ? undefined : cast(now[f], read(data, f)); return v === undefined ? d : write(d, f, v); }, data), !fields.some((f) => bad(f, now)));
  };
  if (!fields.length) return null;
  return (
    <fieldset className="edit">
      <legend>{t.cases.correct}</legend><p className="muted small">{t.cases.correctLead}</p>
      <div className="fields">
        {fields.map((p, i) => {
          const was = read(data, p), text = texts[p] ?? show(was), edited = texts[p] !== undefined && texts[p] !== show(was);
          const common = { label: <>{name(p, words)}{edited && <em className="edited"> {t.cases.changed}</em>}</>, error: bad(p) ? t.fail.invalid : undefined };
          if (typeof was === 'boolean') return <Checkbox key={p} label={common.label} checked={text === 'true'} onChange={(e) => change(p, String(e.currentTarget.checked))} />;
          if (was !== null && typeof was === 'object') return <Textarea key={p} {...common} className="whole" value={text} autosize maxRows={10} classNames={{ input: 'mono' }} onChange={(e) => change(p, e.currentTarget.value)} />;
          return <TextInput key={p} {...common} autoFocus={i === 0} value={text} inputMode={typeof was === 'number' ? 'decimal' : undefined} onChange={(e) => change(p, e.currentTarget.value)} />;
        })}
      </div>
    </fieldset>
  );
}
