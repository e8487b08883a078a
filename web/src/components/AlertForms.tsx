/* The forms of alert rules and channels. The gateway judges the whole document; what it names is shown where it stands. */
import { useState } from 'react';
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import type { Json } from '../api/types';
import { t } from '../i18n';
import { done, failed } from '../lib/notify';
import { Modal } from './Dialog';

export type Doc = { [key: string]: Json | undefined };
const KPIS = ['open_orders', 'otif', 'cycle_time', 'touchless', 'exceptions', 'approvals', 'at_risk'];
const options = (d: Record<string, string>) => Object.entries(d).map(([value, label]) => ({ value, label }));
const str = (v: Json | undefined) => (v === undefined || v === null ? '' : Array.isArray(v) ? v.join('\n') : String(v));

/** What the gateway found, by the place it names. */
function useFindings() {
  const [found, set] = useState<Record<string, string>>({});
  const take = (e: unknown, what: string) => {
    const list = e instanceof ApiError ? (e.problem.findings ?? []) : [];
    set(Object.fromEntries(list.map((f) => [f.where, `${f.expected}. ${f.fix}`])));
    if (!list.length) failed(what, e);
  };
  return { at: (...where: string[]) => where.map((w) => found[w]).find(Boolean), take, clear: () => set({}), any: Object.keys(found).length > 0 };
}

export function RuleDialog({ of, close, saved }: { of: Doc; close: () => void; saved: () => void }) {
  const was = (of.watch && typeof of.watch === 'object' && !Array.isArray(of.watch) ? of.watch : {}) as Doc;
  const [d, set] = useState({ name: str(of.name), title: str(of.title), severity: str(of.severity) || 'warning', kind: was.objective ? 'objective' : 'kpi', kpi: str(was.kpi) || 'open_orders', side: was.below !== undefined ? 'below' : 'above', limit: str(was.below ?? was.above), lasting: str(was.for) || 'PT15M', objective: str(was.objective) || 'released_within', within: str(was.within) || 'PT4H', target: str(was.target) || '95', burn: str(was.burn) || '1', long: str(was.long) || 'PT24H', short: str(was.short) || 'PT2H' });
  const [tried, setTried] = useState<string | null>(null), [busy, setBusy] = useState(false);
  const wrong = useFindings();
  const put = (k: keyof typeof d) => (e: { currentTarget: { value: string } }) => { const v = e.currentTarget.value; set((x) => ({ ...x, [k]: v })); setTried(null); };
  const name = d.name.trim() || 'rule';
  const document = (): Json => ({
    title: d.title.trim() || d.name.trim(), severity: d.severity,
    watch: d.kind === 'kpi' ? { kpi: d.kpi, [d.side]: d.limit.trim(), for: d.lasting.trim() } : { objective: d.objective, ...(d.objective === 'released_within' ? { within: d.within.trim() } : {}), target: d.target.trim(), burn: d.burn.trim(), long: d.long.trim(), short: d.short.trim() },
  });
  const attempt = async (work: () => Promise<void>, what: string) => { setBusy(true); wrong.clear(); try { await work(); } catch (e) { wrong.take(e, what); } setBusy(false); };
  return (
    <Modal opened onClose={close} title={of.name ? t.alerting.edit(str(of.name)) : t.alerting.addRule} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" noValidate onSubmit={(e) => { e.preventDefault(); void attempt(async () => { await act.putAlertRule(name, document()); done(t.alerting.saved(name)); saved(); }, t.alerting.saveFailed); }}>
        <TextInput label={t.alerting.name} description={t.alerting.nameHint} value={d.name} onChange={put('name')} disabled={!!of.name} error={wrong.at('/name')} required data-autofocus />
        <div className="two"><TextInput label={t.alerting.heading} value={d.title} onChange={put('title')} error={wrong.at('/title')} /><NativeSelect label={t.alerting.severity} value={d.severity} onChange={put('severity')} data={options(t.alerting.severities)} error={wrong.at('/severity')} /></div>
        <NativeSelect label={t.alerting.watches} value={d.kind} onChange={put('kind')} data={[{ value: 'kpi', label: t.alerting.kpi }, { value: 'objective', label: t.alerting.objective }]} />
        {d.kind === 'kpi' ? <>
          <div className="two"><NativeSelect label={t.alerting.figure} value={d.kpi} onChange={put('kpi')} data={KPIS} error={wrong.at('/watch/kpi')} /><NativeSelect label={t.alerting.limit} value={d.side} onChange={put('side')} data={[{ value: 'above', label: t.alerting.above }, { value: 'below', label: t.alerting.below }]} /></div>
          <div className="two"><TextInput label={`${t.alerting.limit} (${d.side === 'above' ? t.alerting.above : t.alerting.below})`} inputMode="decimal" value={d.limit} onChange={put('limit')} error={wrong.at('/watch/above', '/watch/below', '/watch')} required /><TextInput label={t.alerting.lasting} description={t.alerting.lastingHint} value={d.lasting} onChange={put('lasting')} error={wrong.at('/watch/for')} /></div>
        </> : <>
          <div className="two"><NativeSelect label={t.alerting.objective} value={d.objective} onChange={put('objective')} data={options(t.alerting.objectives)} error={wrong.at('/watch/objective')} />{d.objective === 'released_within' && <TextInput label={t.alerting.within} value={d.within} onChange={put('within')} error={wrong.at('/watch/within')} />}</div>
          <div className="two"><TextInput label={t.alerting.target} inputMode="decimal" value={d.target} onChange={put('target')} error={wrong.at('/watch/target')} /><TextInput label={t.alerting.burn} inputMode="decimal" value={d.burn} onChange={put('burn')} error={wrong.at('/watch/burn')} /></div>
          <div className="two"><TextInput label={t.alerting.long} value={d.long} onChange={put('long')} error={wrong.at('/watch/long')} /><TextInput label={t.alerting.short} value={d.short} onChange={put('short')} error={wrong.at('/watch/short')} /></div>
        </>}
        <p role="status">{wrong.any ? t.alerting.findings : tried === null ? '' : tried ? `${t.alerting.wrongNow} ${tried}` : t.alerting.rightNow}</p>
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button variant="default" loading={busy} onClick={() => void attempt(async () => { setTried((await act.tryAlertRule(name, document())).detail); }, t.alerting.saveFailed)}>{t.alerting.try}</Button><Button type="submit" loading={busy}>{t.alerting.save}</Button></div>
      </form>
    </Modal>
  );
}

