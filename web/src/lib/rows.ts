/* A list that grows as it is scrolled, and how an action shows in it before the server has answered. */
import { useMemo } from 'react';
import { useInfiniteQuery, type InfiniteData, type QueryClient, type UseInfiniteQueryOptions } from '@tanstack/react-query';
import type { Case, List } from '../api/types';

type Options<T> = UseInfiniteQueryOptions<List<T>, Error, InfiniteData<List<T>, string | null>, readonly [string, Record<string, unknown>], string | null>;

export interface RowsOf<T> { rows: T[]; total: number | undefined; loading: boolean; error: Error | null; more: (() => void) | undefined; retry: () => void }

export function useRows<T>(options: unknown): RowsOf<T> {
  const r = useInfiniteQuery(options as Options<T>);
  const rows = useMemo(() => r.data?.pages.flatMap((p) => p.items) ?? [], [r.data]);
  return {
    rows, total: r.data?.pages[0]?.total ?? (r.data ? rows.length : undefined), loading: r.isPending, error: r.data ? null : r.error,
    more: r.hasNextPage && !r.isFetchingNextPage ? () => void r.fetchNextPage() : undefined, retry: () => void r.refetch(),
  };
}

/** Changes one case wherever a list shows it. */
export function patchCase(qc: QueryClient, id: string, change: Partial<Case>) {
  qc.setQueriesData<InfiniteData<List<Case>> | List<Case>>({ queryKey: ['/cases'] }, (d) => {
    const fix = (l: List<Case>): List<Case> => ({ ...l, items: l.items.map((c) => (c.id === id ? { ...c, ...change } : c)) });
    return d && ('pages' in d ? { ...d, pages: d.pages.map(fix) } : fix(d));
  });
  qc.setQueryData<Case>([`/cases/${encodeURIComponent(id)}`, {}], (c) => c && { ...c, ...change });
}
