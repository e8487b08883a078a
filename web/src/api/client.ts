/* The one place that talks to the gateway. Every failure becomes an ApiError that carries the gateway's
   problem document, so that a page can say what went wrong and what to do; a 401 sends the reader to sign in. */
import type { Problem } from './types';

export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
  get status() { return this.problem.status; }
}

export type Params = Record<string, string | number | boolean | null | undefined>;

let onSignedOut: () => void = () => undefined;
/** Called once by the router: where a request goes when the session has ended. */
export function whenSignedOut(f: () => void) { onSignedOut = f; }

export function query(params: Params = {}): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params)) if (v !== undefined && v !== null && v !== '' && v !== false) q.set(k, String(v));
  const s = q.toString();
  return s ? `?${s}` : '';
}

async function problem(r: Response): Promise<Problem> {
  const fallback: Problem = { type: 'about:blank', title: r.statusText || `HTTP ${r.status}`, status: r.status };
  if (!r.headers.get('content-type')?.includes('json')) return fallback;
  const body = (await r.json().catch(() => null)) as Partial<Problem> & { detail?: unknown } | null;
  if (!body) return fallback;
  // a framework's own validation answer has a list in `detail`: read its first message
  const detail = Array.isArray(body.detail) ? body.detail.map((d: { msg?: string; loc?: unknown[] }) => `${(d.loc ?? []).join('.')}: ${d.msg ?? ''}`).join('; ') : body.detail;
  return { ...fallback, ...body, detail: typeof detail === 'string' ? detail : undefined, status: r.status };
}

async function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has('Accept')) headers.set('Accept', 'application/json');
  if (method !== 'GET') headers.set('X-Crossdock', '1'); // a cross-site form cannot set it
  let r: Response;
  try {
    r = await fetch(`/api${path}`, { ...init, method, headers, credentials: 'same-origin' });
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ApiError({ type: 'crossdock:unreachable', title: 'The server cannot be reached', status: 0, detail: 'Check the connection; what you see is kept and the page reconnects by itself.' });
  }
  if (r.ok) return r;
  const p = await problem(r);
  if (r.status === 401 && path !== '/session') onSignedOut();
  throw new ApiError(p);
}

async function body<T>(r: Response): Promise<T> {
  if (r.status === 204) return undefined as T;
  const text = await r.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export async function get<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  return body<T>(await send('GET', path + query(params), { signal }));
}

export async function text(path: string, signal?: AbortSignal): Promise<string> {
  return (await send('GET', path, { signal, headers: { Accept: '*/*' } })).text();
}

export async function put<T = void>(path: string, data: unknown): Promise<T> {
  return body<T>(await send('PUT', path, { body: JSON.stringify(data), headers: { 'Content-Type': 'application/json' } }));
}

/** key: under which the same request a second time changes nothing. */
export async function post<T = void>(path: string, data: unknown = {}, key?: string): Promise<T> {
  return body<T>(await send('POST', path, { body: JSON.stringify(data), headers: { 'Content-Type': 'application/json', ...(key ? { 'Idempotency-Key': key } : {}) } }));
}

export async function del(path: string): Promise<void> {
  await send('DELETE', path);
}

/** Raw bytes of one partner document. */
export async function upload<T>(path: string, params: Params, bytes: Blob): Promise<T> {
  return body<T>(await send('POST', path + query(params), { body: bytes, headers: { 'Content-Type': bytes.type || 'application/octet-stream' } }));
}
