/* What a coordinator does to an exception: shown at once, taken back when the server refuses, undone on request. */
import { useMemo } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Case } from '../api/types';
import { t, words } from '../i18n';
import { businessNow, clockRate, setClock } from './clock';
import { dateTime } from './format';
import { done, failed } from './notify';
import { patchCase } from './rows';
import { useSession } from './session';

export const HOUR_MS = 3_600_000;

/** What happened, without the order's number, which stands beside it. */
export function titleOf(c: Case): string {
  const head = `Order ${c.order}: `;
  if (!c.order || !c.title.startsWith(head)) return c.title;
  const rest = c.title.slice(head.length);
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}
/** A reason that is only codes, in words: `unknown-item, no-price` → Unknown item, no price. */
export const reasonOf = (reason: string) => (/^[a-z0-9]+([-_][a-z0-9]+)+(, [a-z0-9]+([-_][a-z0-9]+)+)*$/.test(reason) ? words(reason) : reason);

export function useCaseWork() {
  const qc = useQueryClient();
  const { user } = useSession();
  return useMemo(() => {
    const refresh = (c: Case) => {
      void qc.invalidateQueries({ queryKey: ['/cases'] });
      void qc.invalidateQueries({ queryKey: [`/cases/${encodeURIComponent(c.id)}`] });
      if (c.order) void qc.invalidateQueries({ queryKey: [`/orders/${encodeURIComponent(c.order)}`] });
    };
    const optimistic = async (c: Case, change: Partial<Case>, send: () => Promise<unknown>, sayFailed: string) => {
      const before = Object.fromEntries(Object.keys(change).map((k) => [k, c[k as keyof Case]])) as Partial<Case>;
      patchCase(qc, c.id, change);
      try { await send(); refresh(c); return true; } catch (e) { patchCase(qc, c.id, before); failed(sayFailed, e); return false; }
    };
    const assign = async (c: Case, owner: string | null = user) => {
      const before = c.owner;
      if (before === owner) return;
      if (await optimistic(c, { owner }, () => act.assign(c.id, owner), t.cases.assignFailed(c.number)))
        done(owner ? t.cases.assigned(c.number) : t.cases.unassigned(c.number), c.title, () => void optimistic({ ...c, owner }, { owner: before }, () => act.assign(c.id, before), t.cases.assignFailed(c.number)));
    };
    const snooze = async (c: Case, ms = HOUR_MS) => {
      // asked anew: simulated time may have jumped since the page last heard of it
      setClock(await qc.fetchQuery({ ...q.now(), staleTime: 0 }).catch(() => ({ now: new Date(businessNow()).toISOString(), rate: clockRate() })));
      const until = new Date(businessNow() + ms).toISOString();
      if (await optimistic(c, { status: 'snoozed' }, () => act.snooze(c.id, until), t.cases.snoozeFailed(c.number)))
        done(t.cases.snoozed1(c.number, dateTime(until)), c.title, () => void reopen(c));
    };
    const reopen = async (c: Case) => {
      if (await optimistic({ ...c, status: 'snoozed' }, { status: 'open' }, () => act.reopen(c.id), t.cases.reopenFailed(c.number))) done(t.cases.reopened(c.number), c.title);
    };
    return { assign, snooze, reopen, refresh };
  }, [qc, user]);
}
