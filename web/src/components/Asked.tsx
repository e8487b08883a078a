/* Who is asked, who has voted, and what changed since it was approved before. */
import type { Approval } from '../api/types';
import { t, word } from '../i18n';
import { fullTime } from '../lib/format';

const shown = (v: unknown) => (typeof v === 'string' ? v : JSON.stringify(v));

export function Asked({ of: a }: { of: Approval }) {
  const several = a.steps.length > 1 || a.steps.some((s) => s.need > 1 || s.people.length > 0);
  return (
    <>
      {a.acts_for && a.can_decide && <p className="note"><strong>{t.approving.actsFor(a.acts_for)}</strong></p>}
      {a.escalated_to && <p className="note">{t.approving.escalated(word(t.roles, a.escalated_to))}</p>}
      {a.again_of && (a.changed.length ? (
        <section><h3>{t.approving.again(a.again_of)}</h3><ul className="plain">{a.changed.map((c) => <li key={c.where}><span className="mono">{c.where}</span>: {t.approving.was} <span className="num">{shown(c.was)}</span>, {t.approving.now} <strong className="num">{shown(c.now)}</strong></li>)}</ul></section>
      ) : <p className="muted">{t.approving.kept(a.again_of)}</p>)}
      {several && <section><h3>{t.approving.steps}</h3><ol className="plain">{a.steps.map((s, n) => <li key={n}><strong>{t.approving.step(n + 1, a.steps.length)}:</strong> {t.approving.need(s.need, s.people.length ? s.people.join(', ') : t.approving.anyone(word(t.roles, s.role)))} <span className="muted">({s.missing === 0 ? t.approving.filled : s.open ? t.approving.missing(s.missing) : t.approving.later})</span></li>)}</ol></section>}
      {a.votes.length > 0 && <section><h3>{t.approving.votes}</h3><ul className="plain">{a.votes.map((v) => <li key={v.voter}><strong>{v.who}</strong>: {word(t.status, v.outcome)} <span className="muted small num">{fullTime(v.at)} · {v.way}</span>{v.note && <><br />{v.note}</>}</li>)}</ul></section>}
    </>
  );
}
