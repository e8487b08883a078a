/* One EventSource for the page. Counts are patched into the cache; everything else marks what it makes stale,
   and what is on screen is fetched again at most once in a while, however fast the events come. */
import { useEffect, useSyncExternalStore } from 'react';
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { q } from '../api/queries';
import type { Alert, Flow, Json, NodeCount, Now } from '../api/types';
import { t } from '../i18n';
import { tellBrowser } from './browser';
import { setClock } from './clock';
import { notifications } from '@mantine/notifications';

export type LiveState = 'live' | 'connecting' | 'off';
let state: LiveState = 'connecting';
const listeners = new Set<() => void>();
function set(s: LiveState) { if (s !== state) { state = s; listeners.forEach((f) => f()); } }
export const useLiveState = () => useSyncExternalStore((f) => { listeners.add(f); return () => listeners.delete(f); }, () => state);

const FLUSH_MS = 1500; // a fetch per view and second and a half is what a person can read and the server does not feel
const POLL_MS = 15_000; // without a stream, by asking

export function useLive(tenant: string) {
  const qc = useQueryClient();
  useEffect(() => open(qc), [qc, tenant]);
}

function open(qc: QueryClient): () => void {
  const stale = new Set<string>();
  let flush: ReturnType<typeof setTimeout> | undefined, retry: ReturnType<typeof setTimeout> | undefined;
  let es: EventSource | undefined, closed = false, wasOpen = false;
  const mark = (...paths: string[]) => {
    paths.forEach((p) => stale.add(p));
    flush ??= setTimeout(() => {
      flush = undefined;
      const now = new Set(stale);
      stale.clear();
      void qc.invalidateQueries({ predicate: (x) => { const p = x.queryKey[0] as string; return now.has(p) || now.has(p.replace(/[/]around$/, '')) || now.has(`${p.slice(0, p.indexOf('/', 1))}/*`); } });
    }, FLUSH_MS);
  };
  const on = <D,>(name: string, f: (d: D) => void) => es?.addEventListener(name, (e) => {
    let data: unknown = null;
    try { data = JSON.parse((e as MessageEvent<string>).data || 'null'); } catch { return; } // not ours to read
    f(data as D);
  });
  const connect = () => {
    es = new EventSource('/api/stream');
    es.onopen = () => { set('live'); if (wasOpen) void qc.invalidateQueries(); wasOpen = true; };
    es.onerror = () => {
      set(es?.readyState === EventSource.CLOSED ? 'off' : 'connecting');
      // a refused stream is not tried again by the browser; the session may have ended
      if (es?.readyState === EventSource.CLOSED && !closed) { void qc.invalidateQueries({ queryKey: ['/session'] }); clearTimeout(retry); retry = setTimeout(connect, 4000); }
    };
    on<NodeCount[] | NodeCount>('flow', (d) => {
      if (!d) return;
      const counts = new Map((Array.isArray(d) ? d : [d]).map((c) => [c.node, c]));
      qc.setQueryData<Flow>(q.flow().queryKey, (f) => f && { ...f, nodes: f.nodes.map((n) => { const c = counts.get(n.id); return c ? { ...n, count: c.count, late: c.late } : n; }) });
    });
    on<Json>('kpis', () => mark('/kpis', '/throughput', '/flow', '/processes', '/at-risk', '/at-risk/counts'));
    on<{ id?: string; order?: string } | null>('case', (d) => mark('/cases', '/handovers', '/clusters', '/incidents', '/holds', ...ids('/cases', d)));
    on<{ id?: string } | null>('presence', (d) => d?.id && mark(`/cases/${encodeURIComponent(d.id)}`));
    on<{ id?: string; order?: string } | null>('approval', (d) => mark('/approvals', ...ids('/approvals', d)));
    on<{ id?: string; order?: string } | null>('order', (d) => mark('/orders', '/documents', '/holds', ...ids('/orders', d)));
    on<Now>('clock', (d) => d && setClock(d));
    on<Alert | null>('alert', (d) => {
      mark('/alerts');
      if (d?.state === 'firing') tellBrowser(d);
      if (d?.state === 'firing' && d.title) notifications.show({ id: `alert-${d.id}`, title: d.title, message: '', color: 'red', autoClose: 12_000, closeButtonProps: { 'aria-label': t.act.close } });
    });
  };
  connect();
  const poll = setInterval(() => { if (state !== 'live') void qc.invalidateQueries(); }, POLL_MS);
  return () => { closed = true; clearTimeout(flush); clearTimeout(retry); clearInterval(poll); es?.close(); set('connecting'); };
}

const ids = (path: string, d: { id?: string; order?: string } | null) =>
  // too many changed at once to be named: every record of the kind may be one of them
  !d?.id && !d?.order ? [`${path}/*`] : [d.id && `${path}/${encodeURIComponent(d.id)}`, d.order && `/orders/${encodeURIComponent(d.order)}`].filter((p): p is string => !!p);
