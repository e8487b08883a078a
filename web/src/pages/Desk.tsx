/* The desk: who works on what, what is written again and again, the rules that place and ask, and where mail goes. */
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { Button, Checkbox, Menu, MultiSelect, NativeSelect, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { act } from '../api/actions';
import { q } from '../api/queries';
import type { CaseRules, Json, ReplyTemplate, Team } from '../api/types';
import { t, word } from '../i18n';
import { businessNow } from '../lib/clock';
import { useFilters } from '../lib/filters';
import { dateTime } from '../lib/format';
import { done, failed } from '../lib/notify';
import { titleOf } from '../lib/cases';
import { useCanWork, useSession } from '../lib/session';
import { Empty, Failed, Panel, Rows } from '../components/Bits';
import { Modal } from '../components/Dialog';
import { FilterBar } from '../components/FilterBar';
import { PageHead } from '../components/PageHead';

const TABS = ['teams', 'templates', 'rules', 'mail'] as const;
const DAY_MS = 86_400_000;

export function Desk() {
  const [f, set] = useFilters();
  const tab = TABS.find((x) => x === f.show) ?? 'teams';
  return (
    <div className="page">
      <PageHead title={t.desk.title} crumbs={[{ label: t.cases.title, to: '/exceptions' }]} />
      <FilterBar><SegmentedControl size="xs" value={tab} onChange={(v) => set({ show: v === 'teams' ? undefined : v })} aria-label={t.desk.show} data={TABS.map((x) => ({ value: x, label: t.desk[x] }))} /></FilterBar>
      {tab === 'teams' ? <Teams /> : tab === 'templates' ? <Templates /> : tab === 'rules' ? <RulesTab /> : <MailTab />}
    </div>
  );
}

function useSaving() {
  const qc = useQueryClient();
  const [busy, setBusy] = useState(false);
  const go = async (work: () => Promise<unknown>, said: string, ...stale: string[]) => {
    setBusy(true);
    try { await work(); done(said); for (const k of stale) void qc.invalidateQueries({ queryKey: [k] }); return true; } catch (e) { failed(t.desk.failed, e); return false; } finally { setBusy(false); }
  };
  return { busy, go };
}

// ── teams ──

interface Row { description: string; team: string; cells: [string, string][] }
/** The rows of a JDM table: what each asks and what it says. */
function rowsOf(document: Json): { description: string; inputs: [string, string][]; outputs: [string, string][] }[] {
  const d = document as { nodes?: { content?: { inputs?: { id: string; name: string }[]; outputs?: { id: string; name: string; field: string }[]; rules?: Record<string, string>[] } }[] };
  const table = d.nodes?.find((n) => n.content?.rules)?.content;
  if (!table) return [];
  const cells = (r: Record<string, string>, of: { id: string; name: string }[] = []) => of.filter((c) => r[c.id] && r[c.id] !== "''").map((c): [string, string] => [c.name, r[c.id] ?? '']);
  return (table.rules ?? []).map((r) => ({ description: r._description ?? r._id ?? '', inputs: cells(r, table.inputs), outputs: cells(r, table.outputs) }));
}
const said = (cell: string) => cell.replace(/^'(.*)'$/, '$1');

/** What a team takes by the rules of assignment: a row that names it, or one that sends each queue to its own team. */
function takes(rules: CaseRules | undefined, team: string): Row[] {
  if (!rules) return [];
  return rowsOf(rules.document).map((r) => ({ description: r.description, team: r.outputs[0]?.[1] ?? '', cells: r.inputs })).filter((r) => said(r.team) === team || r.team === 'queue');
}

function Teams() {
  const admin = useSession().role === 'admin', may = useCanWork();
  const teams = useQuery(q.caseTeams()), rules = useQuery(q.caseRules());
  const [editing, edit] = useState<Team | 'new' | null>(null), [removing, remove] = useState<Team | null>(null);
  const { busy, go } = useSaving();
  const assignment = rules.data?.items.find((r) => r.name === 'case-assignment');
  const away = (user: string, until: string | null) => void go(() => act.away(user, until), until ? t.desk.awaySet(user) : t.desk.backSet(user), '/case-teams');
  const add = admin && <Button size="compact-xs" onClick={() => edit('new')}>{t.desk.add}</Button>;
  if (teams.error) return <Panel title={t.desk.teams}><Failed error={teams.error} retry={() => void teams.refetch()} /></Panel>;
  if (!teams.data) return <Panel title={t.desk.teams}><Rows n={5} /></Panel>;
  return (
    <>
      {teams.data.items.length === 0 && <Panel title={t.desk.teams} right={add}><Empty title={t.desk.noTeams}>{t.desk.noTeamsWhy}</Empty></Panel>}
      {teams.data.items.map((x, i) => (
        <Panel key={x.team} title={x.title} right={<span className="buttons">{admin && <><Button size="compact-xs" variant="default" onClick={() => edit(x)} aria-label={t.desk.edit(x.title)}>{t.desk.edit('').trim()}</Button><Button size="compact-xs" variant="default" onClick={() => remove(x)} aria-label={t.desk.remove(x.title)}>{t.desk.remove('').trim()}</Button></>}{i === 0 && add}</span>}>
          <div className="body">
            <p className="muted small"><span className="mono">{x.team}</span> · {t.desk.calendar}: {x.calendar || t.desk.calendarNone} · {t.desk.open(x.open)}{x.unowned > 0 && <span className="bad"> · {t.desk.unowned(x.unowned)}</span>}</p>
            <ul className="list">{x.members.map((m) => (
              <li key={m.user}><div className="a"><strong>{m.user}</strong><span className="num muted">{t.desk.open(m.open)}</span><span className={m.away_until ? 'bad' : 'muted'}>{m.away_until ? t.desk.away(dateTime(m.away_until)) : t.desk.there}</span>
                {may && <Away user={m.user} away={!!m.away_until} set={away} busy={busy} />}</div></li>
            ))}</ul>
            <p className="muted small">{t.desk.takes}: {takes(assignment, x.team).map((r) => r.description).join(' · ') || t.desk.takesNone}</p>
          </div>
        </Panel>
      ))}
      {editing && <TeamDialog of={editing === 'new' ? null : editing} close={() => edit(null)} />}
      {removing && <Modal opened onClose={() => remove(null)} title={t.desk.remove(removing.title)} closeButtonProps={{ 'aria-label': t.act.close }}>
        <div className="stack"><p>{t.desk.removeAsk(removing.title)}</p><div className="buttons"><Button variant="default" onClick={() => remove(null)}>{t.act.cancel}</Button><Button color="red" loading={busy} onClick={() => void go(() => act.removeTeam(removing.team), t.desk.removed(removing.title), '/case-teams').then((ok) => ok && remove(null))}>{t.desk.remove('').trim()}</Button></div></div>
      </Modal>}
    </>
  );
}

function Away({ user, away, set, busy }: { user: string; away: boolean; set: (user: string, until: string | null) => void; busy: boolean }) {
  const me = useSession();
  if (me.role !== 'admin' && me.user !== user) return null;
  if (away) return <Button size="compact-xs" variant="default" loading={busy} onClick={() => set(user, null)} aria-label={`${t.desk.back}: ${user}`}>{t.desk.back}</Button>;
  const until = (days: number) => set(user, new Date(businessNow() + days * DAY_MS).toISOString());
  return (
    <Menu withinPortal><Menu.Target><Button size="compact-xs" variant="default" aria-label={t.desk.awayFor(user)}>{t.desk.setAway}</Button></Menu.Target>
      <Menu.Dropdown><Menu.Item onClick={() => until(1)}>{t.desk.tomorrow}</Menu.Item><Menu.Item onClick={() => until(7)}>{t.desk.week}</Menu.Item></Menu.Dropdown></Menu>
  );
}

function TeamDialog({ of, close }: { of: Team | null; close: () => void }) {
  const people = useQuery(q.users()), calendars = useQuery(q.calendars());
  const [name, setName] = useState(of?.team ?? ''), [title, setTitle] = useState(of?.title ?? ''), [calendar, setCalendar] = useState(of?.calendar ?? ''), [members, setMembers] = useState(of?.members.map((m) => m.user) ?? []);
  const { busy, go } = useSaving();
  const workers = (people.data?.items ?? []).filter((p) => ['coordinator', 'approver', 'admin'].includes(p.role));
  return (
    <Modal opened onClose={close} title={of ? t.desk.edit(of.title) : t.desk.add} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(() => act.putTeam(name, { title, calendar, members }), t.desk.saved(title || name), '/case-teams').then((ok) => ok && close()); }}>
        <TextInput label={t.desk.name} description={t.desk.nameHint} value={name} onChange={(e) => setName(e.currentTarget.value)} disabled={!!of} pattern="[a-z0-9][a-z0-9\-]*" required data-autofocus={of ? undefined : true} />
        <TextInput label={t.desk.heading} value={title} onChange={(e) => setTitle(e.currentTarget.value)} data-autofocus={of ? true : undefined} />
        <NativeSelect label={t.desk.calendar} value={calendar} onChange={(e) => setCalendar(e.currentTarget.value)} data={[{ value: '', label: t.desk.calendarNone }, ...(calendars.data ?? []).map((c) => ({ value: c.name, label: c.title || c.name }))]} />
        <MultiSelect label={t.desk.members} description={t.desk.membersHint} data={workers.map((p) => ({ value: p.user, label: p.name || p.user }))} value={members} onChange={setMembers} searchable />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button><Button type="submit" loading={busy}>{t.desk.save}</Button></div>
      </form>
    </Modal>
  );
}

