/* An order's plan beside what happened: by when each step was to be done, when it was or is expected, and every version
   of the plan with why it was made. */
import { useQuery } from '@tanstack/react-query';
import { q } from '../api/queries';
import { t, word } from '../i18n';
import { date, num } from '../lib/format';
import { Empty, Failed, Panel, Rows, When } from './Bits';

const after = (a: string | null, b: string | null) => !!a && !!b && Date.parse(a) > Date.parse(b);

export function PlanPanel({ order }: { order: string }) {
  const { data: p, error, refetch } = useQuery(q.plan(order));
  if (!p) return <Panel title={t.risk.plan}>{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={7} />}</Panel>;
  if (!p.steps.length) return <Panel title={t.risk.plan}><Empty title={t.risk.none}>{t.risk.noneWhy}</Empty></Panel>;
  const risk = p.risk && p.risk.level !== 'none' && !p.risk.over ? p.risk : null;
  return (
    <Panel title={t.risk.plan} right={<span className="muted small">{t.risk.promised}: <span className="num">{date(p.promised_on)}</span></span>}>
      {risk && <div className={`note ${risk.level === 'watch' ? '' : 'bad'}`}><strong>{word(t.risk.levels, risk.level)}</strong> {risk.reason}{risk.could.length > 0 && <ul className="toast-list" aria-label={t.risk.could}>{risk.could.map((c) => <li key={c.text}>{c.text}</li>)}</ul>}</div>}
      <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.risk.plan)}>
        <table className="tbl" aria-label={t.risk.plan}>
          <thead><tr>{[t.risk.step, t.risk.planned, t.risk.actual, t.risk.then].map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
          <tbody>{p.steps.map((s) => {
            const late = after(s.actual ?? s.expected, s.planned);
            return <tr key={s.step}><th scope="row">{word(t.risk.steps, s.step)}</th><td>{s.planned ? <When at={s.planned} /> : '–'}</td><td>{s.actual ? <When at={s.actual} /> : '–'}{s.actual && late && <> <span className="pill" data-tone="warn">{t.risk.behind}</span></>}</td><td>{s.expected ? <When at={s.expected} /> : '–'}{!s.actual && late && <> <span className="pill" data-tone="bad">{t.risk.behind}</span></>}</td></tr>;
          })}</tbody>
        </table>
      </div>
      <details className="body" open={p.versions.length < 4}><summary className="small">{t.risk.versions} <span className="muted num">{num(p.versions.length)}</span></summary>
        <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(t.risk.versions)}>
          <table className="tbl plain" aria-label={t.risk.versions}>
            <thead><tr>{[t.risk.version, t.risk.made, t.risk.why, t.risk.promised, t.risk.ships].map((h) => <th key={h} scope="col">{h}</th>)}<th scope="col" className="r">{t.risk.lead_days}</th></tr></thead>
            <tbody>{p.versions.map((v) => <tr key={v.version}><td className="num">{num(v.version)}</td><td><When at={v.made_at} /></td><td>{v.why}</td><td className="num">{date(v.promised_on)}</td><td>{[v.site, v.service].filter(Boolean).join(', ') || '–'}</td><td className="r num">{v.lead_days === null ? '–' : num(v.lead_days)}</td></tr>)}</tbody>
          </table>
        </div>
      </details>
    </Panel>
  );
}
