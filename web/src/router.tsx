/* Every address of the control tower. Search parameters are plain strings in the URL, so that a filtered list is a link. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect, type ErrorComponentProps } from '@tanstack/react-router';
import type { QueryClient } from '@tanstack/react-query';
import { query, whenSignedOut } from './api/client';
import { q } from './api/queries';
import { Crash, NotFound } from './pages/Crash';
import { Shell } from './shell/Shell';
import { SignIn } from './pages/SignIn';

export type Search = Record<string, string | undefined>;
const validateSearch = (s: Record<string, unknown>): Search => s as Search;

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, validateSearch });

export function makeRouter(qc: QueryClient) {
  const signIn = createRoute({ getParentRoute: () => root, path: '/sign-in', component: SignIn });
  const invitation = createRoute({ getParentRoute: () => root, path: '/invitation', component: lazyRouteComponent(() => import('./pages/Invitation'), 'InvitationPage') });
  const approve = createRoute({ getParentRoute: () => root, path: '/approve', component: lazyRouteComponent(() => import('./pages/Approve'), 'ApprovePage') });
  const quote = createRoute({ getParentRoute: () => root, path: '/quote', component: lazyRouteComponent(() => import('./pages/Quote'), 'QuotePage') });
  const app = createRoute({
    getParentRoute: () => root, id: 'app', component: Shell,
    beforeLoad: async ({ location }) => {
      if (!(await qc.ensureQueryData(q.session()))) throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { next: location.href } });
    },
  });
  const page = <P extends string>(path: P, component: ReturnType<typeof lazyRouteComponent>) => createRoute({ getParentRoute: () => app, path, component, errorComponent: (e: ErrorComponentProps) => <Crash {...e} /> });
  const tree = root.addChildren([signIn, invitation, approve, quote, app.addChildren([
    page('/', lazyRouteComponent(() => import('./pages/Board'), 'Board')),
    page('/orders', lazyRouteComponent(() => import('./pages/Orders'), 'Orders')),
    page('/orders/$order', lazyRouteComponent(() => import('./pages/Order'), 'OrderPage')),
    page('/flow', lazyRouteComponent(() => import('./pages/FlowPage'), 'FlowPage')),
    page('/at-risk', lazyRouteComponent(() => import('./pages/AtRisk'), 'AtRiskPage')),
    page('/exceptions', lazyRouteComponent(() => import('./pages/Exceptions'), 'Exceptions')),
    page('/exceptions/$id', lazyRouteComponent(() => import('./pages/Exceptions'), 'ExceptionPage')),
    page('/clusters', lazyRouteComponent(() => import('./pages/Clusters'), 'Clusters')),
    page('/clusters/$key', lazyRouteComponent(() => import('./pages/Clusters'), 'ClusterPage')),
    page('/fixes/$id', lazyRouteComponent(() => import('./pages/Clusters'), 'FixPage')),
    page('/desk', lazyRouteComponent(() => import('./pages/Desk'), 'Desk')),
    page('/dead-letters', lazyRouteComponent(() => import('./pages/DeadLetters'), 'DeadLetters')),
    page('/approvals', lazyRouteComponent(() => import('./pages/Approvals'), 'Approvals')),
    page('/holds', lazyRouteComponent(() => import('./pages/Holds'), 'Holds')),
    page('/alerts', lazyRouteComponent(() => import('./pages/Alerts'), 'AlertsPage')),
    page('/incidents', lazyRouteComponent(() => import('./pages/Incidents'), 'Incidents')),
    page('/incidents/$id', lazyRouteComponent(() => import('./pages/Incidents'), 'IncidentPage')),
    page('/documents', lazyRouteComponent(() => import('./pages/Documents'), 'Documents')),
    page('/documents/$id', lazyRouteComponent(() => import('./pages/Document'), 'DocumentPage')),
    page('/test-bench', lazyRouteComponent(() => import('./pages/TestBench'), 'TestBench')),
    page('/maps', lazyRouteComponent(() => import('./pages/Maps'), 'Maps')),
    page('/maps/$id', lazyRouteComponent(() => import('./pages/MapEditor'), 'MapEditor')),
    page('/cross-references', lazyRouteComponent(() => import('./pages/CrossReferences'), 'CrossReferences')),
    page('/channels', lazyRouteComponent(() => import('./pages/Channels'), 'Channels')),
    page('/channels/new', lazyRouteComponent(() => import('./pages/ChannelForm'), 'NewChannel')),
    page('/channels/$id/edit', lazyRouteComponent(() => import('./pages/ChannelForm'), 'EditChannel')),
    page('/certificates', lazyRouteComponent(() => import('./pages/Certificates'), 'Certificates')),
    page('/quarantine', lazyRouteComponent(() => import('./pages/Quarantine'), 'Quarantine')),
    page('/partners/new', lazyRouteComponent(() => import('./pages/PartnerForm'), 'NewPartner')),
    page('/partners/$id/edit', lazyRouteComponent(() => import('./pages/PartnerForm'), 'EditPartner')),
    page('/partners', lazyRouteComponent(() => import('./pages/Partners'), 'Partners')),
    page('/partners/$id', lazyRouteComponent(() => import('./pages/Partner'), 'PartnerPage')),
    page('/going-live', lazyRouteComponent(() => import('./pages/GoingLive'), 'GoingLive')),
    page('/new-order', lazyRouteComponent(() => import('./pages/NewOrder'), 'NewOrderPage')),
    page('/start', lazyRouteComponent(() => import('./pages/Start'), 'StartList')),
    page('/start/$namespace/$name', lazyRouteComponent(() => import('./pages/Start'), 'StartPage')),
    page('/quotes', lazyRouteComponent(() => import('./pages/Quotes'), 'Quotes')),
    page('/quotes/$quote', lazyRouteComponent(() => import('./pages/Quotes'), 'QuoteDetail')),
    page('/decision-tables', lazyRouteComponent(() => import('./pages/DecisionTables'), 'DecisionTables')),
    page('/decision-tables/$name', lazyRouteComponent(() => import('./pages/TableEditor'), 'TableEditor')),
    page('/definitions', lazyRouteComponent(() => import('./pages/Definitions'), 'Definitions')),
    // the version is no part of the path: 1.0.0 would look like a file's name to a server of files
    page('/definitions/$name', lazyRouteComponent(() => import('./pages/Definitions'), 'DefinitionPage')),
    page('/definitions/$name/edit', lazyRouteComponent(() => import('./pages/WorkflowEditor'), 'WorkflowEditor')),
    page('/instances', lazyRouteComponent(() => import('./pages/Instances'), 'Instances')),
    page('/instances/$id', lazyRouteComponent(() => import('./pages/Instance'), 'InstancePage')),
    page('/figures', lazyRouteComponent(() => import('./pages/Figures'), 'Figures')),
    page('/audit', lazyRouteComponent(() => import('./pages/Audit'), 'Audit')),
  ])]);
  const router = createRouter({
    routeTree: tree, defaultPreload: 'intent', defaultErrorComponent: (e) => <Crash {...e} />, defaultNotFoundComponent: NotFound,
    parseSearch: (s) => Object.fromEntries(new URLSearchParams(s)), stringifySearch: (o) => query(o as Search),
  });
  whenSignedOut(() => {
    if (location.pathname === '/sign-in') return;
    qc.setQueryData(q.session().queryKey, null);
    router.history.push(`/sign-in${query({ next: location.pathname + location.search })}`);
  });
  return router;
}

declare module '@tanstack/react-router' {
  interface Register { router: ReturnType<typeof makeRouter> }
}