// ── reply templates ──

function Templates() {
  const admin = useSession().role === 'admin';
  const { data, error, refetch } = useQuery(q.caseTemplates());
  const [editing, edit] = useState<ReplyTemplate | 'new' | null>(null);
  return (
    <>
      <Panel title={t.desk.templates} count={data?.items.length} right={admin && <Button size="compact-xs" onClick={() => edit('new')}>{t.desk.addTemplate}</Button>}>
        {error ? <Failed error={error} retry={() => void refetch()} /> : !data ? <Rows n={3} /> : data.items.length === 0 ? <Empty title={t.desk.noTemplates}>{t.desk.noTemplatesWhy}</Empty> : (
          <ul className="list">{data.items.map((x) => (
            <li key={x.name}><div className="a"><strong>{x.title}</strong><span className="mono muted">{x.name}</span><span className="muted">{[x.language, ...x.others.map((o) => o.language)].map((l) => word(t.desk.languages, l)).join(', ')}</span><span className="muted">{x.subject}</span><Button size="compact-xs" variant="default" onClick={() => edit(x)} aria-label={t.desk.edit(x.title)}>{admin ? t.desk.edit('').trim() : t.act.open}</Button></div></li>
          ))}</ul>
        )}
      </Panel>
      {editing && <TemplateDialog of={editing === 'new' ? null : editing} close={() => edit(null)} />}
    </>
  );
}

