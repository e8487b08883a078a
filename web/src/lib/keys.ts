/* Single-key commands. They rest while someone types, while a dialog is open, and when a modifier is held. */
import { useEffect, useRef } from 'react';

export type Keys = Record<string, (e: KeyboardEvent) => void>;

export function useKeys(keys: Keys, on = true) {
  const latest = useRef(keys);
  useEffect(() => { latest.current = keys; });
  useEffect(() => {
    if (!on) return;
    const press = (e: KeyboardEvent) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
      const at = e.target instanceof HTMLElement ? e.target : null;
      const typing = at?.closest('input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable],[role=listbox]');
      if (typing) { if (e.key === 'Escape') at?.blur(); return; }
      if (document.querySelector('[role=dialog][aria-modal=true]') || at?.closest('[role=menu]')) return;
      // Enter and Space belong to the button or link that has the focus
      if ((e.key === 'Enter' || e.key === ' ') && at?.closest('a,button,summary')) return;
      const f = latest.current[e.key.length === 1 ? e.key.toLowerCase() : e.key];
      if (f) { e.preventDefault(); f(e); }
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [on]);
}
