/** What one source file may not do; `tests/architecture.test.ts` applies it to all of them. */
import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

export interface SourceFile {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Who may import what of the project: plan ← recovery ← infra, and infra sees recovery through its doors for reading. */
const ARROWS: readonly { readonly from: RegExp; readonly to: RegExp }[] = [
  { from: /^plan\//, to: /^plan\// },
  { from: /^recovery\//, to: /^(plan|recovery)\/|^package\.json$/ },
  { from: /^drill\//, to: /^(plan|recovery|drill)\// },
  { from: /^cli\//, to: /^(plan|recovery|drill|cli)\/|^package\.json$/ },
  { from: /^infra\//, to: /^(plan|infra)\/|^recovery\/public\.ts$/ },
  { from: /^scripts\//, to: /^scripts\// },
];

/** Programs of their own: they print and end, and nothing imports them. */
const PROGRAMS = ['cli/dr.ts', 'cli/main.js', 'drill/platform/service.ts'];
const MAY_ASK_TERMINAL = /^cli\//;
const MAY_WRITE_STDERR = ['recovery/core/log.ts'];

const LIBRARIES = /^(plan|recovery|infra|drill|cli)\//;
const KEY_MAKER = 'plan/layout.ts';
const KEY_PREFIX = /(^|\/)(catalog\/v1|(pgbackrest|marks|locks|leases|evidence|incidents)\/)/;
const MAX_LINES = 300;
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
const EMPTY_NAME = /(^|[-.])(utils?|helpers?|common|managers?)([-.]|$)/;

function importFaults({ path, text }: SourceFile): string[] {
  const arrow = ARROWS.find(({ from }) => from.test(path));
  if (arrow === undefined) return [];
  const specifiers = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  // A second name for what codeFaults looks for.
  const disguised = specifiers.filter(
    (specifier) => LIBRARIES.test(path) && /^(node:)?(process|console)$/.test(specifier),
  );
  const targets = specifiers.filter((specifier) => specifier.startsWith('.')).map((name) => join(dirname(path), name));
  return [...disguised, ...targets.filter((target) => !arrow.to.test(target))].map((target) => `imports ${target}`);
}

/** `console`, or `process` with its property, as it is written: `process.exit`. Names of properties and types are neither. */
function globalOf(node: ts.Node): string | undefined {
  if (!ts.isIdentifier(node) || (node.text !== 'console' && node.text !== 'process')) return undefined;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) {
    if (parent.name === node) return undefined;
    return node.text === 'process' ? `process.${parent.name.text}` : 'console';
  }
  const isName = ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isQualifiedName(parent);
  return isName && !(ts.isPropertyAssignment(parent) && parent.initializer === node) ? undefined : node.text;
}

function endsOrPrints(global: string, path: string): boolean {
  if (PROGRAMS.includes(path)) return false;
  if (['console', 'process.exit', 'process.exitCode', 'process.abort'].includes(global)) return true;
  if (global === 'process.stdout') return !MAY_ASK_TERMINAL.test(path);
  return global === 'process.stderr' && !MAY_ASK_TERMINAL.test(path) && !MAY_WRITE_STDERR.includes(path);
}

/** Text that the program uses as data: no comment, no import. */
function literalOf(node: ts.Node): string | undefined {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateHead(node) && !ts.isTemplateMiddleOrTemplateTail(node)) {
    return undefined;
  }
  const { parent } = node;
  const isImport =
    ts.isImportDeclaration(parent) ||
    ts.isExportDeclaration(parent) ||
    (ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword);
  return isImport ? undefined : node.text;
}

function codeFaults({ path, text }: SourceFile): string[] {
  if (!LIBRARIES.test(path)) return [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const global = globalOf(node);
    if (global === 'process') faults.push(`passes process on as a whole in line ${line}`);
    else if (global !== undefined && endsOrPrints(global, path)) faults.push(`uses ${global} in line ${line}`);
    const literal = literalOf(node);
    if (literal !== undefined && path !== KEY_MAKER && KEY_PREFIX.test(literal)) {
      faults.push(`makes an object key in line ${line}: ${JSON.stringify(literal)}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return faults;
}

function nameFaults({ path, text }: SourceFile): string[] {
  const parts = path.split('/');
  const lines = text.split('\n').length - 1;
  return [
    ...parts.filter((part) => !NAME.test(part)).map((part) => `"${part}" is not kebab-case`),
    ...parts.filter((part) => EMPTY_NAME.test(part)).map((part) => `"${part}" says nothing of what is in it`),
    ...(lines > MAX_LINES ? [`has ${lines} lines, at most ${MAX_LINES} are allowed`] : []),
  ];
}

/** A line for each fault; empty for a file that keeps the rules. */
export function faultsOf(file: SourceFile): string[] {
  const faults = [...importFaults(file), ...codeFaults(file), ...nameFaults(file)];
  return faults.map((fault) => `${file.path}: ${fault}`);
}