function TemplateDialog({ of, close }: { of: ReplyTemplate | null; close: () => void }) {
  const admin = useSession().role === 'admin';
  const texts = useMemo(() => (of ? [{ language: of.language, subject: of.subject, body: of.body }, ...of.others] : []), [of]);
  const [name, setName] = useState(of?.name ?? ''), [title, setTitle] = useState(of?.title ?? ''), [language, setLanguage] = useState(of?.language ?? 'en'), [subject, setSubject] = useState(of?.subject ?? ''), [body, setBody] = useState(of?.body ?? '');
  const { busy, go } = useSaving();
  const choose = (l: string) => { const known = texts.find((x) => x.language === l); setLanguage(l); setSubject(known?.subject ?? ''); setBody(known?.body ?? ''); };
  const { data: facts } = useQuery(q.templateFacts());
  return (
    <Modal opened onClose={close} size="xl" title={of ? t.desk.edit(of.title) : t.desk.addTemplate} closeButtonProps={{ 'aria-label': t.act.close }}>
      <form className="stack" onSubmit={(e) => { e.preventDefault(); void go(() => act.putTemplate(name, { title, subject, body, language }), t.desk.saved(title || name), '/case-templates').then((ok) => ok && close()); }}>
        <div className="two"><TextInput label={t.desk.name} value={name} onChange={(e) => setName(e.currentTarget.value)} disabled={!!of} pattern="[a-z0-9][a-z0-9\-]*" required data-autofocus={of ? undefined : true} /><TextInput label={t.desk.heading} value={title} onChange={(e) => setTitle(e.currentTarget.value)} /></div>
        <NativeSelect label={t.desk.language} value={language} onChange={(e) => choose(e.currentTarget.value)} data={Object.entries(t.desk.languages).map(([value, label]) => ({ value, label: value === of?.language ? `${label} (${t.desk.own})` : texts.some((x) => x.language === value) || !of ? label : `${label} –` }))} />
        <TextInput label={t.desk.subject} value={subject} onChange={(e) => setSubject(e.currentTarget.value)} required />
        <Textarea label={t.desk.body} value={body} onChange={(e) => setBody(e.currentTarget.value)} autosize minRows={5} maxRows={12} required />
        <details><summary>{t.desk.facts}</summary><ul className="list">{Object.entries(facts ?? {}).map(([k, v]) => <li key={k}><span className="mono">{`{${k}}`}</span> <span className="muted">{v}</span></li>)}</ul></details>
        <Trial subject={subject} body={body} language={language} />
        <div className="buttons"><Button variant="default" onClick={close}>{t.act.cancel}</Button>{admin && <Button type="submit" loading={busy}>{t.desk.save}</Button>}</div>
      </form>
    </Modal>
  );
}

