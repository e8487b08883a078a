/* Documents received and sent: found by any number they bear, and the place to take one in by hand. */
import { useMemo, useState } from 'react';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { query } from '../api/client';
import { q } from '../api/queries';
import type { DocumentSummary } from '../api/types';
import { t, word } from '../i18n';
import { useFilters } from '../lib/filters';
import { money, num } from '../lib/format';
import { useRows } from '../lib/rows';
import { useCanWork } from '../lib/session';
import { Empty, Hints, Pill, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { Choice, FilterBar, Shown } from '../components/FilterBar';
import { Intake } from '../components/Intake';
import { NUMBERS, NumberSearch } from '../components/NumberSearch';
import { PageHead } from '../components/PageHead';

const RECEIVED = ['accepted', 'duplicate', 'held', 'rejected', 'replaced'];
const SENT = ['written', 'sent', 'received', 'accepted', 'accepted_with_errors', 'rejected', 'overdue', 'replaced'];
const TYPES = ['850', '855', '856', '860', '810', '820', '846', '940', '945', '997', '999', 'TA1', 'ORDERS', 'ORDRSP', 'DESADV', 'INVOIC', 'CONTRL', 'APERAK'];
const FILTERS = [...NUMBERS, 'status', 'direction', 'type', 'partner', 'order', 'since', 'until'];

export const DocState = ({ of: d }: { of: Pick<DocumentSummary, 'state' | 'status'> }) => (d.state ? <Pill of={d.state} label={word(t.sendStates, d.state)} /> : <Pill of={d.status} />);

export function Documents() {
  const [f, set] = useFilters();
  const go = useNavigate(), may = useCanWork();
  const asked = useMemo(() => Object.fromEntries(FILTERS.map((k) => [k, f[k]])), [f]);
  const of = useRows<DocumentSummary>(q.documents(asked));
  const [current, setCurrent] = useState<string | null>(null);
  const searched = NUMBERS.some((k) => f[k]), filtered = FILTERS.some((k) => f[k]);
  const columns = useMemo<Column<DocumentSummary>[]>(() => [
    { id: 'type', head: t.documents.type, max: 190, cell: (d) => <Link className="quiet w550" to="/documents/$id" params={{ id: d.id }}>{word(t.docTypes, d.type)}</Link> },
    { id: 'dir', head: t.documents.direction, hide: 's', cell: (d) => (d.direction === 'in' ? t.documents.in : t.documents.out) },
    { id: 'status', head: t.documents.status, cell: (d) => <DocState of={d} /> },
    { id: 'errors', head: t.documents.errors, right: true, hide: 's', cell: (d) => <span className={`num ${d.errors ? 'bad' : 'muted'}`}>{num(d.errors)}</span> },
    { id: 'partner', head: t.documents.partner, grow: 110, cell: (d) => (d.partner ? <Link className="quiet" to="." search={(s: Record<string, string | undefined>) => ({ ...s, partner: d.partner ?? undefined })} title={d.partner}>{d.partner_name ?? d.partner}</Link> : '–') },
    ...(searched ? [{ id: 'found', head: t.documents.found_by, max: 250, cell: (d: DocumentSummary) => (d.found ? <><span className="muted">{word(t.by, d.found.kind)}</span> <span className="mono" title={d.found.value}>{d.found.value}</span></> : '') }] : []),
    { id: 'po', head: t.documents.po, max: 140, cell: (d) => <span className="mono" title={d.po ?? undefined}>{d.po ?? '–'}</span> },
    { id: 'order', head: t.documents.order, hide: 's', cell: (d) => (d.order ? <Link className="mono quiet" to="/orders/$order" params={{ order: d.order }}>{d.order}</Link> : '–') },
    { id: 'control', head: t.documents.control, hide: 'm', cell: (d) => <span className="mono">{d.control ?? '–'}</span> },
    ...(searched ? [] : [{ id: 'file', head: t.documents.filename, hide: 'x' as const, max: 180, cell: (d: DocumentSummary) => (d.filename ? <span className="mono" title={d.filename}>{d.filename}</span> : '–') }]),
    { id: 'total', head: t.documents.total, right: true, hide: 's', cell: (d) => <span className="num">{money(d.total, d.currency)}</span> },
    { id: 'received', head: t.documents.at, hide: 's', right: true, cell: (d) => <When at={d.received_at} /> },
  ], [searched]);
  const partner = of.rows.find((d) => d.partner === f.partner)?.partner_name ?? f.partner;
  return (
    <div className="page fill docs">
      <PageHead title={t.documents.title} />
      <div className="stack">{may && <Intake />}
        <FilterBar clear={FILTERS} end={<><Shown n={of.rows.length} total={of.total} />
          <Button component="a" href={`/api/documents.csv${query(asked)}`} download variant="default" size="compact-sm" leftSection={<IconDownload size={14} />}>{t.documents.export}</Button>
        </>}>
          <NumberSearch />
          <NativeSelect size="xs" aria-label={t.documents.status} value={f.direction || f.status ? `${f.direction ?? ''}:${f.status ?? ''}` : ''} onChange={(e) => { const [direction, status] = e.currentTarget.value.split(':'); set({ direction: direction || undefined, status: status || undefined }); }}
            data={[{ value: '', label: t.documents.anyStatus }, ...(f.status && !f.direction ? [{ value: `:${f.status}`, label: word(t.status, f.status) }] : []),
              { group: t.documents.received_group, items: [{ value: 'in:', label: t.documents.allReceived }, ...RECEIVED.map((s) => ({ value: `in:${s}`, label: word(t.status, s) }))] },
              { group: t.documents.sent_group, items: [{ value: 'out:', label: t.documents.allSent }, ...SENT.map((s) => ({ value: `out:${s}`, label: word(t.sendStates, s) }))] }]} />
          <Choice name="type" label={t.documents.type} any={t.documents.anyType} options={[...new Set([...TYPES, ...of.rows.map((d) => d.type)])].map((x) => [x, word(t.docTypes, x)])} />
          <Day name="since" label={t.documents.since} max={f.until} /><Day name="until" label={t.documents.until} min={f.since} />
          {f.partner && <span className="pill" data-tone="brand">{t.documents.partner}: {partner}</span>}
        </FilterBar>
      </div>
      <section className="panel" aria-label={t.documents.title}>
        <DataTable label={t.documents.title} columns={columns} rows={of.rows} rowId={(d) => d.id} rowLabel={(d) => `${word(t.docTypes, d.type)}, ${d.po ?? d.filename ?? ''}, ${d.state ? word(t.sendStates, d.state) : word(t.status, d.status)}`} loading={of.loading} error={of.error} retry={of.retry} more={of.more} current={current} onCurrent={setCurrent}
          onOpen={(d) => void go({ to: '/documents/$id', params: { id: d.id } })} empty={filtered ? <Empty title={t.list.noMatch} action={<Button variant="default" onClick={() => set(Object.fromEntries(FILTERS.map((k) => [k, undefined])))}>{t.documents.clear}</Button>}>{searched && t.documents.noMatchWhy}</Empty> : <Empty title={t.documents.empty}>{t.documents.emptyWhy}</Empty>} />
        <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.keys.open], ['/', t.keys.filter]]} />
      </section>
    </div>
  );
}

function Day({ name, label, min, max }: { name: 'since' | 'until'; label: string; min?: string; max?: string }) {
  const [f, set] = useFilters();
  return <TextInput size="xs" type="date" aria-label={label} title={label} value={f[name] ?? ''} min={min} max={max} onChange={(e) => set({ [name]: e.currentTarget.value || undefined })} />;
}
