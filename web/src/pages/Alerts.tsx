/* Alerts: what fires and where to look, the rules that watch, the channels that tell, and this browser. */
import { useState, type ReactNode } from 'react';
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { Alert, AlertChannel, AlertRule, Json } from '../api/types';
import { t, word } from '../i18n';
import { turnOff, turnOn, useBrowserState } from '../lib/browser';
import { num } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useSession } from '../lib/session';
import { ChannelDialog, RuleDialog, type Doc } from '../components/AlertForms';
import { Empty, Failed, Panel, Rows, When } from '../components/Bits';
import { PageHead } from '../components/PageHead';

const doc = (d: Json): Doc => (d && typeof d === 'object' && !Array.isArray(d) ? (d as Doc) : {});

export function AlertsPage() {
  const admin = useSession().role === 'admin', qc = useQueryClient(), state = useBrowserState();
  const alerts = useQuery(q.alerts()), rules = useQuery(q.alertRules()), channels = useQuery({ ...q.alertChannels(), enabled: admin });
  const [rule, editRule] = useState<AlertRule | 'new' | null>(null), [channel, editChannel] = useState<AlertChannel | 'new' | null>(null);
  const refresh = () => { void qc.invalidateQueries({ queryKey: ['/alert-rules'] }); void qc.invalidateQueries({ queryKey: ['/alert-channels'] }); };
  const doing = async (work: Promise<unknown>, said: string, wrong: string) => { try { await work; done(said); refresh(); } catch (e) { failed(wrong, e); } };
  const firing = alerts.data?.items.filter((a) => a.state === 'firing') ?? [], past = alerts.data?.items.filter((a) => a.state !== 'firing') ?? [];
  return (
    <div className="page">
      <PageHead title={t.alerting.title} />
      <Panel title={t.alerting.firing} count={num(firing.length)}>
        {alerts.error ? <Failed error={alerts.error} retry={() => void alerts.refetch()} /> : !alerts.data ? <Rows n={3} /> : firing.length === 0 ? <Empty title={t.alerting.none}>{t.alerting.noneWhy}</Empty> : <ul className="plain body">{firing.map((a) => <Told key={a.id} of={a} />)}</ul>}
      </Panel>
      <Panel title={t.alerting.rules} right={admin && <Button size="compact-xs" onClick={() => editRule('new')}>{t.alerting.addRule}</Button>}>
        {rules.error ? <Failed error={rules.error} retry={() => void rules.refetch()} /> : !rules.data ? <Rows n={3} /> : rules.data.items.length === 0 ? <Empty title={t.alerting.noRules}>{t.alerting.noRulesWhy}</Empty> : (
          <ul className="plain body">{rules.data.items.map((r) => (
            <Line key={r.name} head={<><strong>{String(doc(r.document).title ?? r.name)}</strong> <span className="pill" data-tone={r.error ? 'bad' : r.since ? 'warn' : 'ok'}>{r.error ? t.alerting.unread : r.since ? word(t.status, 'firing') : t.alerting.watching}</span></>}
              detail={<><span className="mono">{r.name}</span> · <span className="mono">{JSON.stringify(doc(r.document).watch ?? null)}</span>{r.error && <><br /><span className="bad">{r.error}</span></>}</>}>
              {admin && <><Button size="compact-xs" variant="default" onClick={() => editRule(r)} aria-label={t.alerting.edit(r.name)}>{t.alerting.edit('').trim()}</Button><Button size="compact-xs" variant="default" onClick={() => void doing(act.removeAlertRule(r.name), t.alerting.removed(r.name), t.alerting.removeFailed)} aria-label={t.alerting.remove(r.name)}>{t.alerting.remove('').trim()}</Button></>}
            </Line>
          ))}</ul>
        )}
      </Panel>
      <Panel title={t.alerting.channels} right={admin && <Button size="compact-xs" onClick={() => editChannel('new')}>{t.alerting.addChannel}</Button>}>
        {!admin ? <p className="body muted">{t.alerting.onlyAdmin}</p> : channels.error ? <Failed error={channels.error} retry={() => void channels.refetch()} /> : !channels.data ? <Rows n={3} /> : channels.data.items.length === 0 ? <Empty title={t.alerting.noChannels}>{t.alerting.noChannelsWhy}</Empty> : (
          <ul className="plain body">{channels.data.items.map((c) => {
            const d = doc(c.document), hours = [d.hours ?? []].flat().join(', ');
            return (
              <Line key={c.name} head={<><strong>{c.name}</strong> <span className="pill">{word(t.alerting.kinds, String(d.means))}</span></>}
                detail={<>{hours ? `${t.alerting.hours} ${hours}` : t.alerting.always} · {t.alerting.waiting} {num(c.waiting)} · {t.alerting.failed} {num(c.failed)} · {t.alerting.told} <When at={c.told_at} />{c.error && <><br /><span className="bad">{c.error}</span></>}</>}>
                <Button size="compact-xs" variant="default" onClick={() => void doing(act.testAlertChannel(c.name), t.alerting.tested(c.name), t.alerting.testFailed)} aria-label={`${t.alerting.test} ${c.name}`}>{t.alerting.test}</Button>
                <Button size="compact-xs" variant="default" onClick={() => editChannel(c)} aria-label={t.alerting.edit(c.name)}>{t.alerting.edit('').trim()}</Button>
                <Button size="compact-xs" variant="default" onClick={() => void doing(act.removeAlertChannel(c.name), t.alerting.removed(c.name), t.alerting.removeFailed)} aria-label={t.alerting.remove(c.name)}>{t.alerting.remove('').trim()}</Button>
              </Line>
            );
          })}</ul>
        )}
      </Panel>
      <Panel title={t.alerting.browser}>
        <div className="body"><p className="muted">{t.alerting.browserWhy}</p>
          {state === 'unsupported' ? <p>{t.alerting.unsupported}</p> : state === 'denied' ? <p role="status">{t.alerting.denied}</p> : state === 'on' ? <p role="status">{t.alerting.isOn} <Button size="compact-xs" variant="default" onClick={turnOff}>{t.alerting.off}</Button></p> : <p><Button size="xs" variant="default" onClick={() => void turnOn()}>{t.alerting.on}</Button></p>}
        </div>
      </Panel>
      {past.length > 0 && <Panel title={t.alerting.recent} count={num(past.length)}><ul className="plain body">{past.slice(0, 20).map((a) => <Told key={a.id} of={a} />)}</ul></Panel>}
      {rule && <RuleDialog of={rule === 'new' ? {} : { ...doc(rule.document), name: rule.name }} close={() => editRule(null)} saved={() => { editRule(null); refresh(); }} />}
      {channel && <ChannelDialog of={channel === 'new' ? {} : { ...doc(channel.document), name: channel.name }} close={() => editChannel(null)} saved={() => { editChannel(null); refresh(); }} />}
    </div>
  );
}

function Line({ head, detail, children }: { head: ReactNode; detail: ReactNode; children?: ReactNode }) {
  return <li className="line"><span>{head}<br /><span className="muted small">{detail}</span></span><span className="g">{children}</span></li>;
}

function Told({ of: a }: { of: Alert }) {
  const router = useRouter();
  const link = a.link;
  return (
    <Line head={<><strong>{a.title}</strong> <span className="pill" data-tone={a.state === 'resolved' ? 'ok' : a.severity === 'critical' ? 'bad' : 'warn'}>{a.state === 'resolved' ? t.alerting.over : word(t.alerting.severities, a.severity ?? 'warning')}</span></>} detail={<>{t.alerting.since} <When at={a.at} />{a.detail && ` · ${a.detail}`}</>}>
      {link && <Button size="compact-xs" variant="default" onClick={() => router.history.push(link)} aria-label={`${t.alerting.view}: ${a.title}`}>{t.act.open}</Button>}
    </Line>
  );
}