/** The text with a real exception's facts, a moment after one stops typing. */
function Trial({ subject, body, language }: { subject: string; body: string; language: string }) {
  const [text, setText] = useState(''), [chosen, choose] = useState<string | null>(null), [shown, setShown] = useState<{ subject: string; body: string } | null>(null), [wrong, setWrong] = useState('');
  const { data } = useQuery(q.someCases(text));
  const first = data?.items[0]?.id ?? null, trial = chosen ?? first;
  useEffect(() => {
    if (!trial || !subject.trim() || !body.trim()) { setShown(null); return; }
    let late = false;
    const timer = setTimeout(() => { act.tryTemplate(trial, { subject, body, language }).then((x) => { if (!late) { setShown(x); setWrong(''); } }, (e: unknown) => { if (!late) { setShown(null); setWrong(e instanceof Error ? e.message : String(e)); } }); }, 350);
    return () => { late = true; clearTimeout(timer); };
  }, [trial, subject, body, language]);
  return (
    <section aria-label={t.desk.preview} className="stack">
      <Select label={t.desk.trial} placeholder={t.desk.trialPick} searchable searchValue={text} onSearchChange={setText} value={chosen} onChange={choose} data={(data?.items ?? []).map((c) => ({ value: c.id, label: `${c.number} · ${titleOf(c)}` }))} filter={({ options }) => options} nothingFoundMessage={t.list.noMatch} />
      {wrong ? <p role="alert" className="bad">{wrong}</p> : shown ? <div className="note" role="status"><strong>{shown.subject}</strong><pre style={{ whiteSpace: 'pre-wrap', margin: '6px 0 0', font: 'inherit' }}>{shown.body}</pre></div> : <p className="muted">{t.desk.trialNone}</p>}
    </section>
  );
}

// ── rules ──

