/** What one source file may not do; `tests/architecture.test.ts` applies it to all of them. */
import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

export interface SourceFile {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/**
 * The layers: who may import what of the project, besides itself. The longest row that begins a file's path is its row. `plan/` is open to
 * every row but `plan/` and `recovery/core/`. Types count as imports. docs/architecture.md draws it.
 */
const MAY: Readonly<Record<string, readonly string[]>> = {
  'plan/': [],
  ...inRecovery({
    'core/': [],
    'report/': ['core/'],
    'storage/': ['core/'],
    'config/': ['core/', 'storage/'],
    'impact/': ['core/', 'report/'],
    'points/': ['core/', 'report/', 'storage/', 'config/'],
    'incident/': ['core/', 'report/', 'storage/', 'config/', 'points/'],
    'kubernetes/': ['core/', 'config/'],
    'engines/': ['core/', 'report/', 'storage/', 'config/', 'points/'],
    'pulumi/': ['core/', 'engines/'],
    'workloads/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'kubernetes/', 'engines/'],
    'prune/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'engines/'],
    'backup/': ['core/', 'storage/', 'config/', 'points/', 'engines/', 'workloads/'],
    'restore/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'engines/', 'workloads/'],
    'find/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'engines/', 'workloads/', 'restore/'],
    'compare/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'kubernetes/', 'engines/', 'workloads/'],
    // It writes objects into a live cluster: what a stack holds is read as a failover reads it.
    'put-back/': [
      ...['core/', 'report/', 'storage/', 'config/', 'points/', 'kubernetes/', 'engines/', 'pulumi/', 'workloads/'],
      ...['compare/', 'restore/', 'failover/', 'rebuild/secret-values.ts'],
    ],
    // A restore of a running stack: the steps of a failover, and the data of a rebuild.
    'in-place/': [
      ...['core/', 'report/', 'storage/', 'points/', 'kubernetes/', 'pulumi/', 'workloads/', 'failover/'],
      'rebuild/',
    ],
    'verify/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'engines/', 'workloads/'],
    'status/': [
      'core/',
      'report/',
      'storage/',
      'config/',
      'points/',
      'incident/',
      'kubernetes/',
      'engines/',
      'workloads/',
    ],
    'records/': ['config/', 'incident/'],
    'exercise/': ['core/', 'report/', 'config/', 'points/', 'workloads/', 'incident/', 'status/'],
    // It weighs what all others know: nothing below it knows of it.
    'readiness/': [
      ...['core/', 'report/', 'storage/', 'config/', 'points/', 'engines/', 'workloads/'],
      ...['incident/', 'keys/', 'records/', 'setup/', 'status/'],
    ],
    'failover/': ['core/', 'report/', 'storage/', 'points/', 'kubernetes/', 'pulumi/', 'workloads/'],
    'harden/': ['core/', 'kubernetes/'],
    'isolate/': ['core/', 'report/', 'config/', 'kubernetes/', 'workloads/'],
    'runbook/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'incident/'],
    'secrets/': ['core/', 'config/', 'engines/', 'workloads/'],
    'evidence/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'kubernetes/', 'engines/'],
    'operate/': ['core/', 'kubernetes/', 'pulumi/', 'failover/'],
    // It opens a stack as a failover does, and runs its up.
    'adopt/': ['core/', 'report/', 'storage/', 'points/', 'kubernetes/', 'pulumi/', 'workloads/', 'failover/'],
    'rebuild/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'kubernetes/', 'keys/', 'pulumi/', 'workloads/'],
    'offsite/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'engines/', 'verify/', 'runbook/'],
    // It looks at what runs, before there is a site: it asks servers as the workloads do, and writes what `config/` reads. Leaving reads the
    // state of a stack.
    'setup/': ['core/', 'storage/', 'config/', 'kubernetes/', 'engines/', 'pulumi/', 'workloads/'],
    'repository/': ['core/', 'report/', 'storage/', 'config/', 'points/', 'engines/', 'backup/', 'offsite/'],
    // `core/` for the error class that a stack's program tells apart.
    'public.ts': [
      'core/',
      'config/',
      'points/',
      'kubernetes/',
      'workloads/',
      'engines/pgbackrest/get-again.ts',
      'engines/pgbackrest/push-each.ts',
    ],
  }),
  // The escrow file says which version of the program it holds.
  'recovery/keys/': [...['core', 'storage', 'config', 'runbook'].map((name) => `recovery/${name}/`), 'package.json'],
  'drill/': ['core', 'report', 'storage', 'config', 'engines', 'workloads', 'rebuild'].map(
    (name) => `recovery/${name}/`,
  ),
  'cli/': ['recovery/', 'drill/', 'package.json'],
  'infra/': ['infra/', 'recovery/public.ts'],
  'infra/config/': ['recovery/public.ts'],
  'infra/cluster/': ['infra/config/'],
  'infra/aws/': ['infra/config/'],
  'infra/jobs/': ['infra/cluster/', 'infra/config/'],
  'infra/pgbackrest/': ['infra/cluster/', 'infra/jobs/', 'recovery/public.ts'],
  'infra/postgres/': ['infra/cluster/', 'infra/config/', 'infra/pgbackrest/', 'recovery/public.ts'],
  'infra/redis/': ['infra/cluster/', 'infra/config/', 'infra/jobs/'],
  'infra/volumes/': ['infra/cluster/', 'infra/config/', 'infra/jobs/', 'recovery/public.ts'],
  'infra/monitoring/': ['infra/cluster/', 'infra/config/', 'infra/jobs/'],
  'infra/recovered/': [
    ...['cluster/', 'config/', 'jobs/', 'postgres/', 'secrets.ts'].map((name) => `infra/${name}`),
    'recovery/public.ts',
  ],
  'infra/policy/': ['infra/cluster/', 'infra/config/', 'infra/jobs/'],
  'scripts/': [],
};

function inRecovery(rows: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(rows).map(([row, names]) => [`recovery/${row}`, names.map((name) => `recovery/${name}`)]),
  );
}

