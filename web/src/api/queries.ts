/* Reading: every page's data comes from one of these. The key of a query is its path and its parameters,
   so that a live event can name what it makes stale by the path alone (lib/live.ts). */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ApiError, get, text, type Params } from './client';
import type * as T from './types';

const one = <D>(path: string, params?: Params, extra?: { staleTime?: number }) =>
  queryOptions({ queryKey: [path, params ?? {}] as const, queryFn: ({ signal }) => get<D>(path, params, signal), placeholderData: keepPreviousData, ...extra });

/** One record: never shows another record's data while it loads. */
const record = <D>(path: string) => queryOptions({ queryKey: [path, {}] as const, queryFn: ({ signal }) => get<D>(path, undefined, signal) });

const list = <D>(path: string, params: Params = {}) =>
  infiniteQueryOptions({
    queryKey: [path, { ...params, list: true }] as const,
    queryFn: ({ signal, pageParam }) => get<T.List<D>>(path, { limit: 100, ...params, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last: T.List<D>) => last.next,
    placeholderData: keepPreviousData,
  });

const id = encodeURIComponent;

export const q = {
  session: () => queryOptions({
    queryKey: ['/session'] as const, staleTime: Infinity, retry: false,
    queryFn: async () => { try { return await get<T.Session>('/session'); } catch (e) { if (e instanceof ApiError && (e.status === 401 || e.status === 403)) return null; throw e; } },
  }),
  now: () => one<T.Now>('/now'),
  kpis: () => one<T.Kpis>('/kpis'),
  flow: () => one<T.Flow>('/flow'),
  throughput: (hours: number) => one<T.Throughput>('/throughput', { hours }),
  orders: (p: Params) => list<T.OrderSummary>('/orders', p),
  order: (o: string) => record<T.OrderDetail>(`/orders/${id(o)}`),
  clusters: (alone: boolean) => one<T.ClusterList>('/clusters', { limit: 200, ...(alone ? { alone: 'true' } : {}) }),
  cluster: (k: string) => record<T.Cluster>(`/clusters/${id(k)}`),
  clusterCases: (k: string) => one<T.Case[]>(`/clusters/${id(k)}/cases`, { limit: 200 }),
  offers: (k: string) => queryOptions({ ...record<T.FixOffer[]>(`/clusters/${id(k)}/offers`), staleTime: Infinity }),
  deadLetters: () => one<T.List<T.DeadLetter>>('/dead-letters', { limit: 500 }),
  undelivered: () => queryOptions({ queryKey: ['/deliveries', { undelivered: true }] as const, queryFn: async ({ signal }) => (await Promise.all(['failed', 'refused', 'unknown'].map((state) => get<T.Delivery[]>('/deliveries', { state, limit: 100 }, signal)))).flat() }),
  fixes: () => one<T.Fix[]>('/fixes', { limit: 20 }),
  fix: (f: string) => record<T.Fix>(`/fixes/${id(f)}`),
  fixCases: (f: string) => one<T.FixItem[]>(`/fixes/${id(f)}/cases`, { limit: 500 }),
  documents: (p: Params) => list<T.DocumentSummary>('/documents', p),
  documentsOf: (p: Params) => one<T.List<T.DocumentSummary>>('/documents', p),
  document: (d: string) => record<T.DocumentDetail>(`/documents/${id(d)}`),
  edits: (d: string) => record<T.Edits>(`/documents/${id(d)}/edits`),
  origins: (d: string) => queryOptions({ ...record<T.Origin[]>(`/documents/${id(d)}/lineage`), staleTime: Infinity }),
  sent: (d: string) => record<T.Sent>(`/sent-documents/${id(d)}`),
  sendingPreview: (d: string, way: T.Way) => queryOptions({ ...record<T.SendingPreview>(`/sent-documents/${id(d)}/${way}`), staleTime: 0, gcTime: 0 }),
  proposals: (state: string) => record<T.Proposal[]>(`/cross-reference-proposals?state=${id(state)}&limit=500`),
  proposal: (p: string) => queryOptions({ ...record<T.ProposalDetail>(`/cross-reference-proposals/${id(p)}`), staleTime: 0 }),
  crossReferences: (p: Params) => one<T.CrossReference[]>('/cross-references', p),
  maps: () => record<T.MapSummary[]>('/maps'),
  map: (m: string) => record<T.MapDetail>(`/maps/${id(m)}`),
  mapVersion: (m: string, v: number) => record<T.MapVersion>(`/maps/${id(m)}/versions/${v}`),
  chain: (o: string) => record<T.Chain>(`/orders/${id(o)}/chain`),
  channels: () => record<T.Channel[]>('/channels'),
  certificates: () => record<T.Certificate[]>('/certificates'),
  quarantine: (p: Params) => one<{ items: T.Quarantined[]; room: T.QuarantineRoom }>('/quarantine', p),
  quarantined: (i: string) => record<T.QuarantinedDetail>(`/quarantine/${id(i)}`),
  partners: () => record<T.List<T.PartnerSummary>>('/partners'),
  partner: (p: string) => record<T.PartnerDetail>(`/partners/${id(p)}`),
  partnerFile: (p: string) => queryOptions({ queryKey: [`/partners/${id(p)}/file`, {}] as const, queryFn: ({ signal }) => text(`/partners/${id(p)}/file`, signal) }),
  certification: (p: string) => record<T.Certification>(`/partners/${id(p)}/certification`),
  invitations: (p: string) => record<T.Invitation[]>(`/partners/${id(p)}/invitations`),
  ownCertification: () => record<T.Certification | null>('/partner/certification'),
  habits: (p: string) => record<T.Habit[]>(`/partners/${id(p)}/habits`),
  expectations: (p: Params) => one<T.Expectation[]>('/expectations', p),
  cases: (p: Params) => list<T.Case>('/cases', p),
  someCases: (text: string) => one<T.List<T.Case>>('/cases', { status: 'open', q: text, limit: 20 }),
  caseTeams: () => one<T.List<T.Team>>('/case-teams'),
  caseTemplates: () => one<T.List<T.ReplyTemplate>>('/case-templates'),
  caseMail: () => one<{ address: string; name: string } | null>('/case-mail'),
  filled: (c: string, name: string) => queryOptions({ ...record<{ subject: string; body: string }>(`/cases/${id(c)}/replies/${id(name)}`), staleTime: 0 }),
  handovers: () => one<T.List<T.Handover>>('/handovers'),
  case: (c: string) => record<T.CaseDetail>(`/cases/${id(c)}`),
  count: (path: '/cases' | '/approvals' | '/incidents' | '/holds', p: Params) => one<T.List<unknown>>(path, { ...p, limit: 1 }),
  incidents: (p: Params) => list<T.Incident>('/incidents', p),
  incident: (i: string) => record<T.IncidentDetail>(`/incidents/${id(i)}`),
  approval: (a: string) => record<T.Approval>(`/approvals/${id(a)}`),
  approvals: (p: Params) => list<T.Approval>('/approvals', p),
  deciders: () => record<T.Decider[]>('/approvers'),
  delegations: () => record<T.List<T.StandIn>>('/delegations'),
  alertRules: () => record<T.List<T.AlertRule>>('/alert-rules'),
  alertChannels: () => record<T.List<T.AlertChannel>>('/alert-channels'),
  holds: (p: Params) => list<T.Hold>('/holds', p),
  definitions: () => one<T.List<T.Definition>>('/definitions'),
  definition: (name: string, version: string) => record<T.DefinitionDetail>(`/definitions/${id(name)}/${id(version)}`),
  instances: (p: Params) => list<T.Instance>('/instances', p),
  jobs: () => one<T.List<T.Job>>('/instance-jobs', { limit: 20 }),
  job: (j: string) => record<T.JobDetail>(`/instance-jobs/${id(j)}`),
  instance: (i: string) => record<T.InstanceDetail>(`/instances/${id(i)}`),
  audit: (p: Params) => list<T.AuditRecord>('/audit', p),
  scorecard: (p: Params) => one<T.Scorecard>('/scorecard', p),
  behind: (key: string, p: Params) => list<T.FigureRow>(`/scorecard/${id(key)}`, p),
  value: (p: Params) => one<T.Ledger>('/value', p),
  reports: () => one<T.List<T.Report>>('/reports'),
  alerts: () => one<T.List<T.Alert>>('/alerts'),
  search: (text: string) => one<{ items: T.Hit[] }>('/search', { q: text }),
  customers: (text: string) => one<T.List<T.Customer>>('/customers', { q: text, limit: 20 }, { staleTime: 60_000 }),
  items: (text: string) => one<T.List<T.Item>>('/items', { q: text, limit: 20 }, { staleTime: 60_000 }),
};
