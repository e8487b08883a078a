/* Every text of the control tower. Functions take what varies; no sentence is put together elsewhere. */
const s = (n: number, one: string, many: string) => `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
const dict = (d: Record<string, string>) => d;

export const en = {
  locale: 'en-US',
  app: 'Crossdock',
  nav: {
    main: 'Main', operate: 'Operate', design: 'Design', network: 'Network', govern: 'Govern', skip: 'Skip to the content', menu: 'Menu', closeMenu: 'Close the menu',
    board: 'Control tower', orders: 'Orders', flow: 'Order flow', exceptions: 'Exceptions', approvals: 'Approvals', holds: 'Holds', incidents: 'Incidents',
    newOrder: 'New order', documents: 'Documents', definitions: 'Workflows', instances: 'Instances', audit: 'Audit trail',
    crumbs: 'You are here',
  },
  shell: {
    tenant: 'Tenant', live: 'Live', connecting: 'Connecting', off: 'Not live: asking every 15 s', search: 'Search orders, exceptions, documents', searchShort: 'Search',
    light: 'Use the light theme', dark: 'Use the dark theme', alerts: 'Alerts', noAlerts: 'No alerts. They fire when orders stop flowing.', alertsFiring: (n: number) => s(n, 'alert firing', 'alerts firing'),
    account: 'Your account', signOut: 'Sign out', keys: 'Keyboard shortcuts', clock: 'Business time', simulated: (rate: string) => `Simulated time at ${rate}× speed`, real: 'Business time',
    switched: (name: string) => `You now work in ${name}`, switchFailed: 'The tenant could not be switched', stopped: 'paused',
    loading: 'Loading', resolvedAlert: 'resolved',
  },
  roles: dict({ viewer: 'Viewer', coordinator: 'Coordinator', approver: 'Approver', admin: 'Administrator', partner: 'Partner' }),
  signIn: {
    title: 'Sign in', lead: 'The control tower of your orders.', user: 'User', password: 'Password', go: 'Sign in',
    wrong: 'User or password is not right.', lost: 'Lost the password? An administrator runs “crossdock user reset-password”.', failed: 'Signing in did not work', ended: 'Your session has ended. Sign in again to go on where you were.',
  },
  palette: { place: 'Go to, or find an order, exception, document, customer', nothing: 'Nothing found', short: 'Type two letters to search orders, exceptions and documents', go: 'Go to', found: 'Found', searching: 'Searching', act: 'Do' },
  time: { underMinute: 'under 1 min', min: (m: number) => `${m} min`, hm: (h: number, m: number) => `${h} h ${String(m).padStart(2, '0')}`, dh: (d: number, h: number) => `${d} d ${h} h`, over: (x: string) => `${x} over`, left: (x: string) => `${x} left`, ago: (x: string) => `${x} ago`, none: 'No deadline' },
  act: {
    undo: 'Undo', cancel: 'Cancel', close: 'Close', retry: 'Try again', reload: 'Load the page again', copy: 'Copy', copied: 'Copied', open: 'Open', filter: 'Filter', clear: 'Clear filters', more: 'Load more', download: 'Download', back: 'Back',
    save: 'Save', expand: 'Show details', collapse: 'Hide details', actions: 'Actions', all: 'All', send: 'Send', confirm: 'Confirm',
  },
  fail: {
    page: 'This page ran into an error', pageDo: 'The rest of Crossdock works. Try again; if it happens again, tell your administrator what is below.',
    load: 'This could not be loaded', unreachable: 'It is tried again by itself.', forbidden: 'Your role does not allow this. Ask an administrator of this tenant.',
    notFound: 'It may have been closed or belong to another tenant.', conflict: 'Somebody changed it meanwhile. What you see now is the current state; look at it and try again.',
    invalid: 'Correct what is named and try again.', slowDown: 'Too many requests; wait a few seconds and try again.', server: 'Nothing was changed that is not shown. Try again; if it persists, tell your administrator.',
    missingTitle: 'There is no such page', missing: 'The address may be mistyped, or what it named belongs to another tenant.', home: 'To the control tower',
  },
  list: { total: (n: number) => n.toLocaleString('en-US'), shown: (n: number, total: number) => `${n.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}`, scroll: (what: string) => `${what}, scrollable`, sort: (c: string) => `Sort by ${c}`, noMatch: 'Nothing matches these filters.', current: (x: string) => `Current: ${x}` },
  keys: { move: 'move', open: 'open', assign: 'assign to me', snooze: 'snooze 1 h', filter: 'filter', anywhere: 'go anywhere', approve: 'approve', reject: 'reject', help: 'shortcuts', title: 'Keyboard shortcuts', everywhere: 'Everywhere', lists: 'In lists', exceptions: 'Exceptions', approvals: 'Approvals', goto: 'go to', newOrder: 'new order', actions: 'actions menu', entry: 'Order entry', addLine: 'next cell; a new line after the last', placeOrder: 'place the order' },
  kpi: { label: 'Key figures', target: (v: string) => `target ${v}`, formula: 'How it is counted', asOf: (v: string) => `As of ${v}`, none: 'No data yet', noneWhy: 'Shown when the first orders are through.', min: ' min', h: 'h', vs: 'against the period before' },
  flow: {
    title: 'Order flow', onTime: 'on time', late: 'running late', nLate: (n: number) => `${n} late`, aria: (l: string, n: number, late: number) => `${l}: ${s(n, 'order', 'orders')}, ${late} late. Show them.`,
    zoomIn: 'Zoom in', zoomOut: 'Zoom out', fit: 'Fit', full: 'Open the whole graph', empty: 'No workflow is published yet', emptyWhy: 'The graph is drawn from the running definition of order-to-cash.', value: 'Value in this step', drawing: 'Drawing', table: 'Table', main: 'Main ways', whole: 'All ways',
    step: 'Step', kind: 'Kind', orders: 'Orders', lateHead: 'Late', valueHead: 'Value', legend: 'Share of orders running late', lead: 'Live counts of the running workflow. Choose a step to see its orders.',
  },
  kinds: dict({ event: 'Event', task: 'Task', decision: 'Decision', person: 'Person', wait: 'Wait', end: 'End' }),
  hours: { title: 'Orders by hour', aria: 'Orders received in each hour, by channel', total: (n: number) => `${s(n, 'order', 'orders')} in 24 h`, empty: 'No orders in the last 24 hours.' },
  formats: dict({ x12: 'X12', edifact: 'EDIFACT', json: 'JSON', csv: 'CSV', xlsx: 'XLSX', xml: 'XML', manual: 'Typed in' }),
  channels: dict({ x12: 'EDI X12', edifact: 'EDIFACT', json: 'API', csv: 'CSV', xlsx: 'Spreadsheet', manual: 'Order desk', email: 'Email' }),
  orders: {
    title: 'Orders', order: 'Order', po: 'PO', customer: 'Customer', channel: 'Channel', status: 'Status', stage: 'Stage', total: 'Total', lines: 'Lines', received: 'Received', promised: 'Promised', age: 'Age', flags: 'Flags',
    search: 'Order, PO or customer', lateOnly: 'Late only', csv: 'Export CSV', late: 'Late', cases: (n: number) => s(n, 'exception', 'exceptions'), anyStatus: 'Any status', anyStage: 'Any stage', anyChannel: 'Any channel', customerFilter: 'Customer',
    empty: 'No orders yet', emptyWhy: 'They come in as X12, JSON and CSV, or are entered by hand.', enter: 'Enter an order', drop: 'Take in a document', scoped: (s: string) => `Orders · ${s}`,
  },
  orderStatus: dict({ open: 'In progress', waiting: 'Waiting', in_case: 'Exception', closed: 'Closed', cancelled: 'Cancelled', rejected: 'Rejected' }),
  status: dict({
    open: 'Open', waiting: 'Waiting', in_case: 'Exception', closed: 'Closed', cancelled: 'Cancelled', rejected: 'Rejected', accepted: 'Accepted', duplicate: 'Duplicate', held: 'Held', sent: 'Sent',
    snoozed: 'Snoozed', pending: 'Waiting', approved: 'Approved', expired: 'Expired', void: 'Void', active: 'Active', released: 'Released', resolved: 'Resolved', firing: 'Firing', suspended: 'Suspended', faulted: 'Failed', running: 'Running', completed: 'Completed',
  }),
  order: {
    title: (o: string) => `Order ${o}`, where: 'Where it is', why: 'Why', who: 'Who has it', next: 'What comes next', progress: 'Stage progress', lines: 'Lines', money: 'Money', timeline: 'Timeline', calls: 'Calls', decisions: 'Decisions', documents: 'Documents', messages: 'Messages', workflow: 'Workflow', cases: 'Exceptions', approvals: 'Approvals', holds: 'Holds',
    shipTo: 'Ship to', shipToOwn: 'The customer’s own address', trace: 'Trace', noTrace: 'No trace recorded', copyTrace: 'Copy the trace id', cancel: 'Cancel order', cancelTitle: (o: string) => `Cancel order ${o}?`, cancelBody: 'Crossdock undoes what can be undone: reservation, booking and sales order are taken back in reverse order. Once the carrier has the goods, cancelling becomes a return.', cancelReason: 'Reason (the customer is told)', cancelGo: 'Cancel the order', cancelKeep: 'Keep it', cancelled: (o: string) => `Cancellation of ${o} requested`, cancelledBody: 'The timeline shows what is undone.', cancelFailed: 'The order could not be cancelled',
    line: 'Line', item: 'Item', ordered: 'Ordered', reserved: 'Reserved', shipped: 'Shipped', invoiced: 'Invoiced', backordered: 'Backordered', price: 'Unit price', amount: 'Amount', unknownItem: 'unknown item',
    m: { ordered: 'Ordered', invoiced: 'Invoiced', tax: 'Tax', paid: 'Paid', open: 'Open', margin: 'Margin' }, moneyNote: 'Billed is what was shipped.',
    late: 'Late', promised: (d: string) => `Promised ${d}`, received: (d: string) => `Received ${d}`, done: 'done', now: 'now', todo: 'to come', shipments: (n: number) => s(n, 'shipment', 'shipments'),
    emptyTimeline: 'Nothing of this kind happened yet.', emptyCalls: 'No system has been called yet.', emptyDecisions: 'No decision table has been asked yet.', emptyDocs: 'No documents.', emptyMessages: 'The customer has not been written to yet.', emptyWork: 'No workflow instance.',
    attempts: (n: number) => s(n, 'attempt', 'attempts'), request: 'Request', response: 'Response', key: 'Idempotency key', error: 'Error', duration: (ms: string) => `${ms} ms`, hit: 'Rule that hit', noHit: 'No rule hit', input: 'Input', output: 'Output', instance: 'Instance', state: 'State', history: 'History', waits: 'Waits', timers: 'Timers', data: 'Data', related: 'Open the record', moment: 'Moment', to: 'To',
    filterKinds: 'Show in the timeline', system: 'System', fn: 'Call', outcome: 'Outcome', started: 'Started', took: 'Took', attempt: (n: number) => `attempt ${n}`, newestFirst: 'Newest first', oldestFirst: 'Oldest first',
  },
  glance: { short: (n: string, what: string) => `${n} × ${what} short`,
    heldWhy: (n: string, r: string) => `${n}: ${r}`, releases: (r: string) => `${r} may release it`, release: 'Release the hold', queue: (qn: string) => `Queue ${qn}, unassigned`, owner: (o: string) => o, resolve: (a: string) => `Choose: ${a}`, resolveAny: 'Resolve the exception', role: (r: string) => `Anyone with the role ${r}`,
    decide: 'Decide the approval', auto: 'Crossdock', autoWhy: 'Runs by itself', outside: 'Outside: waiting for an event', then: (x: string) => `Then ${x}`, closed: 'Done: delivered, invoiced and paid', cancelled: 'Cancelled', rejected: 'Rejected at intake', nobody: 'Nobody: finished', nothing: 'Nothing', customer: 'The customer: corrected order', lateWhy: 'Later than promised',
  },
  timeline: dict({ document: 'Documents', event: 'Events', decision: 'Decisions', call: 'Calls', approval: 'Approvals', case: 'Exceptions', hold: 'Holds', message: 'Messages', task: 'Tasks', money: 'Money' }),
  cases: {
    title: 'Exceptions', number: 'Exception', severity: 'Severity', what: 'What happened', order: 'Order', customer: 'Customer', money: 'At risk', sla: 'SLA', owner: 'Owner', queue: 'Queue', kind: 'Kind', age: 'Age', none: 'Unassigned', you: 'You',
    all: 'All', mine: 'Mine', free: 'Unassigned', show: 'Show', filter: 'Filter', filterLabel: 'Filter exceptions', status: 'Status', open: 'Open', snoozed: 'Snoozed', closed: 'Closed', anyQueue: 'Any queue', anyKind: 'Any kind',
    empty: 'No exceptions', emptyWhy: 'Every order runs by itself. What cannot go on comes here with its reason, its money and its clock.', emptyMine: 'Nothing is assigned to you', emptyMineWhy: 'Press A on an unassigned exception to take it.',
    assigned: (n: string) => `${n} is yours`, unassigned: (n: string) => `${n} is nobody’s now`, snoozed1: (n: string, at: string) => `${n} sleeps until ${at}`, assignFailed: (n: string) => `${n} could not be assigned`, snoozeFailed: (n: string) => `${n} could not be snoozed`, resolved: (n: string, a: string) => `${n}: ${a}`, resolveFailed: (n: string) => `${n} could not be resolved`, commentFailed: 'The comment was not saved', reopened: (n: string) => `${n} is open again`, reopenFailed: (n: string) => `${n} could not be reopened`,
    take: 'Assign to me', drop: 'Unassign', snooze: 'Snooze', snooze1: 'For 1 hour', snooze4: 'For 4 hours', snoozeDay: 'For a day', reopen: 'Reopen', wake: 'Wake up now', actions: 'Actions', noActions: 'It resolves itself; nothing to choose.',
    evidence: 'Evidence', noEvidence: 'No evidence was recorded.', correct: 'Correct the data', correctLead: 'Only these values may be changed here. The order goes on with what you enter.', comments: 'Comments', noComments: 'No comments yet.', addComment: 'Write a comment', history: 'History', detail: 'Why it stopped', openPage: 'Open as a page', incident: 'Part of an incident', due: 'Due', until: 'Snoozed until', resolution: 'Resolved', opened: 'Opened', note: 'Note', notePlace: 'What you did and why, for the one after you', go: (a: string) => a, needsInput: 'needs your correction', changed: 'changed', breached: 'SLA missed', closeDrawer: 'Close', incidentOwned: 'Owned by an incident: resumes by itself when the system is back.',
  },
  severity: dict({ critical: 'Critical', high: 'High', medium: 'Medium', low: 'Low' }),
  approvals: {
    title: 'Approvals', inbox: 'Open inbox', pending: 'To decide', decided: 'Decided', mine: 'Only what I can decide', empty: 'Nothing to approve', emptyWhy: 'Requests come here with the exact change, the rule that asks and the time that is left.', emptyDecided: 'Nothing has been decided yet',
    approve: 'Approve', reject: 'Reject', decideFailed: 'The decision was not taken', approved: (n: string) => `${n} approved`, rejected: (n: string) => `${n} rejected`, what: 'What exactly is approved', rule: 'Rule', role: 'Role', reason: 'Reason', requested: 'Requested', due: 'Due', order: 'Order', customer: 'Customer', amount: 'Amount', hash: 'Hash of the action', hashWhy: 'Your decision binds to this hash: a changed action needs a new approval.', whyNot: 'Why you cannot decide', rejectTitle: (n: string) => `Reject ${n}?`, rejectNote: 'Why (the requester reads it)', approveTitle: (n: string) => `Approve ${n}`, noteOptional: 'Note (optional)', decidedBy: (who: string, at: string) => `${who}, ${at}`, number: 'Approval', request: 'Request', list: 'Approvals', changed: 'The action was changed after it was shown. Read it again before you decide.', outcome: 'Outcome', by: 'Decided by', choose: 'Choose an approval to see what exactly is approved.',
  },
  holds: {
    title: 'Holds', place: 'Place a hold', number: 'Hold', scope: 'Scope', key: 'On', kind: 'Kind', reason: 'Reason', by: 'Placed by', at: 'Placed', role: 'Released by', expires: 'Expires', orders: 'Orders', status: 'Status', active: 'Active', released: 'Released', release: 'Release', releaseTitle: (n: string) => `Release ${n}?`, releaseBody: (k: string) => `Orders that wait for it go on at once (${k}).`, releaseNote: 'Note', releasedOk: (n: string) => `${n} released`, releaseFailed: (n: string) => `${n} could not be released`, placeTitle: 'Place a hold', placed: 'The hold is placed', placeFailed: 'The hold was not placed', empty: 'No holds', emptyWhy: 'A hold stops orders of one order number, customer, item or site until somebody releases it.', expiresAt: 'Expires (optional)', never: 'When released', keyHint: dict({ order: 'Order number, e.g. SO-10001', customer: 'Customer number, e.g. C-0001', item: 'SKU', site: 'Site' }), affected: (n: number) => s(n, 'order waits', 'orders wait'), need: 'Is needed', evidence: 'Evidence',
  },
  scopes: dict({ order: 'Order', customer: 'Customer', item: 'Item', site: 'Site' }),
  holdKinds: dict({ credit: 'Credit', quality: 'Quality', compliance: 'Compliance', fraud: 'Fraud', stock: 'Stock', commercial: 'Commercial' }),
  incidents: { title: 'Incidents', number: 'Incident', system: 'System', state: 'State', opened: 'Opened', lasted: 'Lasted', orders: 'Orders held up', money: 'Money held up', empty: 'No incidents', emptyWhy: 'When a system is down, its orders are gathered in one incident and go on by themselves.', what: 'What happened', open: 'Open', resolved: 'Resolved', heldUp: 'Orders held up', none: 'No order is held up any more.', resumes: 'Orders resume by themselves when the system answers again. Nothing needs to be repeated by hand.', title1: (n: string) => `Incident ${n}`, cases: 'Exceptions of this incident', all: 'All' },
  documents: {
    title: 'Documents', type: 'Type', format: 'Format', direction: 'Direction', status: 'Status', partner: 'Partner', filename: 'File', order: 'Order', po: 'PO', total: 'Total', received: 'Received', errors: 'Errors', search: 'File, PO or order', in: 'In', out: 'Out', anyStatus: 'Any status', anyType: 'Any type', empty: 'No documents yet', emptyWhy: 'Drop a partner’s file above, or let it come by EDI, API or mail.',
    drop: 'Drop a partner’s file here, or', choose: 'choose a file', paste: 'paste its text', dropHint: 'X12 850, JSON, CSV or XLSX. Stored raw first, then read.', pasteTitle: 'Paste a document', pasteLabel: 'The document’s text', pasteName: 'File name', take: 'Take it in', taking: 'Taking it in', took: (n: number) => `${s(n, 'document', 'documents')} found`, result: 'Result of the intake', takeFailed: 'The file could not be taken in', index: 'No.', lines: 'Lines', noneFound: 'No document was found in the file.',
    ack: (i: number, n: number) => (n > 1 ? `Receipt ${i}` : 'Receipt'), raw: 'Raw', parsed: 'Parsed', canonical: 'Canonical', download: 'Download', release: 'Release', releaseTitle: 'Release this document?', releaseBody: 'It is processed now as if it had just come in.', released: 'The document is released', releaseFailed: 'The document was not released', binary: 'This is a binary file; download it to look inside.', noParsed: 'It could not be parsed; the errors say why.', noCanonical: 'No canonical order came of it.', acks: 'Acknowledgements', errorsTitle: (n: number) => s(n, 'error', 'errors'), where: 'Where', expected: 'Expected', found: 'Found', fix: 'Fix', code: 'Code', title1: (x: string) => `Document ${x}`, views: 'View', size: 'Size', noErrors: 'No errors', dropNow: 'Drop the file to take it in', copyRaw: 'Copy the raw text', notes: 'Notes', sender: 'Sender', control: 'Control number', details: 'Document',
  },
  docTypes: dict({ '850': '850 Purchase order', '855': '855 Acknowledgement', '856': '856 Ship notice', '810': '810 Invoice', '997': '997 Receipt', purchase_order: 'Purchase order', functional_ack: 'Receipt', invoice: 'Invoice', despatch_advice: 'Ship notice', order_response: 'Acknowledgement' }),
  entry: {
    title: 'New order', customer: 'Customer', customerPlace: 'Name or number', po: 'Customer’s PO number', currency: 'Currency', requested: 'Requested on', shipTo: 'Ship to', shipOther: 'Ship to another address than the customer’s', name: 'Name', street: 'Street', city: 'City', region: 'Region', postal: 'Postal code', country: 'Country (2 letters)', notes: 'Notes', lines: 'Lines', item: 'Item', itemPlace: 'SKU or description', description: 'Description', quantity: 'Quantity', unit: 'Unit', price: 'Unit price', priceHint: 'empty = contract price', amount: 'Amount', remove: 'Remove line', add: 'Add line', total: 'Total', totalNote: 'At list price where no price is entered; the ERP prices it.', submit: 'Place order', submitting: 'Placing', tier: (x: string) => `tier ${x}`,
    errCustomer: 'Choose a customer', errPo: 'Enter the customer’s PO number', errLines: 'Enter at least one line with item and quantity', errItem: 'Choose an item', errQty: 'Enter a quantity above 0', errPrice: 'Enter a price like 12.50', errCountry: 'Two letters, e.g. US', errCurrency: 'Three letters, e.g. USD', errDate: 'Enter a date from today on', correct: (n: number) => `${s(n, 'field needs', 'fields need')} a correction`, failed: 'The order was not placed', placed: (o: string) => `Order ${o} is placed`, rejected: 'The order was not accepted. Nothing was shipped; correct what is named and place it again.', leaveTitle: 'Leave without placing the order?', leaveBody: 'What you typed is lost.', leave: 'Leave', stay: 'Go on typing', nothingFound: 'Nothing found', keysHint: 'moves to the next cell; after the last, a new line begins', another: 'Enter another', heldNotice: (st: string) => `The order is ${st.toLowerCase()}.`, line: (n: number) => `Line ${n}`,
  },
  definitions: { title: 'Workflows', name: 'Name', version: 'Version', namespace: 'Namespace', published: 'Published', running: 'Running', empty: 'No workflows are published', emptyWhy: 'Definitions are published from files, tested first.', graph: 'Graph', yaml: 'YAML', readOnly: 'Read only: a definition in use is never edited, a new version is published beside it.', summary: 'What it does', copyYaml: 'Copy the YAML' },
  instances: {
    title: 'Instances', one: 'Instance', definition: 'Workflow', version: 'Version', order: 'Order', status: 'Status', stage: 'Stage', started: 'Started', updated: 'Moved', error: 'What happened', search: 'Order or instance', anyStatus: 'Any status', anyDefinition: 'Any workflow',
    task: 'Stands at task', sameError: 'Same error', pending: 'operation under way', select: (of: string) => `Select ${of}`, selectAll: 'Select all shown', selected: (n: number) => s(n, 'instance chosen', 'instances chosen'), filtered: (n: number) => `All ${s(n, 'instance', 'instances')} of this list`, unselect: 'Choose none',
    empty: 'No instances', emptyWhy: 'An instance is one run of a workflow. The first order starts one.', choose: 'choose', operations: 'Operations', chooseFirst: 'Choose instances, or narrow the list by a filter.',
    standing: 'Stands at', calls: 'Calls', history: 'History', state: 'Context', waits: 'Waits for', timers: 'Timers', failure: 'Error', parent: 'Parent', graph: 'The workflow', noCalls: 'No call was made yet.', nowhere: 'nowhere: it has ended', undone: 'undone', attempts: 'Attempts', probe: 'looked up', tried: 'tried',
    fn: 'Function', system: 'System', callState: 'State', becomes: 'Becomes', why: 'Why', key: 'Idempotency key', newKey: 'a new one', callCount: 'Calls', taskHead: 'Task',
  },
  operate: {
    kinds: dict({ suspend: 'Suspend', resume: 'Resume', cancel: 'Cancel', retry: 'Retry', restart: 'Restart', migrate: 'Migrate' }),
    lead: dict({
      suspend: 'It stands still from its next turn. Calls under way finish and are recorded; events and timers are kept.', resume: 'It goes on where it stood, with everything that came meanwhile, in its order.', cancel: 'It ends. Its children, waits, approvals and exceptions end with it.',
      retry: 'The task that failed begins again. What succeeded is not made again.', restart: 'It goes back to an earlier task. What was done since is taken from the record, or repeated if you say so.', migrate: 'It goes on in another version, if nothing breaks.',
    }),
    title: (kind: string, what: string) => `${kind} ${what}`, reason: 'Why', reasonHint: 'The audit trail keeps it.', compensate: 'Undo first what was done, the last first', data: 'Corrected input of the task, as JSON (empty: as it was)', badJson: 'This is not JSON.', at: 'Task to restart from', repeat: 'What was done since', reuse: 'Take it from the record', repeatAll: 'Repeat it, under new keys', version: 'Version',
    preview: 'Preview', back: 'Change', go: (kind: string, n: number) => (n === 1 ? kind : `${kind} ${n}`), nothing: 'No call is touched.', outcome: (o: string) => `Right after: ${o}.`, refused: 'Refused', notices: 'Mind', done: (kind: string) => `${kind}: asked for`, doneWhy: 'It takes effect at the next turn.', failed: 'It was not done', need: 'This is needed.',
    progress: 'Progress', progressOf: (a: number, b: number) => `${a} of ${b}`, stop: 'Stop the rest', counts: dict({ refused: 'refused', waiting: 'to come', done: 'done', skipped: 'skipped: changed meanwhile', failed: 'failed', cancelled: 'stopped' }), many: (n: number) => s(n, 'instance', 'instances'),
    fates: dict({ reuse: 'reused', repeat: 'made again', recompute: 'computed anew', keep: 'goes on', blocked: 'blocked', stands: 'stays as it is', undo: 'undone', stops: 'stops', waits: 'waits', breaks: 'would break' }),
  },
  audit: { title: 'Audit trail', at: 'At', actor: 'Who', action: 'Did', object: 'To', detail: 'Detail', search: 'Who, action or object', empty: 'Nothing recorded yet', emptyWhy: 'Every change by a person or by policy is recorded in the transaction that makes it.' },
  hits: dict({ order: 'Order', case: 'Exception', document: 'Document', approval: 'Approval', customer: 'Customer' }),
  json: { empty: 'empty', items: (n: number) => s(n, 'item', 'items'), fields: (n: number) => s(n, 'field', 'fields') },
};

export type Messages = typeof en;
