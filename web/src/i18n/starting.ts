/* Texts of starting a process by hand, and of quotes. */
export const starting = {
  start: {
    title: 'Start', lead: 'What people may begin. Each opens a process that goes on by itself and asks when it needs somebody.', about: 'What it is about', form: 'Form', go: 'Start', started: (n: string) => `${n} is started`, follow: 'It goes on by itself; this is where it stands.',
    failed: 'Nothing was started', no: 'Your role may not start this.', empty: 'Nothing can be started here', emptyWhy: 'A workflow offers itself with metadata.crossdock.start.', last: 'What you entered last', use: 'Use it again', none: 'Nothing yet', add: 'Add a line', remove: (n: number) => `Remove line ${n}`, row: (n: number) => `Line ${n}`, orderPlace: 'Order, PO number or customer', required: 'Fill this in', another: 'Start another', choose: 'Choose', search: 'What to start', facts: 'What is known', wrong: (n: number) => `${n} ${n === 1 ? 'field needs' : 'fields need'} a correction`,
    returned: 'Start a return', dispute: 'Dispute', number: 'A whole number', money: 'Money such as 12.50',
  },
  quote: {
    title: 'Quote', bad: 'This link opens nothing', of: (n: string, who: string) => `Quote ${n} of ${who}`, po: 'Your order number', note: 'What should be different, or why not', accept: 'Accept and order', decline: 'Decline', revise: 'Ask for changes', until: (at: string, n: number) => `Stands until ${at}; revision ${n}. Without tax.`, ordered: (o: string) => `Ordered as ${o}`,
    states: { declined: 'Declined', revising: 'Changes are asked for; a new revision follows', expired: 'It has ended', withdrawn: 'It is withdrawn', ordered: 'Ordered' } as Record<string, string>,
  },
  quotes: {
    title: 'Quotes', search: 'Quote, customer or order', state: 'State', any: 'Any state', customer: 'Customer', total: 'Total', sent: 'Sent', until: 'Stands until', order: 'Order', empty: 'No quotes', emptyWhy: 'A quote that is sent to a customer stands here until it is answered or has ended.', process: 'Its process', discount: 'Discount', revision: 'Revision', po: 'The customer’s order number', poHint: 'Empty: the number of the quote', answered: 'Answered', note: 'What the customer said', list: 'List price',
    states: { open: 'Open', revising: 'To be revised', ordered: 'Ordered', declined: 'Declined', expired: 'Ended', withdrawn: 'Withdrawn' } as Record<string, string>, answers: { accepted: 'Accept', revise: 'Ask for changes', declined: 'Decline' },
    effect: { accepted: 'The customer accepts this revision. It becomes one order at these prices, however often it is accepted.', revise: 'The quote goes back to whoever prices it; a new revision takes its place.', declined: 'The customer does not want it. The quote is closed.' },
    ordered: (x: string, o: string) => `${x} is ordered as ${o}`, done: (x: string, state: string) => `${x}: ${state}`, failed: 'The answer was not taken',
  },
};