function RulesTab() {
  const rules = useQuery(q.caseRules()), approvals = useQuery(q.approvalTable());
  const all: { name: string; version: string; by: string; document: Json }[] = [
    ...(rules.data?.items ?? []).map((r) => ({ name: r.name, version: r.version, by: r.put_by, document: r.document })),
    ...(approvals.data ? [{ name: 'approvals', version: String(approvals.data.version), by: approvals.data.put_by, document: approvals.data.document }] : []),
  ];
  if (!rules.data) return <Panel title={t.desk.rules}>{rules.error ? <Failed error={rules.error} retry={() => void rules.refetch()} /> : <Rows n={6} />}</Panel>;
  return (
    <>{all.map((r) => {
      const rows = rowsOf(r.document);
      return (
        <Panel key={r.name} title={word(t.desk.ruleNames, r.name)} count={rows.length} right={<a className="small" href={`/decision-tables/${r.name}`}>{t.desk.change}</a>}>
          <div className="body"><p className="muted small"><span className="mono">{r.name}</span> · {r.by ? `${t.desk.version(r.version)} · ${t.desk.by(r.by)}` : t.desk.shipped}</p></div>
          <div className="scroll" tabIndex={0} role="region" aria-label={t.list.scroll(word(t.desk.ruleNames, r.name))} style={{ maxHeight: '36vh', flex: 'none' }}>
            <table className="tbl" aria-label={word(t.desk.ruleNames, r.name)}>
              <thead><tr>{[t.desk.rule, t.desk.when, t.desk.then].map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
              <tbody>{rows.map((x, i) => <tr key={i}><td style={{ whiteSpace: 'normal', minWidth: 180 }}>{x.description}</td><td style={{ whiteSpace: 'normal' }}><Cells of={x.inputs} none={t.desk.always} /></td><td style={{ whiteSpace: 'normal' }}><Cells of={x.outputs} none="–" /></td></tr>)}</tbody>
            </table>
          </div>
        </Panel>
      );
    })}</>
  );
}

function Cells({ of, none }: { of: [string, string][]; none: string }): ReactNode {
  if (!of.length) return <span className="muted">{none}</span>;
  return of.map(([k, v], i) => <span key={k}>{i > 0 && ' · '}<span className="muted">{k}</span> <span className="mono">{v}</span></span>);
}

// ── mail ──

function MailTab() {
  const me = useSession(), admin = me.role === 'admin', may = useCanWork();
  const { data: from } = useQuery(q.caseMail()), { data: addresses } = useQuery({ ...q.approvalAddresses(), enabled: may }), { data: people } = useQuery({ ...q.users(), enabled: admin });
  const deciders = admin ? (people?.items ?? []).filter((p) => ['approver', 'admin'].includes(p.role)).map((p) => p.user) : [me.user];
  return (
    <>
      <Panel title={t.desk.from}><div className="body">{from === undefined ? <Rows n={1} /> : <FromForm key={from?.address ?? ''} address={from?.address ?? ''} name={from?.name ?? ''} admin={admin} />}</div></Panel>
      <Panel title={t.desk.approvals}><div className="body"><p className="muted">{t.desk.approvalsWhy}</p>
        {deciders.length === 0 ? <p className="muted">{t.desk.noAddress}</p> : deciders.map((p) => { const known = addresses?.find((a) => a.person === p); return <AddressForm key={`${p}${known?.email ?? ''}${String(known?.wanted)}`} person={p} email={known?.email ?? ''} wanted={known?.wanted ?? true} />; })}
      </div></Panel>
    </>
  );
}

function FromForm({ address, name, admin }: { address: string; name: string; admin: boolean }) {
  const [a, setA] = useState(address), [n, setN] = useState(name);
  const { busy, go } = useSaving();
  if (!admin) return <p>{address ? `${name} <${address}>` : t.mail.noDesk}</p>;
  return (
    <form className="stack" style={{ maxWidth: 520 }} onSubmit={(e) => { e.preventDefault(); void go(() => act.putCaseMail(a, n), t.desk.saved(a), '/case-mail'); }}>
      <TextInput type="email" label={t.desk.from} description={t.desk.fromHint} value={a} onChange={(e) => setA(e.currentTarget.value)} required /><TextInput label={t.desk.fromName} value={n} onChange={(e) => setN(e.currentTarget.value)} />
      <div className="buttons"><Button type="submit" loading={busy}>{t.desk.save}</Button></div>
    </form>
  );
}

function AddressForm({ person, email, wanted }: { person: string; email: string; wanted: boolean }) {
  const [e, setE] = useState(email), [w, setW] = useState(wanted);
  const { busy, go } = useSaving();
  return (
    <form className="filters" aria-label={t.desk.address(person)} onSubmit={(x) => { x.preventDefault(); void go(() => act.putApprovalAddress(person, e, w), t.desk.saved(person), '/approval-addresses'); }}>
      <strong style={{ minWidth: 90 }}>{person}</strong><TextInput type="email" size="xs" aria-label={t.desk.address(person)} value={e} onChange={(x) => setE(x.currentTarget.value)} w={260} required /><Checkbox size="md" label={t.desk.wanted} checked={w} onChange={(x) => setW(x.currentTarget.checked)} /><Button type="submit" size="compact-sm" variant="default" loading={busy} disabled={e === email && w === wanted}>{t.desk.save}</Button>
    </form>
  );
}
