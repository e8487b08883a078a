/* Who is signed in, for which tenant, and what the role allows to be offered. The gateway decides; the page only
   leaves out what would be refused. */
import { useQuery } from '@tanstack/react-query';
import { q } from '../api/queries';
import type { Role, Session } from '../api/types';

const WRITERS: Role[] = ['coordinator', 'approver', 'admin'];

export function useSession(): Session {
  const { data } = useQuery(q.session());
  // pages are shown below a route that has a session; this is only reached while signing out
  return data ?? { user: '', name: '', tenant: '', tenants: [], role: 'viewer', time_zone: 'UTC', brand: { name: '', color: '' } };
}
const OPERATORS: Role[] = ['coordinator', 'admin'];
export const useCanOperate = () => OPERATORS.includes(useSession().role);
export const useCanRepair = () => useSession().role === 'admin';
export const useCanWork = () => WRITERS.includes(useSession().role);