export function ChannelDialog({ of, close, saved }: { of: Doc; close: () => void; saved: () => void }) {
  const [d, set] = useState({ name: str(of.name), means: str(of.means) || 'mail', to: str(of.to), url: str(of.url), secret: str(of.secret), severity: str(of.severity) || 'warning', group: str(of.group) || 'PT1M', hours: str(of.hours) });
  const [busy, setBusy] = useState(false);
  const wrong = useFindings();
  const put = (k: keyof typeof d) => (e: { currentTarget: { value: string } }) => { const v = e.currentTarget.value; set((x) => ({ ...x, [k]: v })); };
  const lines = (v: string) => v.split(/[\s,]+/).filter(Boolean);
  const document = (): Json => ({
    means: d.means, severity: d.severity, group: d.group.trim(), ...(of.kinds ? { kinds: of.kinds } : {}), ...(lines(d.hours).length ? { hours: lines(d.hours) } : {}),
    ...(d.means === 'mail' ? { to: lines(d.to) } : { ...(d.url.trim() ? { url: d.url.trim() } : {}), ...(d.secret.trim() ? { secret: d.secret.trim() } : {}) }),
  });
  const go = async () => {
    setBusy(true);
    wrong.clear();
    const name = d.name.trim() || 'channel';
    try { await act.putAlertChannel(name, document()); done(t.alerting.saved(name)); saved(); } catch (e) { wrong.take(e, t.alerting.saveFailed); }
    setBusy(false);
  };
  return (
    <Modal opened onClose={close} title={of.name ? t.alerting.edit(str(of.name)) : t.alerting.addChannel} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" noValidate onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <div className="two"><TextInput label={t.alerting.name} description={t.alerting.nameHint} value={d.name} onChange={put('name')} disabled={!!of.name} error={wrong.at('/name')} required data-autofocus /><NativeSelect label={t.alerting.means} value={d.means} onChange={put('means')} data={options(t.alerting.kinds)} error={wrong.at('/means')} /></div>
        {d.means === 'mail' ? <Textarea label={t.alerting.to} description={t.alerting.toHint} value={d.to} onChange={put('to')} error={wrong.at('/to')} autosize minRows={2} required /> : <div className="two"><TextInput label={t.alerting.url} value={d.url} onChange={put('url')} error={wrong.at('/url')} /><TextInput label={t.alerting.secret} value={d.secret} onChange={put('secret')} error={wrong.at('/secret')} /></div>}
        <div className="two"><NativeSelect label={t.alerting.from} value={d.severity} onChange={put('severity')} data={options(t.alerting.severities)} /><TextInput label={t.alerting.group} description={t.alerting.lastingHint} value={d.group} onChange={put('group')} error={wrong.at('/group')} /></div>
        <TextInput label={t.alerting.hours} description={t.alerting.hoursHint} value={d.hours} onChange={put('hours')} error={wrong.at('/hours')} />
        {wrong.any && <p role="status">{t.alerting.findings}</p>}
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy}>{t.alerting.save}</Button></div>
      </form>
    </Modal>
  );
}
