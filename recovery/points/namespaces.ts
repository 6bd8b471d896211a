/** What a capture of a cluster holds of each namespace, and which of them it lacks. */
import type { Capture, CaptureFacts } from './point.ts';

const LACKING = 'lackingNamespaces';
const HELD = 'namespaces';
const COUNTS = 'namespaceObjects';

const names = (fact: CaptureFacts[string] | undefined): string[] =>
  typeof fact === 'string' && fact !== '' ? fact.split(', ') : [];

export interface NamespaceFacts {
  /** Namespace → objects of this part in it. */
  readonly held: Readonly<Record<string, number>>;
  /** Namespaces that were to be captured and could not be. */
  readonly lacking: readonly string[];
}

export function namespaceFacts({ held, lacking }: NamespaceFacts): CaptureFacts {
  return {
    [HELD]: Object.keys(held).join(', '),
    [COUNTS]: Object.entries(held)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
    ...(lacking.length === 0 ? {} : { [LACKING]: lacking.join(', ') }),
  };
}

/** `go-coffee 40, billing 12`; undefined for a capture of something else, or of an older version. */
export function heldOf(capture: Capture): string | undefined {
  const counts = capture.engine === 'restic' ? capture.facts[COUNTS] : undefined;
  return typeof counts === 'string' ? counts : undefined;
}

/** Empty for a capture that holds all of its namespaces: the others are a part of what was asked for. */
export function lackingNamespaces(capture: Capture): string[] {
  return capture.engine === 'restic' ? names(capture.facts[LACKING]) : [];
}

/** Why a capture is suspect: it lacks a namespace that the one before holds. Undefined for a good one. */
export function lostNamespace(before: Capture, now: Capture): string | undefined {
  if (before.engine !== 'restic') return undefined;
  const held = names(before.facts[HELD]);
  const lost = lackingNamespaces(now).filter((name) => held.includes(name));
  if (lost.length === 0) return undefined;
  return `it lacks ${lost.length === 1 ? 'the namespace' : 'the namespaces'} ${lost.join(', ')}, which the copy before holds`;
}
