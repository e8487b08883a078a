/* Figures of a period with what stands behind each; what all of it is worth; the reports that are mailed. */
import { useMemo, useState } from 'react';
import { Button, NativeSelect, NumberInput, Popover, SegmentedControl, TextInput } from '@mantine/core';
import { IconDownload, IconTarget } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { act } from '../api/actions';
import { query } from '../api/client';
import { q } from '../api/queries';
import type { Figure, FigureRow } from '../api/types';
import { t, word } from '../i18n';
import { businessNow } from '../lib/clock';
import { useFilters } from '../lib/filters';
import { date, dateTime, money, num } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useRows } from '../lib/rows';
import { useSession } from '../lib/session';
import { Empty, Failed, Hints, Panel, Pill, Rows, When } from '../components/Bits';
import { DataTable, type Column } from '../components/DataTable';
import { SiteChoice } from '../components/BoardFilters';
import { Choice, FilterBar } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';
import { Reports } from '../components/Reports';
import { Worth } from '../components/Worth';

const CHANNELS = ['x12', 'edifact', 'xml', 'json', 'csv', 'xlsx', 'manual'];
const SPANS = ['7', '30', '90'];
const DAY = 86_400_000;
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** The chosen days as the server asks for them; without any, the server's own choice: the last seven that are over. */
function usePeriod() {
  const [f, set] = useFilters();
  const last = (days: number) => set({ since: iso(Date.parse(iso(businessNow())) - days * DAY), until: iso(businessNow()) });
  const asked = useMemo(() => ({ since: f.since, until: f.until, channel: f.channel, customer: f.customer, site: f.site }), [f.since, f.until, f.channel, f.customer, f.site]);
  return { f, set, asked, last };
}

export function Figures() {
  const { f, set, asked, last } = usePeriod();
  const tab = f.tab ?? 'figures';
  const days = f.since && f.until ? String((Date.parse(f.until) - Date.parse(f.since)) / DAY) : '7';
  return (
    <div className="page figures">
      <PageHead title={t.figures.title} />
      <FilterBar clear={['since', 'until', 'channel', 'customer', 'site']} end={tab === 'reports' ? undefined : <Saves tab={tab} asked={asked} />}>
        <SegmentedControl size="xs" aria-label={t.figures.view} value={tab} onChange={(v) => set({ tab: v === 'figures' ? undefined : v, figure: undefined })} data={[{ value: 'figures', label: t.figures.tabFigures }, { value: 'worth', label: t.figures.tabWorth }, { value: 'reports', label: t.figures.tabReports }]} />
        {tab !== 'reports' && <>
          <NativeSelect size="xs" aria-label={t.figures.period} value={SPANS.includes(days) ? days : ''} onChange={(e) => e.currentTarget.value && last(Number(e.currentTarget.value))} data={[...SPANS.map((d) => ({ value: d, label: t.figures.lastDays(Number(d)) })), ...(SPANS.includes(days) ? [] : [{ value: '', label: t.figures.ownPeriod }])]} />
          <TextInput size="xs" type="date" aria-label={t.figures.since} title={t.figures.since} value={f.since ?? ''} max={f.until} onChange={(e) => set({ since: e.currentTarget.value || undefined })} />
          <TextInput size="xs" type="date" aria-label={t.figures.until} title={t.figures.until} value={f.until ?? ''} min={f.since} onChange={(e) => set({ until: e.currentTarget.value || undefined })} />
        </>}
        {tab === 'figures' && <>
          <Choice name="channel" label={t.figures.channel} any={t.figures.anyChannel} options={CHANNELS.map((c) => [c, word(t.channels, c)])} />
          <SiteChoice />
          {f.customer && <span className="pill" data-tone="brand">{t.figures.customer}: {f.customer}</span>}
        </>}
      </FilterBar>
      {tab === 'worth' ? <Worth asked={asked} /> : tab === 'reports' ? <Reports /> : <Card asked={asked} chosen={f.figure} choose={(key) => set({ figure: key === f.figure ? undefined : key })} />}
    </div>
  );
}

type Asked = Record<string, string | undefined>;

function Saves({ tab, asked }: { tab: string; asked: Asked }) {
  const save = (href: string, label: string) => <Button component="a" href={href} download variant="default" size="compact-sm" leftSection={<IconDownload size={14} />}>{label}</Button>;
  return tab === 'worth' ? save(`/api/value.csv${query(asked)}`, t.figures.csv) : <>{save(`/api/scorecard.csv${query(asked)}`, t.figures.csv)}{save(`/api/scorecard.xlsx${query(asked)}`, t.figures.xlsx)}</>;
}

const UNITS: Record<string, string> = { percent: '%', hours: t.figures.hours, days: t.figures.days };
export const amount = (v: string | null, unit: string) => (v === null ? '–' : `${num(v)}\u202f${UNITS[unit] ?? unit}`);

