/* Business time. It may be simulated and run faster than the wall clock, so the server says (now, rate) and
   the page carries on from there; every age and every deadline is measured against it, never against Date.now(). */
import { useEffect, useSyncExternalStore } from 'react';
import { useQuery } from '@tanstack/react-query';
import { q } from '../api/queries';
import type { Now } from '../api/types';

let origin = { now: Date.now(), rate: 1, at: performance.now(), known: false };
let shown = origin.now;
const listeners = new Set<() => void>();

export function setClock(c: Now) {
  const now = Date.parse(c.now);
  if (Number.isNaN(now)) return;
  origin = { now, rate: Number.isFinite(c.rate) ? c.rate : 0, at: performance.now(), known: true };
  tick();
}
export const businessNow = () => origin.now + (performance.now() - origin.at) * origin.rate;
export const clockRate = () => origin.rate;
export const clockKnown = () => origin.known;

function tick() {
  shown = businessNow();
  listeners.forEach((f) => f());
}
let timer: ReturnType<typeof setInterval> | undefined;
function subscribe(f: () => void) {
  listeners.add(f);
  timer ??= setInterval(tick, 1000);
  return () => { listeners.delete(f); if (!listeners.size) { clearInterval(timer); timer = undefined; } };
}

/** Business time in ms, renewed each second of wall time. */
export const useNow = () => useSyncExternalStore(subscribe, () => shown);

/** Asks the server for the time once in a while; live `clock` events keep it between. */
export function useClockSync() {
  const { data } = useQuery({ ...q.now(), refetchInterval: 30_000, staleTime: 0 });
  useEffect(() => { if (data) setClock(data); }, [data]);
}
