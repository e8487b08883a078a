/* What the reader is told after an action: done (with undo where there is one), or failed, why, and what to do. */
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { ApiError } from '../api/client';
import { t } from '../i18n';

let last: { id: string; undo: () => void } | null = null;

/** Takes back what was done last, as its button does; once, and only while that is still offered. */
export function undoLast() {
  if (!last) return;
  const { id, undo } = last;
  last = null;
  notifications.hide(id);
  undo();
}

export function done(title: string, message = '', undo?: () => void) {
  const id = notifications.show({
    title, autoClose: undo ? 8000 : 3500, onClose: () => { if (last?.id === id) last = null; }, color: 'teal', closeButtonProps: { 'aria-label': t.act.close },
    message: undo ? <span className="toast">{message}<Button size="compact-xs" variant="default" onClick={undoLast}>{t.act.undo}</Button></span> : message,
  });
  if (undo) last = { id, undo };
}

/** Stays until it is closed: a failure must not pass unseen. */
export function failed(what: string, e: unknown) {
  const p = e instanceof ApiError ? e.problem : null;
  const say = p ? p.detail || p.title : e instanceof Error ? e.message : String(e);
  notifications.show({
    title: what, color: 'red', autoClose: false, closeButtonProps: { 'aria-label': t.act.close },
    message: <span role="alert">{say} {whatToDo(p?.status)}{p?.findings?.length ? <ul className="toast-list">{p.findings.map((f) => <li key={f.code + f.where}>{f.where}: {f.fix || f.expected}</li>)}</ul> : null}</span>,
  });
}

export function whatToDo(status: number | undefined): string {
  switch (status) {
    case undefined: return '';
    case 0: return t.fail.unreachable;
    case 403: return t.fail.forbidden;
    case 404: return t.fail.notFound;
    case 409: return t.fail.conflict;
    case 422: case 400: return t.fail.invalid;
    case 429: return t.fail.slowDown;
    default: return status >= 500 ? t.fail.server : '';
  }
}