function Card({ asked, chosen, choose }: { asked: Asked; chosen: string | undefined; choose: (key: string) => void }) {
  const { data, error, isPending, refetch } = useQuery(q.scorecard(asked));
  const [current, setCurrent] = useState<string | null>(chosen ?? null);
  const columns = useMemo<Column<Figure>[]>(() => [
    { id: 'figure', head: t.figures.figure, grow: 150, cell: (m) => <button type="button" className="plain-button w550" aria-expanded={m.key === chosen} onClick={() => choose(m.key)}>{m.label}</button> },
    { id: 'value', head: t.figures.value, right: true, cell: (m) => <strong className="num">{amount(m.value, m.unit)}</strong> },
    { id: 'range', head: t.figures.range, right: true, hide: 's', cell: (m) => (m.low === null ? <span className="muted">–</span> : <span className={`num ${m.small ? '' : 'muted'}`} title={m.small ? t.figures.smallWhy : t.figures.rangeWhy}>{num(m.low)}–{num(m.high)}{m.small && <span className="sr"> {t.figures.small}</span>}</span>) },
    { id: 'plot', head: t.figures.plot, hide: 's', cell: (m) => <Range of={m} /> },
    { id: 'target', head: t.figures.target, right: true, cell: (m) => <Target of={m} /> },
    { id: 'change', head: t.figures.change, right: true, hide: 's', cell: (m) => <Change of={m} /> },
    { id: 'known', head: t.figures.known, right: true, hide: 'm', cell: (m) => <span className="num" title={`${num(m.known)} / ${num(m.population)} ${m.of}`}>{num(m.known)} <span className="muted">{m.of}</span></span> },
    { id: 'complete', head: t.figures.complete, right: true, hide: 'm', cell: (m) => <span className={`num ${m.completeness !== null && Number(m.completeness) < 95 ? 'warn' : 'muted'}`}>{amount(m.completeness, 'percent')}</span> },
    { id: 'days', head: t.figures.byDay, hide: 'm', cell: (m) => <Days of={m} /> },
  ], [chosen, choose]);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  const open = data?.items.find((m) => m.key === chosen);
  return (
    <>
      <section className="panel" aria-label={t.figures.title}>
        {data && <p className="pad muted small" role="status">{t.figures.about(date(data.since), date(iso(Date.parse(data.until) - DAY)), data.time_zone)} {data.behind_s > 1 ? <strong className="warn">{t.figures.behind(Math.round(data.behind_s))}</strong> : t.figures.fresh(dateTime(data.as_of))}</p>}
        {isPending ? <Rows n={14} /> : <DataTable label={t.figures.title} columns={columns} rows={data?.items ?? []} rowId={(m) => m.key} rowLabel={(m) => `${m.label}, ${amount(m.value, m.unit)}`} current={current} onCurrent={setCurrent} onOpen={(m) => choose(m.key)} empty={<Empty title={t.figures.empty} />} />}
        <Hints of={[[['J', 'K'], t.keys.move], ['Enter', t.figures.showBehind]]} />
      </section>
      {open && <BehindIt of={open} asked={asked} />}
    </>
  );
}

/** Where the figure lies within its interval, beside its target, on the scale of a share; a median has no scale of its own. */
function Range({ of: m }: { of: Figure }) {
  if (m.unit !== 'percent' || m.value === null || m.low === null || m.high === null) return null;
  const x = (v: string) => (Number(v) / 100) * 96 + 2;
  return (
    <svg viewBox="0 0 100 14" width={110} height={14} aria-hidden>
      <line x1={2} x2={98} y1={7} y2={7} stroke="var(--line)" strokeWidth={1.4} />
      <line x1={x(m.low)} x2={x(m.high)} y1={7} y2={7} stroke={m.met === false ? 'var(--bad)' : 'var(--accent)'} strokeWidth={4} opacity={0.35} strokeLinecap="round" />
      {m.target !== null && <line x1={x(m.target)} x2={x(m.target)} y1={1} y2={13} stroke="var(--ink)" strokeWidth={1.2} />}
      <circle cx={x(m.value)} cy={7} r={3} fill={m.met === false ? 'var(--bad)' : 'var(--accent)'} />
    </svg>
  );
}

function Days({ of: m }: { of: Figure }) {
  const v = m.series.map((d) => Number(d.value));
  if (v.length < 2) return null;
  const lo = Math.min(...v), hi = Math.max(...v), n = v.length - 1;
  return <svg viewBox="0 0 84 18" width={84} height={18} aria-hidden><path fill="none" stroke="var(--accent)" strokeWidth={1.4} strokeLinejoin="round" d={v.map((y, i) => `${i ? 'L' : 'M'}${((i / n) * 82 + 1).toFixed(1)} ${(16 - ((y - lo) / (hi - lo || 1)) * 14).toFixed(1)}`).join('')} /></svg>;
}

