/* A list's filters live in the address, so that what one sees can be sent to a colleague and the back button works. */
import { useEffect, useRef, useState } from 'react';
import { useNavigate, useSearch } from '@tanstack/react-router';

export type Filters = Record<string, string | undefined>;

export function useFilters(): [Filters, (change: Filters) => void] {
  const search: Filters = useSearch({ strict: false });
  const go = useNavigate();
  return [search, (change) => void go({ to: '.', search: (s: Filters) => Object.fromEntries(Object.entries({ ...s, ...change }).filter(([, v]) => v)), replace: true })];
}

/** What is typed shows at once; the address and the server hear of it when the typing pauses. */
export function useTyped(key: string): [string, (s: string) => void] {
  const [filters, set] = useFilters();
  const stored = filters[key] ?? '';
  const [text, setText] = useState(stored);
  const sent = useRef(stored);
  const latest = useRef(set);
  latest.current = set;
  useEffect(() => { if (stored !== sent.current) { sent.current = stored; setText(stored); } }, [stored]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => { sent.current = text; latest.current({ [key]: text || undefined }); }, 250);
    return () => clearTimeout(timer);
  }, [text, key]);
  return [text, setText];
}
