/* Where the boxes of the main ways go: the straight way runs in a row, folded into as many rows as make it largest; what
   leaves it stands below, half a step to the right of where it leaves. Such a drawing reads like a line of text, which a
   general layout cannot know. */
import type { FlowEdge, NodeKind } from '../api/types';
import type { Laid, Point } from './layout';
import { straight } from './mainways';

const LANE = { width: 128, height: 76 }, SIDE = { width: 136, height: 50 };
const STEP = 160, GAP = 24, GUTTER = 24;

interface Place { row: number; at: number; side: boolean }

export function lanes(g: { nodes: { id: string; kind?: NodeKind }[]; edges: FlowEdge[] }, width: number, height: number): Laid {
  const lane = straight(g).map((n) => n.id);
  const tries = [1, 2, 3, 4, 5, 6].filter((rows) => rows === 1 || lane.length / rows >= 2).map((rows) => drawn(g, lane, Math.ceil(lane.length / rows)));
  const scale = (l: Laid) => Math.min(1, width / l.width, height / l.height);
  return tries.reduce((a, b) => (scale(b) > scale(a) * 1.05 ? b : a));
}

function drawn(g: { nodes: { id: string }[]; edges: FlowEdge[] }, lane: string[], columns: number): Laid {
  const places = new Map<string, Place>(lane.map((id, i) => [id, { row: Math.floor(i / columns), at: i % columns, side: false }]));
  beside(g, places, columns);
  const rows = Math.max(0, ...[...places.values()].map((p) => p.row)) + 1;
  const tops: number[] = [];
  let y = 0;
  for (let r = 0; r < rows; r++) { tops.push(y); y += LANE.height + ([...places.values()].some((p) => p.row === r && p.side) ? GAP + SIDE.height : 0) + GUTTER; }
  const box = (id: string) => {
    const p = places.get(id)!, size = p.side ? SIDE : LANE;
    return { ...p, ...size, x: p.at * STEP, y: tops[p.row]! + (p.side ? LANE.height + GAP : 0) };
  };
  const right = Math.max(...g.nodes.map((n) => box(n.id).x + LANE.width));
  const edges = Object.fromEntries(g.edges.map((e) => {
    const a = box(e.source), b = box(e.target);
    const leaves = !a.side && b.side;
    const pts = way(a, b, tops, right);
    return [e.id, { pts, label: leaves && e.label && a.row === b.row ? { x: pts[0]!.x, y: a.y + LANE.height + GAP / 2 } : undefined }];
  }));
  return { nodes: Object.fromEntries(g.nodes.map((n) => { const { x, y: top, width, height, side } = box(n.id); return [n.id, { x, y: top, width, height, side }]; })), edges, width: right, height: y - GUTTER };
}

/** Everything that is not on the straight way: below, in the free place nearest to right of where it is reached from. */
function beside(g: { nodes: { id: string }[]; edges: FlowEdge[] }, places: Map<string, Place>, columns: number) {
  const taken = new Set<string>();
  let left = g.nodes.filter((n) => !places.has(n.id));
  while (left.length) {
    // those that hang on something already placed come first
    const next = left.find((n) => g.edges.some((e) => e.target === n.id && places.has(e.source))) ?? left[0]!;
    const from = g.edges.filter((e) => e.target === next.id).map((e) => places.get(e.source)).find((p) => !!p) ?? { row: 0, at: 0, side: false };
    const wish = from.side ? from.at + 1 : from.at + 0.5;
    const free = Array.from({ length: columns + g.nodes.length }, (_, i) => i + 0.5).filter((at) => !taken.has(`${from.row}/${at}`));
    const inside = free.filter((at) => at < columns);
    const at = (inside.length ? inside : free).reduce((a, b) => (Math.abs(b - wish) < Math.abs(a - wish) ? b : a));
    taken.add(`${from.row}/${at}`);
    places.set(next.id, { row: from.row, at, side: true });
    left = left.filter((n) => n !== next);
  }
}

type Box = Place & Point & { width: number; height: number };

function way(a: Box, b: Box, tops: number[], right: number): Point[] {
  const mid = (x: Box) => x.y + x.height / 2;
  if (a.row !== b.row) {
    // to another row: out at the right, through the gutter above that row, in at its left
    const y = tops[b.row]! - GUTTER / 2, out = a.side ? a.x + a.width + 10 : Math.max(a.x + a.width + 14, right + 14);
    return [{ x: a.x + a.width, y: mid(a) }, { x: out, y: mid(a) }, { x: out, y }, { x: b.x - 14, y }, { x: b.x - 14, y: mid(b) }, { x: b.x, y: mid(b) }];
  }
  if (a.side === b.side) {
    const ahead = b.x > a.x, near = Math.abs(b.at - a.at) <= 1;
    if (near) return [{ x: ahead ? a.x + a.width : a.x, y: mid(a) }, { x: ahead ? b.x : b.x + b.width, y: mid(b) }];
    const y = a.side ? a.y + a.height + GUTTER / 2 : a.y + a.height + GAP / 2; // around what stands between
    return [{ x: a.x + a.width / 2, y: a.y + a.height }, { x: a.x + a.width / 2, y }, { x: b.x + b.width / 2, y }, { x: b.x + b.width / 2, y: b.y + b.height }];
  }
  const lane = a.side ? b : a, side = a.side ? a : b, y = lane.y + lane.height + GAP / 2;
  const atLane = side.x > lane.x ? lane.x + lane.width - 24 : lane.x + 24;
  const atSide = atLane > side.x + 8 && atLane < side.x + side.width - 8 ? atLane : side.x > lane.x ? side.x + 20 : side.x + side.width - 20;
  const pts = [{ x: atLane, y: lane.y + lane.height }, { x: atLane, y }, { x: atSide, y }, { x: atSide, y: side.y }];
  return a.side ? pts.reverse() : pts;
}