function Change({ of: m }: { of: Figure }) {
  if (m.change === null) return <span className="muted">–</span>;
  const by = Number(m.change), good = by === 0 ? null : (by > 0) === (m.good === 'up');
  return <span className={`num ${good === null ? 'muted' : good ? 'good' : 'bad'}`} title={`${t.figures.before}: ${amount(m.before, m.unit)}`}>{by > 0 ? '+' : by < 0 ? '−' : '±'}{num(String(Math.abs(by)))}{m.unit === 'percent' ? ` ${t.kpi.points}` : ''}</span>;
}

function Target({ of: m }: { of: Figure }) {
  const qc = useQueryClient(), may = useSession().role === 'admin';
  const [open, setOpen] = useState(false), [text, setText] = useState<string | number>(m.target ?? '');
  const shown = <span className="num">{m.target === null ? <span className="muted">–</span> : <>{amount(m.target, m.unit)} {m.met !== null && <Pill of={m.met ? 'ok' : 'late'} label={m.met ? t.figures.met : t.figures.missed} />}</>}</span>;
  if (!may) return shown;
  const save = (value: number | null) => {
    const before = m.target === null ? null : Number(m.target);
    const put = (v: number | null) => act.setTarget(m.key, v).then(() => qc.invalidateQueries({ queryKey: ['/scorecard'] }));
    put(value).then(() => { setOpen(false); done(t.figures.targetSet(m.label), '', () => void put(before)); }, (e: unknown) => failed(t.figures.targetNot, e));
  };
  return (
    <Popover opened={open} onChange={setOpen} withArrow trapFocus position="bottom-end">
      <Popover.Target><button type="button" className="plain-button" aria-label={t.figures.setTarget(m.label)} onClick={() => { setText(m.target ?? ''); setOpen(true); }}>{shown} <IconTarget size={12} aria-hidden /></button></Popover.Target>
      <Popover.Dropdown>
        <form className="stack" onSubmit={(e) => { e.preventDefault(); save(text === '' ? null : Number(text)); }}>
          <NumberInput size="xs" label={t.figures.targetOf(m.label, UNITS[m.unit] ?? m.unit)} description={t.figures.targetHint} value={text} onChange={setText} min={0} max={m.unit === 'percent' ? 100 : 10_000} decimalScale={2} />
          <div className="buttons"><Button size="xs" variant="default" onClick={() => setOpen(false)}>{t.act.cancel}</Button><Button size="xs" type="submit">{t.figures.save}</Button></div>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

function BehindIt({ of: m, asked }: { of: Figure; asked: Asked }) {
  const rows = useRows<FigureRow>(q.behind(m.key, asked));
  const [current, setCurrent] = useState<string | null>(null);
  const columns = useMemo<Column<FigureRow>[]>(() => [
    { id: 'id', head: t.figures.what, cell: (r) => (r.order ? <Link className="mono quiet" to="/orders/$order" params={{ order: r.order }}>{r.id}</Link> : <span className="mono">{r.id}</span>) },
    ...(m.kind === 'share' ? [{ id: 'hit', head: t.figures.counts, cell: (r: FigureRow) => (r.hit === null ? <span className="muted">{t.figures.unjudged}</span> : <Pill of={r.hit === (m.good === 'up') ? 'ok' : 'late'} label={r.hit ? t.figures.yes : t.figures.no} />) }] : []),
    { id: 'amount', head: m.unit === 'percent' ? t.figures.measure : t.figures.value, right: true, cell: (r) => <span className="num">{m.kind === 'share' ? num(r.amount) : amount(r.amount, m.unit)}</span> },
    { id: 'customer', head: t.figures.customer, grow: 120, cell: (r) => r.customer },
    { id: 'channel', head: t.figures.channel, hide: 's', cell: (r) => word(t.channels, r.channel) },
    { id: 'total', head: t.documents.total, right: true, hide: 's', cell: (r) => <span className="num">{r.total === null ? '–' : money(r.total, r.currency)}</span> },
    { id: 'at', head: t.figures.at, right: true, cell: (r) => <When at={r.at} /> },
  ], [m]);
  return (
    <Panel title={t.figures.behindIt(m.label)} count={rows.total === undefined ? '' : num(rows.total)} right={<Button component="a" href={`/api/scorecard/${m.key}/rows.csv${query(asked)}`} download variant="default" size="compact-sm" leftSection={<IconDownload size={14} />}>{t.figures.csv}</Button>}>
      <dl className="facts pad">{([[t.kpi.formula, m.formula], [t.figures.excluded, m.excluded], [t.figures.clock, m.clock]] as const).map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>
      <DataTable label={t.figures.behindIt(m.label)} columns={columns} rows={rows.rows} rowId={(r) => r.id} rowLabel={(r) => r.id} loading={rows.loading} error={rows.error} retry={rows.retry} more={rows.more} current={current} onCurrent={setCurrent} keys={false} empty={<Empty title={t.figures.nothing}>{t.figures.nothingWhy}</Empty>} />
    </Panel>
  );
}