/** Only these of a layer above, or of a neighbour, that no row names: `from imports to`, with the reason. At most five. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {};

/** Rules that the rows can't say: who alone may import what. */
const ONLY: readonly { readonly what: RegExp; readonly from: RegExp; readonly unless: RegExp }[] = [
  { what: /^drill\//, from: /^cli\//, unless: /^cli\/commands\/drill\// },
  { what: /^recovery\/rebuild\//, from: /^drill\//, unless: /^drill\/cluster\// },
  // A type of workload is asked by the registry, and never knows it.
  { what: /^recovery\/workloads\/registry\.ts$/, from: /^recovery\/workloads\/[a-z]+\//, unless: /^$/ },
];

/** Programs of their own: they print and end, and nothing imports them. */
const PROGRAMS = [
  'cli/dr.ts',
  'cli/main.js',
  'drill/platform/service.ts',
  'drill/s3/strict/serve.ts',
  'infra/aws/account/print.ts',
];
const MAY_ASK_TERMINAL = /^cli\//;
const MAY_WRITE_STDERR = ['recovery/core/log.ts'];

const LAYERED = /^(plan|recovery|infra|drill|cli|scripts)\//;
const LIBRARIES = /^(plan|recovery|infra|drill|cli)\//;
const KEY_MAKER = 'plan/layout.ts';
const KEY_PREFIX = /(^|\/)(catalog\/v1|(pgbackrest|marks|locks|leases|evidence|incidents)\/)/;
const MAX_LINES = 300;
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
const EMPTY_NAME = /(^|[-.])(utils?|helpers?|common|managers?)([-.]|$)/;

/** Every file of the project that a file imports, statically or when it is needed, by its path from the root. */
export function importsOf({ path, text }: SourceFile): string[] {
  const specifiers = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return specifiers.filter((specifier) => specifier.startsWith('.')).map((name) => join(dirname(path), name));
}

/** The row of a file; undefined where none is its. */
export function rowOf(path: string): string | undefined {
  const rows = Object.keys(MAY).filter((row) => path.startsWith(row));
  return rows.sort((a, b) => b.length - a.length)[0];
}

function mayImport(path: string, target: string): boolean {
  const row = rowOf(path);
  if (row === undefined || `${path} imports ${target}` in EXCEPTIONS) return true;
  if (ONLY.some(({ what, from, unless }) => what.test(target) && from.test(path) && !unless.test(path))) return false;
  const isPlan = target.startsWith('plan/') && row !== 'recovery/core/' && row !== 'scripts/';
  return target.startsWith(row) || isPlan || (MAY[row] ?? []).some((allowed) => target.startsWith(allowed));
}

function importFaults(file: SourceFile): string[] {
  // A second name for what codeFaults looks for.
  const disguised = ts
    .preProcessFile(file.text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((specifier) => LIBRARIES.test(file.path) && /^(node:)?(process|console)$/.test(specifier));
  const refused = importsOf(file).filter((target) => !mayImport(file.path, target));
  return [
    ...(LAYERED.test(file.path) && rowOf(file.path) === undefined ? ['lies in no layer that MAY names'] : []),
    ...[...disguised, ...refused].map((target) => `imports ${target}`),
  ];
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
