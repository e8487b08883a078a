/* How far a partner is on its way to production: what is asked of it, and its test documents with their errors in words. */
import { IconCircleCheck, IconCircleDashed } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { Certification } from '../api/types';
import { t, word } from '../i18n';
import { Empty, Pill, When } from './Bits';

export function Checklist({ of: c }: { of: Certification }) {
  if (!c.items.length) return <Empty title={t.certify.nothing}>{t.certify.nothingWhy}</Empty>;
  return <ul className="checklist">{c.items.map((i) => <li key={i.key} data-green={i.green}>{i.green ? <IconCircleCheck size={18} aria-hidden /> : <IconCircleDashed size={18} aria-hidden />}<div><strong>{i.title}</strong> <span className="muted num">{t.certify.count(i.done, i.needed)}</span>{i.hint && <p className="muted">{i.hint}</p>}</div></li>)}</ul>;
}

export function TestDocuments({ of: c, linked }: { of: Certification; linked?: boolean }) {
  if (!c.documents.length) return <Empty title={t.certify.noTests}>{t.certify.noTestsWhy}</Empty>;
  return (
    <ul className="list">{c.documents.map((d) => (
      <li key={d.document}>
        <div className="a">{linked ? <Link to="/documents/$id" params={{ id: d.document }}>{word(t.docTypes, d.type)} {d.po}</Link> : <strong className="w550">{word(t.docTypes, d.type)} {d.po}</strong>}<Pill of={d.counts ? 'accepted' : d.status} label={d.counts ? t.certify.counts : word(t.status, d.status)} /><span className="muted"><When at={d.received_at} /></span></div>
        {d.errors.length > 0 && <ul className="toast-list">{d.errors.map((e, n) => <li key={n}>{e}</li>)}</ul>}
        {d.acknowledgements.map((a) => <details key={a.document}><summary className="muted small">{t.certify.answered(a.type)}</summary><pre className="code wrap boxed" tabIndex={0} role="region" aria-label={t.certify.answered(a.type)}>{a.text.replace(/([~'])(?=[A-Z])/g, '$1\n')}</pre></details>)}
      </li>
    ))}</ul>
  );
}
