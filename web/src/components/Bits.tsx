/* The small parts every page uses: states, clocks, copyable ids, empty and failed views, skeletons. */
import { forwardRef, type ComponentPropsWithoutRef, type CSSProperties, type ReactNode } from 'react';
import { ActionIcon, Button, type ButtonProps, CopyButton, Skeleton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy, IconMoodEmpty, IconPlugConnectedX } from '@tabler/icons-react';
import { createLink } from '@tanstack/react-router';
import { ApiError } from '../api/client';
import type { Case, OrderStatus, Severity } from '../api/types';
import { t, word } from '../i18n';
import { useNow } from '../lib/clock';
import { age, dateTime, fullTime, span } from '../lib/format';
import { whatToDo } from '../lib/notify';
import { tone } from '../lib/status';

/** A link that looks like a button: it has an address, so it opens in another tab too. */
export const LinkButton = createLink(forwardRef<HTMLAnchorElement, ButtonProps & ComponentPropsWithoutRef<'a'>>(function Anchor(props, ref) { return <Button {...props} component="a" ref={ref} />; }));

export const Pill = ({ of, label }: { of: string | null | undefined; label?: string }) => <span className="pill" data-tone={tone(of)}>{label ?? word(t.status, of)}</span>;
export const OrderPill = ({ of }: { of: OrderStatus }) => <Pill of={of} label={word(t.orderStatus, of)} />;
export const Sev = ({ of }: { of: Severity }) => <span className={`sev ${of}`}>{word(t.severity, of)}</span>;

/** How urgent, with every reason: 78: €12,400 at risk +22, promise in 3 h +25. */
export const Rank = ({ of }: { of: Pick<Case, 'priority' | 'priority_why'> }) => <span className="num rank" title={whyOf(of)}>{of.priority}</span>;
export const whyOf = (c: Pick<Case, 'priority' | 'priority_why'>) => `${c.priority}: ${c.priority_why.map((w) => `${w.because} ${w.points < 0 ? '−' : '+'}${Math.abs(w.points)}`).join(', ')}`;

/** How much of the time is gone, and what is left of it, on the business clock. */
export function Sla({ from, due }: { from: string; due: string | null }) {
  const now = useNow();
  if (!due) return <span className="muted">{t.time.none}</span>;
  const start = Date.parse(from), end = Date.parse(due), left = end - now;
  const gone = Math.max(0, Math.min(1, (now - start) / Math.max(1, end - start)));
  const c = left < 0 ? 'var(--bad)' : gone > 0.75 ? 'var(--warn)' : 'var(--ok)';
  return (
    <span className="sla num" style={{ '--c': c } as CSSProperties} title={fullTime(due)}>
      <i aria-hidden><b style={{ width: `${gone * 100}%` }} /></i><span>{left < 0 ? t.time.over(span(left)) : t.time.left(span(left))}</span>
    </span>
  );
}

export function Age({ at }: { at: string | null }) {
  const now = useNow();
  return <span className="num" title={fullTime(at)}>{age(at, now)}</span>;
}
export const When = ({ at }: { at: string | null }) => <time className="num" dateTime={at ?? undefined} title={fullTime(at)}>{dateTime(at)}</time>;

export function Copy({ text, label = t.act.copy }: { text: string; label?: string }) {
  return (
    <CopyButton value={text}>{({ copied, copy }) => (
      <Tooltip label={copied ? t.act.copied : label}><ActionIcon size="sm" aria-label={label} onClick={copy}>{copied ? <IconCheck size={14} /> : <IconCopy size={14} />}</ActionIcon></Tooltip>
    )}</CopyButton>
  );
}

export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return <div className="empty"><IconMoodEmpty size={26} stroke={1.4} aria-hidden /><p><strong>{title}</strong>{children && <><br />{children}</>}</p>{action}</div>;
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const p = error instanceof ApiError ? error.problem : null;
  return (
    <div className="empty" role="alert">
      <IconPlugConnectedX size={26} stroke={1.4} aria-hidden />
      <p><strong>{t.fail.load}</strong><br />{p ? p.detail || p.title : error instanceof Error ? error.message : String(error)}<br />{whatToDo(p?.status)}</p>
      {retry && <Button variant="default" onClick={retry}>{t.act.retry}</Button>}
    </div>
  );
}

export const Rows = ({ n = 8, h = 18 }: { n?: number; h?: number }) => (
  <div className="rows" role="status" aria-label={t.shell.loading}>{Array.from({ length: n }, (_, i) => <Skeleton key={i} height={h} radius="sm" width={`${100 - ((i * 17) % 35)}%`} />)}</div>
);

/** Name and value, name and value. */
export function Facts({ of }: { of: [string, ReactNode][] }) {
  return <dl className="facts">{of.map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v ?? '–'}</dd></div>)}</dl>;
}

export function Hints({ of }: { of: [string | string[], string][] }) {
  return <div className="keys" aria-hidden>{of.map(([k, what]) => <span key={what}>{[k].flat().map((x) => <kbd key={x}>{x}</kbd>)}{what}</span>)}</div>;
}

export function Panel({ title, count, right, children, wide, className = '', label }: { title: ReactNode; count?: ReactNode; right?: ReactNode; children: ReactNode; wide?: boolean; className?: string; label?: string }) {
  return (
    <section className={`panel ${wide ? 'wide' : ''} ${className}`} aria-label={label ?? (typeof title === 'string' ? title : undefined)}>
      <header><h2>{title}</h2>{count !== undefined && <span className="muted num count">{count}</span>}{right && <div className="grow">{right}</div>}</header>
      {children}
    </section>
  );
}
