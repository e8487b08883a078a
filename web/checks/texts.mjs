/* Says as JSON what pages say in their own words instead of a translation file's, and what each translation lacks or has
   in another shape. Run with `node checks/texts.mjs` in web/. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';

const SPOKEN = new Set(['label', 'title', 'placeholder', 'aria-label', 'description', 'alt', 'nothingFoundMessage', 'aria-description', 'aria-valuetext', 'caption']);
// what is the same in every language: keys, units, signs, and what stands in code
const PLAIN = /^(Ctrl K|Ctrl Enter|Enter|Esc|kB|MB|SSCC|CSV|JSON|YAML|XLSX|null|v)$/;
const speaks = (text) => /\p{L}{2,}/u.test(text) && !PLAIN.test(text.trim());

function files(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(join(dir, e.name)) : e.name.endsWith('.tsx') ? [join(dir, e.name)] : []));
}

function hard(file) {
  const source = readFileSync(file, 'utf8'), found = [];
  const say = (at, text) => found.push(`${file}:${source.slice(0, at).split('\n').length}: ${text.trim().slice(0, 60)}`);
  // what an expression shows: a text itself, or either way of a choice
  const shown = (e) => {
    if (!e) return;
    if (e.type === 'Literal' && typeof e.value === 'string' && speaks(e.value)) say(e.start, e.value);
    else if (e.type === 'TemplateLiteral') e.quasis.forEach((q) => speaks(q.value.cooked ?? '') && say(e.start, q.value.cooked));
    else if (e.type === 'ConditionalExpression') { shown(e.consequent); shown(e.alternate); } else if (e.type === 'LogicalExpression') shown(e.right);
  };
  const walk = (n, code) => {
    if (!n || typeof n !== 'object') return;
    if (Array.isArray(n)) { n.forEach((x) => walk(x, code)); return; }
    if (n.type === 'JSXText' && !code && speaks(n.value)) say(n.start, n.value);
    if (n.type === 'JSXAttribute' && SPOKEN.has(n.name.name ?? '')) shown(n.value?.type === 'JSXExpressionContainer' ? n.value.expression : n.value);
    const inside = n.type === 'JSXElement' && ['code', 'kbd', 'pre'].includes(n.openingElement.name.name ?? '');
    if (n.type === 'JSXElement' || n.type === 'JSXFragment') n.children.forEach((c) => c.type === 'JSXExpressionContainer' && !inside && !code && shown(c.expression));
    for (const [k, v] of Object.entries(n)) if (k !== 'type' && v && typeof v === 'object') walk(v, code || inside);
  };
  walk(parseAst(source, { lang: 'tsx' }, file), false);
  return found;
}

async function texts(input) {
  const bundle = await rolldown({ input, logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'esm' });
  return import(`data:text/javascript;base64,${Buffer.from(output[0].code).toString('base64')}`);
}

function compared(base, over, path = '') {
  const lacks = [], odd = [];
  for (const [k, v] of Object.entries(base)) {
    const w = over?.[k], at = path ? `${path}.${k}` : k;
    if (w === undefined) lacks.push(at);
    else if (typeof v !== typeof w || Array.isArray(v) !== Array.isArray(w) || (typeof v === 'function' && v.length !== w.length)) odd.push(at);
    else if (v && typeof v === 'object' && !Array.isArray(v)) { const deep = compared(v, w, at); lacks.push(...deep.lacks); odd.push(...deep.odd); }
  }
  for (const k of Object.keys(over ?? {})) if (!(k in base)) odd.push(path ? `${path}.${k}` : k);
  return { lacks, odd };
}

const { en } = await texts('src/i18n/en.ts'), { de } = await texts('src/i18n/de/index.ts');
const count = (m) => Object.values(m).reduce((n, v) => n + (v && typeof v === 'object' && !Array.isArray(v) ? count(v) : 1), 0);
process.stdout.write(JSON.stringify({ hard: files('src').flatMap(hard), texts: count(en), ...compared(en, de) }));
