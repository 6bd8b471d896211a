/** A YAML text with the lines of its fields, and with what its parser finds wrong: for a plan, `dr.yaml` and the config of a stack. */
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';

type Path = readonly PropertyKey[];

export interface SyntaxProblem {
  /** From 1. */
  readonly line: number;
  /** A key that stands twice in one place; undefined for text that is not YAML. */
  readonly doubled: string | undefined;
  /** The parser's own words. */
  readonly message: string;
}

export interface YamlText {
  readonly problems: readonly SyntaxProblem[];
  /** Throws for aliases that refer to nothing, or multiply without end. */
  data(): unknown;
  has(path: Path): boolean;
  /** Line of a value, or of the nearest one around it; undefined for an empty text. */
  lineOf(path: Path): number | undefined;
  /** Line of a key, or of the nearest one around it; undefined where there is none. */
  lineOfKey(path: Path): number | undefined;
}

function keyOffset(document: Document.Parsed, path: Path): number | undefined {
  const parent = document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined;
  return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
}

function valueOffset(document: Document.Parsed, path: Path): number | undefined {
  const node = document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

/** The parser marks the first character of a key only, and a key may hold colons. */
function keyAt(text: string, offset: number): string {
  const [, double, single, plain] = /^(?:"([^"]*)"|'([^']*)'|(.+?)(?=\s*:(?:\s|$)))/m.exec(text.slice(offset)) ?? [];
  return double ?? single ?? plain ?? '';
}

export function parseYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const nearest = (path: Path, offsetOf: (path: Path) => number | undefined): number | undefined => {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const offset = offsetOf(path.slice(0, depth));
      if (offset !== undefined) return lineAt(offset);
    }
    return undefined;
  };
  return {
    problems: document.errors.map(({ code, message, pos: [start] }) => ({
      line: lineAt(start),
      doubled: code === 'DUPLICATE_KEY' ? keyAt(text, start) : undefined,
      message,
    })),
    data: () => document.toJS(),
    has: (path) => document.hasIn(path),
    lineOf: (path) => nearest(path, (at) => valueOffset(document, at) ?? keyOffset(document, at)),
    lineOfKey: (path) => nearest(path, (at) => keyOffset(document, at)),
  };
}
