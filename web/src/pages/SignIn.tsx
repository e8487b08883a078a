/* Signing in; afterwards back to where the reader wanted to go. */
import { useState } from 'react';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { IconArrowsExchange } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { act } from '../api/actions';
import { ApiError } from '../api/client';
import { q } from '../api/queries';
import { choose, language, LANGUAGES, t, word } from '../i18n';
import { whatToDo } from '../lib/notify';

export function SignIn() {
  const qc = useQueryClient(), router = useRouter();
  const search = useSearch({ strict: false });
  const [user, setUser] = useState(''), [password, setPassword] = useState(''), [error, setError] = useState(''), [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    setError('');
    try {
      await act.signIn(user.trim(), password);
      qc.clear();
      await qc.fetchQuery(q.session());
      // only a path of this site: never where somebody else's link points
      const next = search.next?.startsWith('/') && !search.next.startsWith('//') && !search.next.startsWith('/\\') ? search.next : '/';
      router.history.push(next);
    } catch (e) {
      setBusy(false);
      setPassword('');
      setError(e instanceof ApiError && (e.status === 401 || e.status === 403) ? t.signIn.wrong : `${t.signIn.failed}. ${e instanceof ApiError ? `${e.message} ${whatToDo(e.status)}` : String(e)}`);
    }
  };
  return (
    <main className="signin">
      <form onSubmit={(e) => { e.preventDefault(); void go(); }} aria-labelledby="signin-title">
        <div className="mark" aria-hidden><IconArrowsExchange size={20} stroke={2.4} /></div>
        <h1 id="signin-title">{t.signIn.title}</h1>
        <p className="muted">{search.next ? t.signIn.ended : t.signIn.lead}</p>
        <TextInput label={t.signIn.user} value={user} onChange={(e) => setUser(e.currentTarget.value)} autoComplete="username" autoCapitalize="none" spellCheck={false} required withAsterisk={false} autoFocus size="sm" />
        <PasswordInput label={t.signIn.password} value={password} onChange={(e) => setPassword(e.currentTarget.value)} autoComplete="current-password" required withAsterisk={false} size="sm" />
        <p role="alert" className="error">{error}</p>
        <Button type="submit" size="sm" loading={busy} fullWidth>{t.signIn.go}</Button>
        <p className="muted small">{t.signIn.lost}</p>
        <p className="languages">{LANGUAGES.filter((l) => l !== language).map((l) => <Button key={l} variant="subtle" size="compact-sm" lang={l} onClick={() => choose(l)}>{word(t.language.names, l)}</Button>)}</p>
      </form>
    </main>
  );
}
