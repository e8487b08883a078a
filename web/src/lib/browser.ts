/* Notifications of the browser for alerts: off until somebody asks for them here; what fires together comes as one. */
import { useSyncExternalStore } from 'react';
import type { Alert } from '../api/types';
import { t } from '../i18n';

export type BrowserState = 'unsupported' | 'denied' | 'off' | 'on';
const KEY = 'crossdock.notify', TOGETHER_MS = 3000;
const listeners = new Set<() => void>();
const tell = () => listeners.forEach((f) => f());

export function browserState(): BrowserState {
  if (typeof Notification === 'undefined') return 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  return Notification.permission === 'granted' && localStorage.getItem(KEY) === 'on' ? 'on' : 'off';
}
export const useBrowserState = () => useSyncExternalStore((f) => { listeners.add(f); return () => listeners.delete(f); }, browserState);

/** Only from a click: a browser asks nobody otherwise. */
export async function turnOn(): Promise<void> {
  if (typeof Notification === 'undefined') return;
  if ((await Notification.requestPermission()) === 'granted') localStorage.setItem(KEY, 'on');
  tell();
}
export function turnOff() { localStorage.removeItem(KEY); tell(); }

let waiting: Alert[] = [], timer: ReturnType<typeof setTimeout> | undefined;

export function tellBrowser(a: Alert) {
  if (browserState() !== 'on') return;
  waiting = [...waiting.filter((w) => w.id !== a.id), a];
  timer ??= setTimeout(() => {
    timer = undefined;
    const now = waiting;
    waiting = [];
    const only = now.length === 1 ? now[0] : undefined;
    const shown = new Notification(only ? only.title : t.alerting.many(now.length), { tag: 'crossdock-alerts', body: only ? (only.detail ?? '') : now.map((w) => w.title).join('\n') });
    shown.onclick = () => { window.focus(); location.assign(only?.link ?? '/alerts'); };
  }, TOGETHER_MS);
}
