/** Reads a plan in YAML or JSON, and reports all of its problems with their lines. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Path } from './checks/finding.ts';
import { checkMeaning } from './checks/validate.ts';
import { PlanError, type PlanProblem } from './errors.ts';
import { productionPlan } from './production.ts';
import { shapeProblems } from './shape.ts';
import { type Plan, planSchema } from './types.ts';

export interface ReadPlan {
  readonly plan: Plan;
  /** Undefined for the shipped plan. */
  readonly file: string | undefined;
  /** Line of the field, or of the nearest one around it; undefined for the shipped plan. */
  lineOf(path: Path): number | undefined;
}

const EXTENSIONS = ['.yaml', '.yml', '.json'];

async function readText(file: string): Promise<string> {
  if (!EXTENSIONS.includes(extname(file).toLowerCase())) {
    const fact = `"${file}" is not a .yaml, .yml or .json file`;
    throw new PlanError(
      [{ where: 'plan', fact, hint: 'name a file of one of these types; `dr plan show -o json` prints a plan' }],
      file,
    );
  }
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const fact = `"${file}" can't be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`;
    throw new PlanError([{ where: 'plan', fact, hint: 'check the path and its permissions' }], file, cause);
  }
}

/** Offset of the value at `path`, or of its key; of the nearest field around it where it is absent. */
function offsetOf(document: Document.Parsed, path: Path, target: 'key' | 'value'): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent = document.getIn(path.slice(0, depth - 1), true);
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === path[depth - 1])
      : undefined;
    const key = pair?.key as { range?: readonly number[] | null } | undefined;
    const value = document.getIn(path.slice(0, depth), true) as { range?: readonly number[] | null } | undefined;
    const range =
      (target === 'key' || value?.range === undefined ? key?.range : undefined) ?? value?.range ?? key?.range;
    if (range?.[0] !== undefined) return range[0];
  }
  return 0;
}

function syntaxProblems(document: Document.Parsed, text: string, lines: LineCounter): PlanProblem[] {
  return document.errors.map(({ code, message, pos }) => {
    const line = lines.linePos(pos[0]).line;
    if (code !== 'DUPLICATE_KEY') return { where: 'plan', fact: message, hint: 'fix the file at this line', line };
    // The parser marks the first character of a quoted key only.
    const [, double, single, plain] = /^(?:"([^"]*)"|'([^']*)'|([^\s:]+))/.exec(text.slice(pos[0])) ?? [];
    const key = double ?? single ?? plain ?? '';
    return { where: key, fact: `key "${key}" occurs twice`, hint: 'keep one of them', line };
  });
}

function toData(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // Aliases that refer to nothing, or that expand without end.
    const fact = cause instanceof Error ? cause.message : String(cause);
    throw new PlanError([{ where: 'plan', fact, hint: 'write the values out instead of using aliases' }], file, cause);
  }
}

/** Checks each field by itself and nothing more. Throws PlanError. @param file @default the shipped plan */
export async function readPlan(file?: string): Promise<ReadPlan> {
  if (file === undefined) return { plan: productionPlan, file, lineOf: () => undefined };
  const text = await readText(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  if (document.errors.length > 0) throw new PlanError(syntaxProblems(document, text, lines), file);
  const raw = toData(document, file);
  const lineAt = (path: Path, target: 'key' | 'value') => lines.linePos(offsetOf(document, path, target)).line;
  const parsed = planSchema.safeParse(raw);
  if (!parsed.success) {
    const problems = shapeProblems(parsed.error, raw);
    const placed = problems.map(({ path, where, fact, hint, atKey }) => ({
      where,
      fact,
      hint,
      line: lineAt(path, atKey ? 'key' : 'value'),
    }));
    throw new PlanError(
      placed.sort((a, b) => a.line - b.line),
      file,
      parsed.error,
    );
  }
  return { plan: parsed.data, file, lineOf: (path) => lineAt(path, 'value') };
}

/**
 * A plan without ambiguities. Throws PlanError. `checkPlan` tells whether it meets its objectives: one that is missed must not keep
 * anyone from restoring.
 */
export async function loadPlan(file?: string): Promise<Plan> {
  const { plan, lineOf } = await readPlan(file);
  const problems = checkMeaning(plan).map(({ where, fact, hint, path }) => ({ where, fact, hint, line: lineOf(path) }));
  if (problems.length > 0) throw new PlanError(problems, file);
  return plan;
}
