/* What is wrong with a document, in the partner's words: where, expected, found, and the fix. */
import type { Finding } from '../api/types';
import { t } from '../i18n';

export function Findings({ of, brief }: { of: Finding[]; brief?: boolean }) {
  return (
    <ul className={brief ? 'findings brief' : 'findings'}>{of.map((f, i) => (
      <li key={i}>
        <span><span className="mono">{f.where}</span> <strong>{f.code}</strong></span>
        {(f.expected || f.found) && <span className="muted">{t.documents.expected} {f.expected || '–'}, {t.documents.found.toLowerCase()} {f.found || '–'}</span>}
        {f.fix && <span className="fix">{t.documents.fix}: {f.fix}</span>}
      </li>
    ))}</ul>
  );
}
