/* Starting a process by hand: which there are, and one's form, made of the workflow's own input. */
import { useEffect, useRef, useState } from 'react';
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import { q } from '../api/queries';
import type { Finding } from '../api/types';
import { t } from '../i18n';
import { useFilters } from '../lib/filters';
import { done, failed } from '../lib/notify';
import { Empty, Failed, Panel, Rows } from '../components/Bits';
import { Findings } from '../components/Findings';
import { PageHead } from '../components/PageHead';
import { SchemaForm, typed, type Values } from '../components/SchemaForm';

export function StartList() {
  const { data, error, refetch } = useQuery(q.starts());
  return (
    <div className="page">
      <PageHead title={t.start.title} />
      <p className="muted">{t.start.lead}</p>
      {error ? <div className="panel"><Failed error={error} retry={() => void refetch()} /></div> : !data ? <div className="panel"><Rows /></div> : !data.items.length ? <div className="panel"><Empty title={t.start.empty}>{t.start.emptyWhy}</Empty></div> : (
        <ul className="starts">{data.items.map((s) => (
          <li key={s.name} className="panel"><div className="body">
            {s.may ? <Link className="w550" to="/start/$namespace/$name" params={{ namespace: s.namespace, name: s.name }}>{s.title}</Link> : <span className="w550">{s.title}</span>}
            <p className="muted small">{s.summary}{!s.may && ` ${t.start.no}`}</p>
          </div></li>
        ))}</ul>
      )}
    </div>
  );
}

/** Findings at the fields they name, and those that name none. */
function placed(findings: Finding[]): { errors: Record<string, string>; rest: Finding[] } {
  const errors: Record<string, string> = {}, rest: Finding[] = [];
  for (const f of findings) if (/^\/\w/.test(f.where) && f.code !== 'start.unknown') errors[f.where] ??= f.code === 'start.required' ? t.start.required : f.expected || f.fix; else rest.push(f);
  return { errors, rest };
}

export function StartPage() {
  const { namespace = '', name = '' } = useParams({ strict: false });
  const [f] = useFilters();
  const [about, setAbout] = useState(f.about ?? '');
  const { data, error, refetch } = useQuery(q.startForm(namespace, name, about));
  const [values, setValues] = useState<Values>(f.about ? { order: f.about } : {}), [found, setFound] = useState<Finding[]>([]), [busy, setBusy] = useState(false);
  const key = useRef(crypto.randomUUID()), form = useRef<HTMLFormElement>(null);
  const go = useNavigate(), qc = useQueryClient();
  // what is known of the order fills what is empty, once for each order
  useEffect(() => { if (data && data.given.order === about) setValues((v) => ({ ...data.given, ...v })); }, [data, about]);
  const head = <PageHead title={data?.title ?? t.start.title} crumbs={[{ label: t.start.title, to: '/start' }]} />;
  if (error && !data) return <div className="page">{head}<div className="panel"><Failed error={error} retry={() => void refetch()} /></div></div>;
  if (!data) return <div className="page">{head}<div className="panel"><Rows /></div></div>;
  const { errors, rest } = placed(found);
  const change = (v: Values) => {
    key.current = crypto.randomUUID(); // other input is another start
    const order = typeof v.order === 'string' ? v.order : '';
    if (order !== (values.order ?? '')) { setAbout(order); setValues(Object.fromEntries(Object.entries(v).filter(([k]) => k !== 'invoice' && k !== 'lines'))); } else setValues(v);
    setFound([]);
  };
  const submit = async () => {
    if (busy) return;
    setBusy(true);
    try {
      const made = await act.start(namespace, name, typed(data.form, values) ?? {}, key.current);
      done(t.start.started(data.title), t.start.follow);
      void qc.invalidateQueries({ queryKey: ['/instances'] });
      await go({ to: '/instances/$id', params: { id: made.instance } });
      return;
    } catch (e) {
      const findings = e instanceof ApiError ? e.problem.findings ?? [] : [];
      if (findings.length) { setFound(findings); requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()); } else failed(t.start.failed, e);
    }
    setBusy(false);
  };
  return (
    <div className="page">
      {head}
      <form ref={form} className="entry" noValidate onSubmit={(e) => { e.preventDefault(); void submit(); }} onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); void submit(); } }}>
        <div className="stack">
          {found.length > 0 && <div className="note bad" role="alert">{t.start.wrong(found.length)}{rest.length > 0 && <Findings of={rest} />}</div>}
          {!data.may && <div className="note bad" role="alert">{t.start.no}</div>}
          <Panel title={t.start.form}><div className="body"><SchemaForm schema={data.form} values={values} change={change} errors={errors} choices={data.choices} /></div></Panel>
        </div>
        <div className="stack">
          <Panel title={data.title}><div className="body"><p className="muted small">{data.summary}</p><Button type="submit" size="sm" fullWidth loading={busy} disabled={!data.may}>{t.start.go}</Button></div></Panel>
          <Panel title={t.start.last} count={data.last.length}><div className="body">
            {!data.last.length ? <p className="muted small">{t.start.none}</p> : <ul className="plain">{data.last.map((l, i) => (
              <li key={i}><Button size="compact-xs" variant="default" onClick={() => { setAbout(typeof l.order === 'string' ? l.order : ''); setValues(l); setFound([]); key.current = crypto.randomUUID(); }}>{t.start.use}</Button> <span className="muted small">{Object.values(l).filter((v) => typeof v === 'string').slice(0, 3).join(' · ')}</span></li>
            ))}</ul>}
          </div></Panel>
        </div>
      </form>
    </div>
  );
}
