/* Texts of the desk: teams and who is away, reply templates, the tables that place and ask, where mail goes. */
const s = (n: number, one: string, many: string) => `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
const dict = (d: Record<string, string>) => d;

export const desk = {
  desk: {
    title: 'Teams and texts', show: 'Show', teams: 'Teams', templates: 'Reply templates', rules: 'Rules', mail: 'Mail',
    add: 'Add a team', edit: (n: string) => `Change ${n}`, remove: (n: string) => `Remove ${n}`, removeAsk: (n: string) => `Remove the team ${n}? Its exceptions keep their owners; new ones go where the rules say.`, noTeams: 'No teams yet', noTeamsWhy: 'Exceptions without a team have no owner. A team has people, and the hours in which its clocks run.',
    name: 'Short name', nameHint: 'a-z, 0-9 and -; the rules of assignment name it', heading: 'Title', calendar: 'Open hours', calendarNone: 'The tenant’s own', members: 'People', membersHint: 'Coordinators, approvers and administrators',
    takes: 'Takes', takesNone: 'Nothing by rule: only what is handed to it.', open: (n: number) => s(n, 'open', 'open'), unowned: (n: number) => `${n} without an owner`, away: (until: string) => `away until ${until}`, there: 'there', setAway: 'Away until', back: 'There again', awayFor: (n: string) => `When ${n} is away`,
    tomorrow: 'Until tomorrow', week: 'For a week', awaySet: (n: string) => `${n} is given nothing new`, backSet: (n: string) => `${n} is there again`, saved: (n: string) => `${n} is saved`, removed: (n: string) => `${n} is removed`, failed: 'It was not saved',
    addTemplate: 'Add a template', noTemplates: 'No reply templates yet', noTemplatesWhy: 'What is written again and again, with the facts of the exception filled in.', language: 'Language', languages: dict({ en: 'English', de: 'German', sv: 'Swedish', es: 'Spanish', fi: 'Finnish', fr: 'French' }), own: 'its own', subject: 'Subject', body: 'Text', facts: 'What may be named', trial: 'Shown with', trialPick: 'An open exception to try it on', trialNone: 'Choose an exception to see it filled in.', preview: 'As it would be written',
    version: (v: string) => `version ${v}`, shipped: 'as shipped', by: (n: string) => `put by ${n}`, change: 'Change in the editor', rows: (n: number) => s(n, 'rule', 'rules'), ruleNames: dict({ 'case-assignment': 'Whose is an exception?', 'case-clock': 'When must it be ended?', 'case-priority': 'How urgent is it?', approvals: 'Who is asked for an approval?' }), rule: 'Rule', when: 'When', then: 'Then', always: 'always',
    from: 'Exceptions are written about from', fromHint: 'Answers come back to name+number@…: its mail server must take those too', fromName: 'Shown as', save: 'Save', approvals: 'Where approvals are mailed to', approvalsWhy: 'Your own address; an administrator’s for everybody.', wanted: 'Mail me what I am asked to approve', address: (n: string) => `Address of ${n}`, noAddress: 'Nobody has given an address yet.', addAddress: 'Person',
  },
  telling: {
    title: 'Tell those whom it holds up', lead: 'One mail to each about its own orders. Shown first, then sent once; answers come back to the incident’s exception.', to: 'Who is told', audiences: dict({ customers: 'Customers', partners: 'Partners who sent the orders', both: 'Both' }), subject: 'Subject', body: 'Text', subjectStart: 'Your orders wait for a moment', bodyStart: 'Dear {customer},\n\na system of ours does not answer. These orders wait and go on by themselves when it is back:\n\n{orders}\n\nYou need to do nothing.\n\n{me}',
    preview: 'Show each mail', send: (n: number) => `Send ${s(n, 'mail', 'mails')}`, already: (at: string) => `Exactly this was sent at ${at}, and is not sent again.`, leftOut: (who: string) => `No address is known of ${who}: call them.`, sent: (n: number) => `${s(n, 'mail leaves', 'mails leave')} in a moment`, failed: 'Nothing was sent', told: 'What they were told', none: 'Nobody has been told yet.', shown: 'What would leave', orders: (n: number) => s(n, 'order', 'orders'), cases: 'Answers',
  },
  undoing: {
    show: 'What would taking it back do?', title: 'Taking it back', becomes: dict({ 'called-back': 'called back', undone: 'there again', stands: 'stands' }), callBack: 'Cancel the orders that it set going, as long as they are not released', none: 'Nothing of it is done.',
  },
};
