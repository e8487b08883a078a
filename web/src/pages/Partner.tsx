/* One trading partner: its profile and agreements, contacts, channels and certificates with their ends, how far it is on its
   way to production, its habits and what is owed; and its file, changed only after it was checked. */
import { useState, type ReactNode } from 'react';
import { Button, Checkbox, NumberInput, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import { q } from '../api/queries';
import type { Invited, PartnerDetail } from '../api/types';
import { t, word, words } from '../i18n';
import { useNow } from '../lib/clock';
import { num, span } from '../lib/format';
import { done, failed } from '../lib/notify';
import { useCanRepair } from '../lib/session';
import { Copy, Empty, Facts, Failed, LinkButton, Panel, Pill, Rows, When } from '../components/Bits';
import { Checklist, TestDocuments } from '../components/Checklist';
import { Modal } from '../components/Dialog';
import { PageHead } from '../components/PageHead';

interface File { identifiers?: { scheme: string; value: string; environment?: string }[]; contacts?: { name?: string; role?: string; email?: string; phone?: string }[]; currency?: string; calendar?: string[]; go_live?: string; unagreed?: string }
const SOON_MS = 30 * 86_400_000;

export function PartnerPage() {
  const { id = '' } = useParams({ strict: false });
  const { data: p, error, refetch } = useQuery(q.partner(id));
  const manager = useCanRepair();
  const [asking, ask] = useState<'invite' | null>(null);
  const head = <PageHead title={p?.name ?? t.partners.one} crumbs={[{ label: t.partners.title, to: '/partners' }]} after={p && <Pill of={p.mode === 'production' ? 'ok' : p.mode} label={word(t.partners.modes, p.mode)} />} />;
  if (!p) return <div className="page">{head}<div className="panel">{error ? <Failed error={error} retry={() => void refetch()} /> : <Rows n={10} />}</div></div>;
  const file = (p.file ?? {}) as unknown as File;
  return (
    <div className="page">
      {head}
      <Panel title={p.name} right={<><LinkButton variant="default" size="compact-sm" to="/documents" search={{ partner: p.id }}>{t.partners.documents}</LinkButton>{manager && <><Button size="compact-sm" variant="default" onClick={() => ask('invite')}>{t.certify.invite}</Button><LinkButton variant="default" size="compact-sm" to="/partners/$id/edit" params={{ id: p.id }}>{t.partners.edit}</LinkButton></>}</>}>
        <div className="body">
          {t.partners.modeNote[p.mode] && <p className="note">{t.partners.modeNote[p.mode]}</p>}
          <Facts of={[[t.partners.id, <span className="mono">{p.id}</span>], [t.partners.customer, <span className="mono">{p.customer_id}</span>], [t.partners.version, t.partners.versionText(p.version, p.put_by)], ...(p.put_at ? [[t.partners.putAt, <When at={p.put_at} />] as [string, ReactNode]] : []), ...(p.note ? [[t.partners.note, p.note] as [string, ReactNode]] : []),
            [t.partners.identifiers, (file.identifiers ?? []).length ? <span className="mono">{file.identifiers!.map((i) => `${i.scheme}:${i.value}${i.environment && i.environment !== 'production' ? ` (${i.environment})` : ''}`).join(', ')}</span> : null]]} />
        </div>
      </Panel>
      <div className="two">
        <Panel title={t.partners.agreements} count={p.agreements.length}>{p.agreements.length === 0 ? <Empty title={t.partners.noAgreements}>{t.partners.noAgreementsWhy}</Empty> : <ul className="list">{p.agreements.map((a) => <li key={a}>{a}</li>)}</ul>}</Panel>
        <Going id={id} manager={manager} />
      </div>
      <div className="two">
        <Panel title={t.partners.channels} count={p.transports.length}>{p.transports.length === 0 ? <Empty title={t.partners.noChannels}>{t.partners.noChannelsWhy}</Empty> : (
          <Table label={t.partners.channels} heads={[t.partners.id, t.partners.kind, t.partners.direction, t.partners.state, t.partners.lastGood, t.partners.lastBad]}>{p.transports.map((c) => <tr key={c.channel_id}><td className="mono">{c.channel_id}</td><td>{word({}, c.kind)}</td><td>{word(t.partners.ways, c.direction)}</td><td><Pill of={c.enabled ? (c.last_failure ? 'retrying' : 'ok') : 'mute'} label={c.enabled ? t.partners.enabled : t.partners.disabled} /></td><td>{c.last_success_at ? <When at={c.last_success_at} /> : '–'}</td><td>{c.last_failure || '–'}</td></tr>)}</Table>)}</Panel>
        <Panel title={t.partners.certificates} count={p.certificates.length}>{p.certificates.length === 0 ? <Empty title={t.partners.noCertificates} /> : (
          <Table label={t.partners.certificates} heads={[t.partners.subject, t.partners.until, t.partners.fingerprint]}>{p.certificates.map((c) => <tr key={c.fingerprint}><td>{c.subject}</td><td><Ends of={c} /></td><td className="mono small">{c.fingerprint.slice(0, 16)}… <Copy text={c.fingerprint} /></td></tr>)}</Table>)}</Panel>
      </div>
      <div className="two">
        <Habits id={id} />
        <Panel title={t.partners.contacts}>{(file.contacts ?? []).length === 0 ? <Empty title={t.partners.noContacts} /> : <ul className="list">{file.contacts!.map((c, n) => <li key={n}><strong className="w550">{c.name}</strong> <span className="muted">{c.role}</span> {c.email && <a href={`mailto:${c.email}`}>{c.email}</a>} {c.phone}</li>)}</ul>}</Panel>
      </div>
      <Owed id={id} />
      {asking === 'invite' && <InviteDialog of={p} close={() => ask(null)} />}
    </div>
  );
}

const Table = ({ label, heads, children }: { label: string; heads: string[]; children: ReactNode }) => <div className="scroll flat" tabIndex={0} role="region" aria-label={t.list.scroll(label)}><table className="tbl plain" aria-label={label}><thead><tr>{heads.map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead><tbody>{children}</tbody></table></div>;

function Ends({ of: c }: { of: PartnerDetail['certificates'][number] }) {
  const now = useNow(), left = Date.parse(c.not_after) - now;
  return <><When at={c.not_after} /> {c.expired ? <Pill of="rejected" label={t.partners.expired} /> : left < SOON_MS ? <Pill of="held" label={t.partners.endsIn(span(left))} /> : <span className="muted">{t.partners.endsIn(span(left))}</span>}</>;
}

/** The way to production: its checklist, or that nobody has invited it yet. */
function Going({ id, manager }: { id: string; manager: boolean }) {
  const qc = useQueryClient();
  const { data: c, error } = useQuery(q.certification(id));
  const { data: invitations } = useQuery(q.invitations(id));
  const [busy, setBusy] = useState(false);
  const approve = async () => { setBusy(true); try { await act.approvePartner(id); done(t.certify.approved); void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/partners') }); } catch (e) { failed(t.certify.approveFailed, e); } setBusy(false); };
  const resend = async (invitation: string) => { setBusy(true); try { const made = await act.resendInvitation(id, invitation); if (made.mail_error) failed(t.partners.resendFailed, new Error(made.mail_error)); else done(t.partners.resent, made.mailed_to); void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/partners') }); } catch (e) { failed(t.partners.resendFailed, e); } setBusy(false); };
  const open = invitations?.find((i) => i.state === 'open');
  return (
    <Panel title={t.certify.title} right={c && <><Pill of={c.state === 'live' ? 'ok' : c.state === 'ready' ? 'pending' : 'test'} label={word(t.certify.states, c.state)} />{manager && c.state === 'ready' && <Button size="compact-sm" loading={busy} onClick={() => void approve()}>{t.certify.approve}</Button>}</>}>
      {open && <p className="pad">{t.certify.openInvitation(open.email || t.certify.nobody)} <When at={open.expires_at} /> {open.mail_error && <span className="bad">{t.partners.mailError}: {open.mail_error}</span>} {manager && open.email && <Button size="compact-xs" variant="default" loading={busy} onClick={() => void resend(open.id)}>{t.partners.resend}</Button>}</p>}
      {c ? <><Checklist of={c} />{c.documents.length > 0 && <><h3 className="subhead">{t.certify.tests}</h3><TestDocuments of={c} linked /></>}</> : error ? <Empty title={t.certify.notBegun}>{error instanceof ApiError && error.status === 404 ? t.certify.notBegunWhy : error.message}</Empty> : <Rows n={4} />}
    </Panel>
  );
}

function Habits({ id }: { id: string }) {
  const { data } = useQuery(q.habits(id));
  return (
    <Panel title={t.partners.habits}>{!data ? <Rows n={3} /> : data.length === 0 ? <Empty title={t.partners.noHabits} /> : (
      <Table label={t.partners.habits} heads={[t.partners.awaited, t.partners.seen, t.partners.median, t.partners.window]}>{data.map((h) => <tr key={h.kind + h.cause}><td>{t.partners.habit(words(h.kind), words(h.cause).toLowerCase())}</td><td className="num">{num(h.sample)}</td><td className="num">{h.median_hours === null ? '–' : t.partners.hours(Math.round(h.median_hours * 10) / 10)}</td><td className="num">{h.window_hours === null ? <span className="muted">{t.partners.learning(h.sample, h.needed)}</span> : t.partners.hours(Math.round(h.window_hours * 10) / 10)}</td></tr>)}</Table>)}</Panel>
  );
}

function Owed({ id }: { id: string }) {
  const { data } = useQuery(q.expectations({ partner: id, limit: 50 }));
  const rows = (data ?? []).filter((e) => e.state === 'open' || e.state === 'overdue');
  return (
    <Panel title={t.partners.owed} count={rows.length}>{!data ? <Rows n={3} /> : rows.length === 0 ? <Empty title={t.partners.noOwed} /> : (
      <Table label={t.partners.owed} heads={[t.partners.awaited, t.partners.about, t.partners.due, t.partners.state]}>{rows.map((e) => <tr key={e.id}><td>{word(t.docTypes, e.document)} <span className="muted">{word(t.partners.owedBy, e.owed_by)}</span></td><td>{e.order_no ? <Link className="mono" to="/orders/$order" params={{ order: e.order_no }}>{e.order_no}</Link> : <span className="mono">{e.subject}</span>}</td><td>{e.due_at ? <When at={e.due_at} /> : <span className="muted">{t.partners.unknownDue}</span>}</td><td>{e.case_id ? <Link to="/exceptions/$id" params={{ id: e.case_id }}><Pill of={e.state} /></Link> : <Pill of={e.state} />}</td></tr>)}</Table>)}</Panel>
  );
}

function InviteDialog({ of: p, close }: { of: PartnerDetail; close: () => void }) {
  const qc = useQueryClient();
  const [email, setEmail] = useState(''), [days, setDays] = useState<number | string>(7), [busy, setBusy] = useState(false), [mail, setMail] = useState(((p.file ?? {}) as unknown as File).contacts?.some((c) => c.email) ?? false), [made, setMade] = useState<Invited | null>(null);
  const link = made && (made.link.startsWith('/') ? location.origin + made.link : made.link);
  const go = async () => {
    setBusy(true);
    try { setMade(await act.invitePartner(p.id, email.trim(), Number(days) || 7, mail)); void qc.invalidateQueries({ predicate: (x) => String(x.queryKey[0]).startsWith('/partners') }); } catch (e) { failed(t.certify.inviteFailed, e); }
    setBusy(false);
  };
  return (
    <Modal opened onClose={close} title={t.certify.inviteTitle(p.name)} size="lg" closeButtonProps={{ 'aria-label': t.act.close }}>
      {link ? <div className="stack"><p role="status">{made?.mailed_to && (made.mail_error ? t.partners.notMailed(made.mail_error) : t.partners.mailed(made.mailed_to))} {t.certify.linkLead}</p><div className="exact linkbox"><span className="mono">{link}</span><Copy text={link} label={t.certify.copyLink} /></div><div className="buttons"><Button onClick={close}>{t.act.close}</Button></div></div> : (
        <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(); }}><p className="muted">{t.certify.inviteBody}</p><TextInput label={t.certify.email} type="email" value={email} onChange={(e) => setEmail(e.currentTarget.value)} data-autofocus /><Checkbox label={t.partners.mailIt} checked={mail} onChange={(e) => setMail(e.currentTarget.checked)} /><NumberInput label={t.certify.days} min={1} max={30} value={days} onChange={setDays} /><div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy}>{t.certify.invite}</Button></div></form>)}
    </Modal>
  );
}
