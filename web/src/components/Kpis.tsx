/* The KPI strip: value, way it went, target, and on hover or focus how it is counted. */
import { useQuery } from '@tanstack/react-query';
import { HoverCard, Skeleton } from '@mantine/core';
import { q } from '../api/queries';
import type { Kpi } from '../api/types';
import { t } from '../i18n';
import { dateTime, num } from '../lib/format';
import { Failed } from './Bits';

const W = 84, H = 32;

function Spark({ data, good }: { data: number[]; good: boolean }) {
  if (data.length < 2) return <svg viewBox={`0 0 ${W} ${H}`} aria-hidden />;
  const lo = Math.min(...data), hi = Math.max(...data), n = data.length - 1;
  const pts = data.map((v, i) => [(i / n) * W, 30 - ((v - lo) / (hi - lo || 1)) * 26] as const);
  const line = pts.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
  const end = pts[n]!;
  const c = good ? 'var(--accent)' : 'var(--bad)';
  return (
    <svg viewBox={`0 0 ${W} ${H}`} aria-hidden>
      <path d={`${line}L${W} ${H}L0 ${H}Z`} fill={c} opacity={0.1} />
      <path d={line} fill="none" stroke={c} strokeWidth={1.6} strokeLinejoin="round" />
      <circle cx={end[0]} cy={end[1]} r={2.4} fill={c} />
    </svg>
  );
}

/** Parts of an hour in minutes: 0.03 h says nothing to anybody. */
const inMinutes = (v: string | null, k: Kpi) => k.unit === 'hours' && v !== null && Number(v) < 1;
const unit = (v: string | null, k: Kpi) => (k.unit === 'percent' ? '%' : inMinutes(v, k) ? t.kpi.min : k.unit === 'hours' ? t.kpi.h : '');
const one = (v: string | null, k: Kpi) => {
  if (v === null) return '–';
  if (inMinutes(v, k)) { const m = Math.round(Number(v) * 60); return m < 1 ? '<1' : num(m); }
  return k.unit === 'count' ? num(v) : num(Number(v).toFixed(1));
};

function Figure({ k, asOf }: { k: Kpi; asOf: string }) {
  const d = k.delta === null ? null : Number(k.delta);
  const good = d === null || (k.good === 'up' ? d >= 0 : d <= 0);
  return (
    <HoverCard width={320} shadow="md" openDelay={200} position="bottom-start" withinPortal>
      <HoverCard.Target>
        <div className="kpi" tabIndex={0} role="group" aria-label={k.label} aria-description={`${t.kpi.formula}: ${k.formula}`}>
          <div className="lab">{k.label}</div>
          <div className="val num">{one(k.value, k)}{k.value !== null && unit(k.value, k) && <small>{unit(k.value, k)}</small>}</div>
          <Spark data={k.series} good={good} />
          <div className="foot num">
            {k.value === null ? <span>{t.kpi.none}</span> : <>
              {d !== null && <span className={`d ${good ? 'good' : 'bad'}`} title={t.kpi.vs}>{d > 0 ? '+' : d < 0 ? '−' : '±'}{num(Math.abs(Math.round(d * 10) / 10))}{k.unit === 'percent' ? ` ${t.kpi.points}` : ''}</span>}
              {k.target !== null ? <span>{t.kpi.target(`${one(k.target, k)}${unit(k.target, k)}`)}</span> : <span className="cut">{k.note}</span>}
            </>}
          </div>
        </div>
      </HoverCard.Target>
      <HoverCard.Dropdown className="formula">
        <strong>{t.kpi.formula}</strong><p>{k.formula}</p>{k.note && <p className="muted">{k.note}</p>}
        <p className="muted num">{k.value === null ? t.kpi.noneWhy : t.kpi.asOf(dateTime(asOf))}</p>
      </HoverCard.Dropdown>
    </HoverCard>
  );
}

export function Kpis() {
  const { data, error, refetch } = useQuery(q.kpis());
  if (error && !data) return <section className="panel wide"><Failed error={error} retry={() => void refetch()} /></section>;
  return (
    <section className="kpis wide" aria-label={t.kpi.label}>
      {data ? data.items.map((k) => <Figure key={k.key} k={k} asOf={data.as_of} />) : Array.from({ length: 6 }, (_, i) => <div className="kpi" key={i}><Skeleton height={64} width={150} /></div>)}
    </section>
  );
}
