/** What no file shows by itself: circles, how many layers lie on each other, and what lies loose in a folder. */
import { dirname } from 'node:path/posix';
import { importsOf, rowOf, type SourceFile } from './architecture-rules.ts';

/** Files that are allowed to lie in a folder beside its subfolders. */
const LOOSE: Readonly<Record<string, number>> = { recovery: 3, infra: 6 };
const LOOSE_ANYWHERE = 21;
const LOOSE_IN = /^(plan|recovery|infra|drill|cli|scripts)(\/|$)/;

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** A node for each name that `nameOf` gives; files that it gives none are left out, and so is what lies within one name. */
export function graphOf(files: readonly SourceFile[], nameOf: (path: string) => string | undefined): Graph {
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    const from = nameOf(file.path);
    if (from === undefined) continue;
    const to = graph.get(from) ?? new Set();
    graph.set(from, to);
    for (const target of importsOf(file)) {
      const name = nameOf(target);
      if (name !== undefined && name !== from) to.add(name);
    }
  }
  return graph;
}

/** Each set of nodes that reach each other, as one line; empty where arrows run down only. */
export function circlesOf(graph: Graph): string[] {
  const seen = new Map<string, { readonly index: number; low: number; open: boolean }>();
  const stack: string[] = [];
  const circles: string[] = [];
  const visit = (node: string): number => {
    const own = { index: seen.size, low: seen.size, open: true };
    seen.set(node, own);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      const known = seen.get(next);
      if (known === undefined) own.low = Math.min(own.low, visit(next));
      else if (known.open) own.low = Math.min(own.low, known.index);
    }
    if (own.low === own.index) {
      const circle = stack.splice(stack.indexOf(node));
      for (const each of circle) Object.assign(seen.get(each) ?? {}, { open: false });
      if (circle.length > 1) circles.push(circle.sort().join(' ↔ '));
    }
    return own.low;
  };
  for (const node of graph.keys()) if (!seen.has(node)) visit(node);
  return circles;
}

/** The longest chain of nodes, each importing the next. The graph has no circle. */
export function floorsOf(graph: Graph): string[] {
  const chains = new Map<string, string[]>();
  const chain = (node: string): string[] => {
    const known = chains.get(node);
    if (known) return known;
    const below = [...(graph.get(node) ?? [])].map(chain).sort((a, b) => b.length - a.length)[0] ?? [];
    const own = [node, ...below];
    chains.set(node, own);
    return own;
  };
  return [...graph.keys()].map(chain).sort((a, b) => b.length - a.length)[0] ?? [];
}

/** `recovery/points` for all below it: what the table of rows calls a layer. A loose file of `infra/` is one by itself. */
export function layerOf(path: string): string | undefined {
  const row = rowOf(path);
  return row === 'infra/' ? path : row?.replace(/\/$/, '');
}

export function looseFaults(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const folder of paths.map((path) => dirname(path))) {
    if (LOOSE_IN.test(folder)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([folder, count]) => count > (LOOSE[folder] ?? LOOSE_ANYWHERE))
    .map(([folder, count]) => `${folder}: ${count} files lie loose, at most ${LOOSE[folder] ?? LOOSE_ANYWHERE} may`);
}
