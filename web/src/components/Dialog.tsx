/* The dialog of every page. What opened it has the focus again when it closes, also where the dialog is not hidden but gone:
   whoever works by keyboard goes on where they were. Opened from a menu, that is the menu's button. */
import { useEffect, useRef } from 'react';
import { Modal as MantineModal, type ModalProps } from '@mantine/core';

/** Who to come back to: what has the focus, or what opened the menu that it is in. */
function opener(): HTMLElement | null {
  const now = document.activeElement, menu = now?.closest('[role=menu]');
  const from = menu?.id ? document.querySelector(`[aria-controls="${CSS.escape(menu.id)}"]`) : now;
  return from instanceof HTMLElement && from !== document.body ? from : null;
}

export function Modal(p: ModalProps) {
  const from = useRef<HTMLElement | null | undefined>(undefined);
  if (from.current === undefined) from.current = p.opened ? opener() : null;
  useEffect(() => () => {
    const back = from.current;
    // after what closed it has happened; where something else took the focus meanwhile, it keeps it
    requestAnimationFrame(() => { if (back?.isConnected && (!document.activeElement || document.activeElement === document.body)) back.focus(); });
  }, []);
  return <MantineModal {...p} />;
}
