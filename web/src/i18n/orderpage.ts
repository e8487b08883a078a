/* Texts of the order's page: its head in words, its sections, and the links that customers are given. */
const s = (n: number, one: string, many: string) => `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
const dict = (d: Record<string, string>) => d;

export const orderPage = {
  glanceLine: {
    promised: 'Promised', wanted: (d: string) => `wanted ${d}`, noPromise: 'Nothing promised yet', worth: 'Worth', invoiced: 'Invoiced', paid: 'Paid', credited: 'Credited', open: 'Still open', nothingYet: 'nothing yet', shipments: 'Shipments', ofShipments: (a: number, b: number) => `${a} of ${b} delivered`, late: (n: number) => s(n, 'day late', 'days late'), daysLeft: (n: number) => (n === 0 ? 'today' : `in ${s(n, 'day', 'days')}`), refund: 'To be paid back',
  },
  sections: {
    label: 'Sections of the order', actions: 'What can be done with this order', timeline: 'Timeline', shipments: 'Shipments', bills: 'Invoices and money', papers: 'Documents', people: 'People', returns: 'Returns', messages: 'Messages', calls: 'Calls', decisions: 'Decisions', chain: 'Documents compared', flow: 'Workflow', earlier: 'Show what happened before', earlierFailed: 'It could not be read', allShown: 'This is the whole story.', unknown: (n: number) => s(n, 'outcome unknown', 'outcomes unknown'),
    more: (shown: number, all: number) => `The newest ${shown} of ${all} are shown; the timeline reaches further back.`,
  },
  goods: {
    number: 'Shipment', status: 'State', from: 'From', tracking: 'Tracking', service: 'Service', promised: 'Promised', shipped: 'Shipped', delivered: 'Delivered', signed: (who: string) => `signed by ${who}`, pod: 'Proof of delivery', packages: (n: number) => s(n, 'package', 'packages'), sscc: 'SSCC', inside: 'Inside', none: 'Nothing has been sent to a warehouse yet', noneWhy: 'Shipments appear when the order is released.', trouble: (why: string) => `The carrier reports: ${why}`, at: (where: string) => `last seen in ${where}`, quantity: 'Quantity', line: 'Line', item: 'Item', lines: (n: number) => s(n, 'line', 'lines'),
    states: dict({ released: 'At the warehouse', picked: 'Picked', packed: 'Packed', shipped: 'With the carrier', 'in-transit': 'On its way', delivered: 'Delivered' }),
  },
  bills: {
    number: 'Invoice', date: 'Date', due: 'Due', net: 'Net', tax: 'Tax', total: 'Total', paid: 'Paid', credited: 'Credited', open: 'Open', none: 'Nothing has been invoiced yet', noneWhy: 'Billed is what was shipped.', freight: 'Freight (what carriers ask)', allOf: 'Invoices', sums: 'All invoices', unpaid: 'open', settled: 'settled', overpaid: 'to be paid back',
  },
  claims: {
    none: 'Nothing came back', noneWhy: 'Returns, invoice disputes and remarks at delivery are listed here.', kinds: dict({ return: 'Return', dispute: 'Invoice dispute', delivery: 'Remark at delivery' }), states: dict({ open: 'Open', approved: 'Accepted', arrived: 'Arrived', inspected: 'Inspected', credited: 'Credited', refused: 'Refused', expired: 'Expired' }), reason: 'Reason', since: 'Since', credit: 'Credit note', amount: 'Credited', number: 'Number', what: 'What', state: 'State',
  },
  change: {
    button: 'Change', title: (o: string) => `Change order ${o}`, quantity: (l: string) => `Quantity of line ${l}`, price: (l: string) => `Unit price of line ${l}`, line: 'Line', item: 'Item', newQuantity: 'Quantity', newPrice: 'Unit price', day: 'Wanted on', otherPlace: 'Deliver to another address', name: 'Name', street: 'Street', city: 'City', postal: 'Postal code', region: 'Region', country: 'Country', reason: 'Reason (the customer may be told)', go: 'Change the order', asked: (o: string) => `Change of ${o} asked for`, askedBody: 'The timeline shows what becomes of it.', failed: 'The order could not be changed', nothing: 'Change something to see what would happen.', worth: 'Worth', preview: 'What will happen', taken: 'Line taken off', previewFailed: 'It cannot be said what would happen',
    ways: dict({ free: 'The order is prepared anew: checked, priced, cleared for credit and reserved again.', recall: 'The warehouse is asked to give the goods back. If it does, everything is undone and prepared anew; if not, the order stays as it is and somebody hears of it.', return: 'Goods have left. The order stays as it is; a person arranges a return.', refuse: 'The order has come to its end.' }),
    cancelWays: dict({ free: 'Everything done so far is undone, and the customer is told.', recall: 'The warehouse is asked to give the goods back. If it does, everything is undone; if not, a person arranges a return.', return: 'Goods have left. A person arranges a return.', refuse: 'The order has come to its end.' }),
    approval: (why: string) => `Somebody else must agree first. ${why}.`,
  },
  kin: { title: 'Belongs to it', quote: (n: number) => (n > 1 ? `quote, revision ${n}` : 'quote'), kinds: dict({ part: 'other place', 'same-po': 'same PO' }), none: 'No other order belongs to it.' },
  share: {
    button: 'Share with the customer', title: (o: string) => `Share ${o} with the customer`, lead: 'Whoever has the link sees this order as the customer may see it: state, lines, promise, shipments and invoices. No costs, names, exceptions or remarks of ours.', days: 'Good for', daysOf: (n: number) => s(n, 'day', 'days'), language: 'Language', asWritten: 'as they are written to', languages: dict({ en: 'English', de: 'German', sv: 'Swedish' }), note: 'For whom (only you see this)', make: 'Make a link', made: 'The link is made', madeBody: 'It is shown this once. Copy it now.', failed: 'No link was made', link: 'The link', copy: 'Copy the link', look: 'See what the customer sees', list: 'Links of this order', none: 'No link was made yet.', by: (who: string) => `by ${who}`, until: 'good until', opened: (n: number) => (n ? `opened ${s(n, 'time', 'times')}` : 'never opened'), end: 'End it', endOf: (n: string) => `End the link ${n}`, ended: 'The link is ended', endFailed: 'It was not ended', states: dict({ active: 'Good', over: 'Over', ended: 'Ended' }), last: 'last',
  },
  language: { label: 'Language', names: dict({ en: 'English', de: 'Deutsch' }) },
};
