/* Writing: what people do. Each returns the promise of the gateway's answer; pages say what follows. */
import { del, post, put, upload } from './client';
import type * as T from './types';

const id = encodeURIComponent;

export const act = {
  signIn: (user: string, password: string) => post('/session', { user, password }),
  signOut: () => del('/session'),
  switchTenant: (tenant: string) => post('/session/tenant', { tenant }),
  placeOrder: (o: T.NewOrder) => post<T.NewOrderResult>('/orders', o),
  cancelOrder: (order: string, reason: string) => post(`/orders/${id(order)}/cancel`, { reason }),
  releaseDocument: (d: string) => post(`/documents/${id(d)}/release`),
  sendAgain: (d: string, way: T.Way) => post<T.Sent>(`/sent-documents/${id(d)}/${way}`),
  tryOut: (filename: string, partner: string, bytes: Blob) => upload<T.Tried>('/test-bench', { filename, partner }, bytes),
  checkMap: (map: string, source: string) => post<T.MapCheck>('/maps/check', { map, source }),
  previewMap: (of: { map: string; source: string; direction: 'in' | 'out'; document?: string; text?: string }) => post<T.MapPreview>('/maps/preview', of),
  compareMap: (map: string, source: string, documents: number) => post<T.Comparison>('/maps/compare', { map, source, documents }),
  saveMap: (map: string, source: string, note: string, revision: number) => put<{ map: string; version: number }>(`/maps/${id(map)}/draft`, { source, note, revision }),
  activateMap: (map: string, version: number, partner: string, note: string) => post<T.MapDetail>(`/maps/${id(map)}/versions/${version}/activate`, { partner, note }),
  discardMap: (map: string, version: number) => post<T.MapDetail>(`/maps/${id(map)}/versions/${version}/discard`),
  checkPartner: (file: T.Json) => post<string[]>('/partners/check', file),
  putPartner: (p: string, file: T.Json, base: number, note: string) => put<{ id: string; version: number; changed: boolean }>(`/partners/${id(p)}?${new URLSearchParams({ base: String(base), note }).toString()}`, file),
  invitePartner: (p: string, email: string, days: number) => post<{ id: string; link: string; token: string; expires_at: T.Time }>(`/partners/${id(p)}/invitations`, { email, days }),
  approvePartner: (p: string) => post<T.Certification>(`/partners/${id(p)}/certification/approve`),
  lookAtInvitation: (token: string) => post<T.Welcome>('/invitation/look', { token }),
  acceptInvitation: (token: string, user: string, name: string, password: string) => post<{ user: string; tenant: string }>('/invitation/accept', { token, user, name, password }),
  samples: (document: string) => post<unknown[]>('/partner/certification/samples', { document }),
  intake: (filename: string, bytes: Blob) => upload<{ documents: T.IntakeRow[] }>('/intake', { filename }, bytes),
  assign: (c: string, owner: string | null) => post(`/cases/${id(c)}/assign`, { owner }),
  snooze: (c: string, until: string) => post(`/cases/${id(c)}/snooze`, { until }),
  comment: (c: string, text: string) => post(`/cases/${id(c)}/comment`, { text }),
  resolve: (c: string, action: string, note: string, data?: T.Json) => post(`/cases/${id(c)}/resolve`, { action, note, ...(data === undefined ? {} : { data }) }),
  reopen: (c: string) => post(`/cases/${id(c)}/reopen`),
  decide: (a: string, outcome: 'approved' | 'rejected', note: string, hash: string) => post(`/approvals/${id(a)}/decide`, { outcome, note, hash }),
  preview: (i: string, command: T.Command) => post<T.Preview>(`/instances/${id(i)}/preview`, command),
  operate: (i: string, command: T.Command, mark: string) => post<T.Preview>(`/instances/${id(i)}/operations`, { command, mark }),
  previewMany: (command: T.Command, selection: T.Selection) => post<T.BulkPreview>('/instance-jobs', { command, selection }),
  startJob: (j: string, token: string) => post<T.Job>(`/instance-jobs/${id(j)}/start`, { token }),
  cancelJob: (j: string) => post<T.Job>(`/instance-jobs/${id(j)}/cancel`),
  placeHold: (h: { scope: T.Scope; key: string; kind: string; reason: string; expires_at?: string }) => post('/holds', h),
  releaseHold: (h: string, note: string) => post(`/holds/${id(h)}/release`, { note }),
};
