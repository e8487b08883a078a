/* A definition as people think of it. A running process may loop and jump from anywhere to anywhere; drawn whole it is a
   knot. The main ways are what is left when switches, which hold no orders, are passed through, ways back are left out,
   and a way that only skips steps of another is left to that other. Detours to people stay beside the straight way. */
import type { FlowEdge, NodeKind } from '../api/types';

export interface Shape<N> { nodes: N[]; edges: FlowEdge[] }
interface Named { id: string; kind?: NodeKind }

const isSwitch = (n: Named) => n.id.startsWith('switch:');

export function mainWays<N extends Named>(g: Shape<N>): Shape<N> {
  const nodes = g.nodes.filter((n) => !isSwitch(n));
  const order = new Map(nodes.map((n, i) => [n.id, i]));
  const through = passed(g.edges, new Set(g.nodes.filter(isSwitch).map((n) => n.id)));
  // the server lists steps in the order in which the definition names them: what goes against it is a way back
  const forward = new Map<string, FlowEdge>();
  for (const e of through) {
    const a = order.get(e.source), b = order.get(e.target);
    if (a !== undefined && b !== undefined && a < b && !forward.has(`${e.source}>${e.target}`)) forward.set(`${e.source}>${e.target}`, e);
  }
  const edges = [...forward.values()];
  const out = grouped(edges);
  const people = new Set(nodes.filter((n) => n.kind === 'person').map((n) => n.id));
  const kept = edges.filter((e) => !longer(e, out, people));
  // the word on a way says which of several was taken; where there is only one it says nothing
  const ways = grouped(kept);
  return { nodes, edges: kept.map((e) => ((ways.get(e.source)?.length ?? 0) > 1 ? e : { ...e, label: null })) };
}

/** The straight way from the first step to the last end, with the step where something stands, whatever it is. */
export function straight<N extends Named>(g: Shape<N>, keep?: string): N[] {
  const { nodes, edges } = mainWays(g);
  const people = new Set(nodes.filter((n) => n.kind === 'person').map((n) => n.id));
  const out = grouped(edges.filter((e) => !people.has(e.source) && !people.has(e.target)));
  const goal = [...nodes].reverse().find((n) => n.kind === 'end')?.id ?? nodes[nodes.length - 1]?.id;
  // longest way to the goal; the nodes are in topological order, so from the back each is known when it is asked for
  const best = new Map<string, string[]>();
  for (const n of [...nodes].reverse()) {
    if (n.id === goal) { best.set(n.id, [n.id]); continue; }
    const ways = (out.get(n.id) ?? []).map((t) => best.get(t)).filter((w): w is string[] => !!w);
    const longest = ways.sort((a, b) => b.length - a.length)[0];
    if (longest) best.set(n.id, [n.id, ...longest]);
  }
  const way = new Set(nodes.map((n) => best.get(n.id)).find((w) => !!w) ?? []);
  if (keep) way.add(keep);
  return nodes.filter((n) => way.has(n.id));
}

/** Edges with the switches between them passed through. */
function passed(edges: FlowEdge[], switches: Set<string>): FlowEdge[] {
  const out = new Map<string, FlowEdge[]>();
  edges.forEach((e) => out.set(e.source, [...(out.get(e.source) ?? []), e]));
  const reach = (id: string, seen: Set<string>): FlowEdge[] => (seen.has(id) ? [] : (out.get(id) ?? []).flatMap((e) => (switches.has(e.target) ? reach(e.target, new Set([...seen, id])) : [e])));
  return edges.filter((e) => !switches.has(e.source)).flatMap((e) => (switches.has(e.target) ? reach(e.target, new Set()).map((f) => ({ ...f, id: `${e.id}+${f.id}`, source: e.source })) : [e]));
}

function grouped(edges: FlowEdge[]): Map<string, string[]> {
  const out = new Map<string, string[]>();
  edges.forEach((e) => out.set(e.source, [...(out.get(e.source) ?? []), e.target]));
  return out;
}

/** Whether another way leads there by steps that are not people. */
function longer(e: FlowEdge, out: Map<string, string[]>, people: Set<string>): boolean {
  const seen = new Set<string>();
  const reaches = (id: string): boolean => {
    if (id === e.target) return true;
    if (seen.has(id) || people.has(id)) return false;
    seen.add(id);
    return (out.get(id) ?? []).some(reaches);
  };
  return (out.get(e.source) ?? []).some((t) => t !== e.target && reaches(t));
}
