/* What a partner's link opens: who invites whom, and the account it sets up. The token stands behind #, so no log keeps it. */
import { useEffect, useState } from 'react';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { IconArrowsExchange } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import type { Welcome } from '../api/types';
import { t } from '../i18n';
import { fullTime } from '../lib/format';
import { done } from '../lib/notify';

export function InvitationPage() {
  const go = useNavigate();
  const [token] = useState(() => decodeURIComponent(location.hash.slice(1)));
  const [welcome, setWelcome] = useState<Welcome | null>(null), [bad, setBad] = useState<string | null>(null), [busy, setBusy] = useState(false);
  const [user, setUser] = useState(''), [name, setName] = useState(''), [password, setPassword] = useState(''), [error, setError] = useState('');
  useEffect(() => { document.title = `${t.certify.title} · ${t.app}`; act.lookAtInvitation(token).then((w) => { setWelcome(w); setUser(w.email.toLowerCase()); }, (e: unknown) => setBad(e instanceof ApiError ? e.problem.detail || e.problem.title : String(e))); }, [token]);
  const accept = async () => {
    setBusy(true);
    setError('');
    try { await act.acceptInvitation(token, user.trim(), name.trim(), password); done(t.certify.accepted); void go({ to: '/sign-in', search: { next: '/going-live' } }); } catch (e) { setError(e instanceof ApiError ? [e.problem.detail || e.problem.title, ...(e.problem.findings?.map((f) => f.fix) ?? [])].join(' ') : String(e)); setBusy(false); }
  };
  return (
    <main className="signin">
      <form onSubmit={(e) => { e.preventDefault(); void accept(); }}>
        <span className="mark" aria-hidden><IconArrowsExchange size={20} /></span>
        {bad ? <><h1>{t.certify.badLink}</h1><p role="alert">{bad} {t.certify.badLinkDo}</p></> : !welcome ? <><h1>{t.certify.reading}</h1><p role="status">{t.shell.loading}</p></> : <>
          <h1>{t.certify.welcome(welcome.tenant_name)}</h1><p>{t.certify.welcomeBody(welcome.partner_name)}</p>
          <TextInput label={t.certify.user} description={t.certify.userHint} value={user} onChange={(e) => setUser(e.currentTarget.value)} required withAsterisk={false} autoComplete="username" /><TextInput label={t.certify.yourName} value={name} onChange={(e) => setName(e.currentTarget.value)} required withAsterisk={false} autoComplete="name" />
          <PasswordInput visibilityToggleButtonProps={{ 'aria-label': t.certify.showPassword }} label={t.certify.password} description={t.certify.passwordHint} value={password} onChange={(e) => setPassword(e.currentTarget.value)} required withAsterisk={false} minLength={12} autoComplete="new-password" />
          <p className="error" role="alert">{error}</p><Button type="submit" size="sm" loading={busy}>{t.certify.accept}</Button><p className="muted">{t.certify.goodUntil(fullTime(welcome.expires_at))}</p>
        </>}
      </form>
    </main>
  );
}
