/* Words of the board of each process, of its saved views, and of promises at risk. */
const s = (n: number, one: string, many: string) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
const dict = (d: Record<string, string>) => d;

export const board = {
  process: 'Process', version: 'Version', anyVersion: 'All versions', site: 'Site', anySite: 'Any site', partner: 'Partner', anyPartner: 'Any partner', type: 'Order type', anyType: 'Any type', customer: 'Customer',
  types: dict({ standard: 'Standard', part: 'Part of an order for several places' }),
  colour: 'Colour by', byDwell: 'Dwell', byLate: 'Late share', zone: 'Times in', zones: 'Time zone of the times shown', ownZone: 'this browser', elsewhere: (n: number) => `${s(n, 'instance stands', 'instances stand')} in steps that only other versions have`,
  open: (n: number) => s(n, 'open', 'open'), atRisk: 'At risk', nRisk: (n: number) => `${n} at risk`, p50: 'Half wait', p90: 'Nine in ten wait', usual: 'Usually', heat: 'Against usual', usually: (a: string, b: string) => `${a}, nine in ten ${b}`, dwell: (a: string, b: string) => `half wait ${a}, nine in ten ${b}`,
  hot: ['well within usual', 'as usual', 'a little longer than usual', 'longer than usual', 'far longer than usual'], unknown: 'nothing usual known yet', times: '≥ 1.5×', far: '≥ 3×',
  heatLegend: 'How long nine in ten have waited, against what is usual for the step', cold: 'below half', scale: ['< ½', '½–1', '1–1.5×', '1.5–3×', '≥ 3×'],
  views: 'Saved views', noView: 'Views', save: 'Save view', saveAs: 'Name of the view', shared: 'Everybody here may use it', saved: 'The view is saved', remove: 'Delete the view', removed: 'The view is deleted', setDefault: 'Open the board with it', unsetDefault: 'Open the board without it', by: (who: string) => `by ${who}`, isDefault: 'opens the board', update: 'Save the filters into it', none: 'No view is saved yet', cancel: 'Cancel',
};

export const risk = {
  title: 'At risk', lead: 'Orders expected later than promised, before it happens. What could be done is a proposal: nothing is done by it.', order: 'Order', customer: 'Customer', level: 'Level', anyLevel: 'Any level', reason: 'Why', promised: 'Promised', expected: 'Expected', late: 'Days late', money: 'At risk', since: 'Since', could: 'What could be done', case: 'Exception',
  levels: dict({ critical: 'Critical', high: 'High', missed: 'Missed', watch: 'Tight' }), steps: dict({ validated: 'Validated', credit: 'Credit cleared', released: 'Released', picked: 'Picked', shipped: 'Shipped', delivered: 'Delivered', invoiced: 'Invoiced' }),
  empty: 'Nothing is at risk', emptyWhy: 'Every open order is expected by its promised day.', search: 'Order, PO, customer or reason', unknownDay: 'no day known', sum: (m: string) => `${m} at risk`, link: (n: number) => `${s(n, 'promise', 'promises')} at risk`,
  plan: 'Plan', step: 'Step', planned: 'Planned by', actual: 'Happened', then: 'Expected', versions: 'Versions of the plan', version: 'Version', made: 'Made', why: 'Why', ships: 'Ships from', lead_days: 'Days on the road', none: 'Nothing is planned: no day is promised', noneWhy: 'A plan is made when an order comes in, and again whenever its promise, site or service changes.', behind: 'later than planned',
};
