/* A page's name and where it lies, shown in the bar on top; also the browser tab's title. */
import { useEffect, useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { Link, type LinkProps } from '@tanstack/react-router';
import { t } from '../i18n';

export interface Crumb { label: string; to: LinkProps['to'] }

export function PageHead({ title, crumbs = [], after }: { title: string; crumbs?: Crumb[]; after?: ReactNode }) {
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  useEffect(() => { setSlot(document.getElementById('page-head')); }, []);
  useEffect(() => { document.title = `${title} · ${t.app}`; }, [title]);
  return slot && createPortal(
    <>
      {crumbs.length > 0 && <nav aria-label={t.nav.crumbs} className="crumbs">{crumbs.map((c) => <span key={c.label}><Link to={c.to}>{c.label}</Link><i aria-hidden>/</i></span>)}</nav>}
      <h1>{title}</h1>{after}
    </>, slot);
}
