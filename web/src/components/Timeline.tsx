/* Everything that happened to an order, in order; filtered by kind, each with its details folded below. */
import { useMemo, useState } from 'react';
import { Button } from '@mantine/core';
import { IconAlertTriangle, IconApi, IconBolt, IconChecklist, IconCoin, IconCube, IconFileText, IconHandStop, IconMail, IconSortAscending, IconSortDescending, IconTable, type Icon } from '@tabler/icons-react';
import { Link, type LinkProps } from '@tanstack/react-router';
import type { Json, OrderDetail, TimelineItem, TimelineKind } from '../api/types';
import { t, word } from '../i18n';
import { clock, dateTime, fullTime, dayOf } from '../lib/format';
import { tone } from '../lib/status';
import { Empty, Panel, Pill } from './Bits';
import { JsonView } from './JsonView';

const ICON: Record<TimelineKind, Icon> = { document: IconFileText, event: IconBolt, decision: IconTable, call: IconApi, approval: IconChecklist, case: IconAlertTriangle, hold: IconHandStop, message: IconMail, task: IconCube, money: IconCoin };
const KINDS = Object.keys(ICON) as TimelineKind[];

/** Where an item's own record is: the server's path when it is one, else the id of its kind. */
function target(i: TimelineItem, o: OrderDetail): LinkProps['to'] | undefined {
  if (!i.ref) return undefined;
  if (i.ref.startsWith('/')) return i.ref as LinkProps['to'];
  if (i.kind === 'document' && o.documents.some((d) => d.id === i.ref)) return `/documents/${i.ref}` as LinkProps['to'];
  if (i.kind === 'case' && o.cases.some((c) => c.id === i.ref)) return `/exceptions/${i.ref}` as LinkProps['to'];
  if (i.kind === 'approval' && o.approvals.some((a) => a.id === i.ref)) return `/approvals?open=${i.ref}` as LinkProps['to'];
  return undefined;
}
/** A call's own record, when the item carries no data of its own: same function, same time. */
function record(i: TimelineItem, o: OrderDetail): Json {
  if (i.kind !== 'call') return null;
  const c = o.calls.find((x) => x.at === i.at && x.function === i.title) ?? o.calls.find((x) => x.function === i.title && x.outcome === i.status);
  return c ? { attempt: c.attempt, ...(c.error ? { error: c.error } : {}), ...(c.key ? { key: c.key } : {}), request: c.request, response: c.response } : null;
}
const hasData = (i: TimelineItem) => i.data !== null && i.data !== undefined && !(typeof i.data === 'object' && Object.keys(i.data).length === 0);

export function Timeline({ of: o }: { of: OrderDetail }) {
  const [hidden, hide] = useState<ReadonlySet<string>>(new Set()), [newest, setNewest] = useState(true);
  const counts = useMemo(() => o.timeline.reduce<Record<string, number>>((a, i) => ({ ...a, [i.kind]: (a[i.kind] ?? 0) + 1 }), {}), [o.timeline]);
  const items = useMemo(() => {
    const shown = o.timeline.map((i, n) => [i, n] as const).filter(([i]) => !hidden.has(i.kind)).sort(([a, n], [b, m]) => a.at.localeCompare(b.at) || n - m);
    return newest ? shown.reverse() : shown;
  }, [o.timeline, hidden, newest]);
  const toggle = (k: string) => hide((h) => { const n = new Set(h); if (!n.delete(k)) n.add(k); return n; });
  const kinds = [...KINDS, ...Object.keys(counts).filter((k) => !KINDS.includes(k as TimelineKind))].filter((k) => counts[k]);
  return (
    <Panel title={t.order.timeline} count={o.timeline.length} right={<>
      <div className="kinds" role="group" aria-label={t.order.filterKinds}>{kinds.map((k) => <button key={k} type="button" aria-pressed={!hidden.has(k)} onClick={() => toggle(k)}>{word(t.timeline, k)} <span className="num">{counts[k]}</span></button>)}</div>
      <Button size="compact-xs" variant="subtle" leftSection={newest ? <IconSortDescending size={14} /> : <IconSortAscending size={14} />} onClick={() => setNewest(!newest)}>{newest ? t.order.newestFirst : t.order.oldestFirst}</Button>
    </>}>
      {items.length === 0 ? <Empty title={t.order.emptyTimeline} /> : <ol className="tl">{items.map(([i, n], k) => <Item key={n} item={i} order={o} day={k === 0 || dayOf(items[k - 1]![0].at) !== dayOf(i.at)} />)}</ol>}
    </Panel>
  );
}

function Item({ item, order: o, day }: { item: TimelineItem; order: OrderDetail; day: boolean }) {
  const i = hasData(item) ? item : { ...item, data: record(item, o) };
  const Icon = ICON[i.kind] ?? IconCube;
  const to = target(i, o), data = hasData(i);
  const [open, setOpen] = useState(false);
  const head = <><strong>{i.title}</strong>{i.detail && <span className="muted cut" title={i.detail}>{i.detail}</span>}{i.status && <Pill of={i.status} />}</>;
  return (
    <li data-kind={i.kind}>
      <time className="at num" dateTime={i.at} title={fullTime(i.at)}>{day ? dateTime(i.at) : clock(i.at)}</time>
      <span className="dot" data-tone={i.kind === 'case' && i.status !== 'closed' ? 'bad' : i.status ? tone(i.status) : 'info'}><Icon size={18} stroke={1.6} aria-label={word(t.timeline, i.kind)} /></span>
      <div className="what">
        {data || to ? (
          <details onToggle={(e) => setOpen(e.currentTarget.open)}>
            <summary>{head}</summary>
            {open && <div className="more">{i.detail && <p>{i.detail}</p>}{to && <p><Link to={to}>{t.order.related}</Link></p>}{data && <JsonView of={i.data} />}</div>}
          </details>
        ) : <div className="line">{head}</div>}
      </div>
    </li>
  );
}
