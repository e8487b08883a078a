/* What is shown when a page itself fails, or when there is none. The frame and the other pages stay usable. */
import { useEffect } from 'react';
import { Button } from '@mantine/core';
import { useRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { LinkButton } from '../components/Bits';
import { PageHead } from '../components/PageHead';
import { t } from '../i18n';

export function Crash({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <div className="page one"><PageHead title={t.fail.page} /><div className="panel empty" role="alert">
      <p><strong>{t.fail.page}</strong><br />{t.fail.pageDo}</p><code className="mono">{error instanceof Error ? error.message : String(error)}</code>
      <div className="buttons"><Button onClick={() => { reset(); void router.invalidate(); }}>{t.act.retry}</Button><Button variant="default" onClick={() => location.reload()}>{t.act.reload}</Button></div>
    </div></div>
  );
}

/** Outside of the frame: it says its name itself. */
export function NotFound() {
  useEffect(() => { document.title = `${t.fail.missingTitle} · ${t.app}`; }, []);
  return (
    <main className="page one"><div className="panel empty"><h1>{t.fail.missingTitle}</h1><p>{t.fail.missing}</p><LinkButton to="/">{t.fail.home}</LinkButton></div></main>
  );
}
