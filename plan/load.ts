/** Reads a plan in YAML or JSON: every problem at once, each with its line. */
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
    const fact = `"${file}" is no .yaml, .yml or .json file`;
    throw new PlanError(
      [{ where: 'plan', fact, hint: 'write a plan in one of these; `dr plan show -o json` prints one' }],
      file,
    );
  }
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const fact = `"${file}" can't be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`;
    throw new PlanError([{ where: 'plan', fact, hint: 'check the path and who may read it' }], file, cause);
  }
}

function offsetOf(document: Document.Parsed, path: Path, atKey: boolean): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent = document.getIn(path.slice(0, depth - 1), true);
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === path[depth - 1])
      : undefined;
    const key = pair?.key as { range?: readonly number[] | null } | undefined;
    const value = document.getIn(path.slice(0, depth), true) as { range?: readonly number[] | null } | undefined;
    const range = (atKey || value?.range === undefined ? key?.range : undefined) ?? value?.range ?? key?.range;
    if (range?.[0] !== undefined) return range[0];
  }
  return 0;
}

function syntaxProblems(document: Document.Parsed, text: string, lines: LineCounter): PlanProblem[] {
  return document.errors.map(({ code, message, pos }) => {
    const line = lines.linePos(pos[0]).line;
    if (code !== 'DUPLICATE_KEY') return { where: 'plan', fact: message, hint: 'mend the file at this line', line };
    // The parser marks the first character of a quoted key only.
    const [, double, single, plain] = /^(?:"([^"]*)"|'([^']*)'|([^\s:]+))/.exec(text.slice(pos[0])) ?? [];
    const key = double ?? single ?? plain ?? '';
    return { where: key, fact: `key "${key}" stands twice`, hint: 'keep one of the two', line };
  });
}

function toData(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // Aliases that refer to nothing, or multiply without end.
    const fact = cause instanceof Error ? cause.message : String(cause);
    throw new PlanError([{ where: 'plan', fact, hint: 'write the values out instead of using aliases' }], file, cause);
  }
}

/** Only the fields by themselves are checked. Throws PlanError. @param file @default the shipped plan */
export async function readPlan(file?: string): Promise<ReadPlan> {
  if (file === undefined) return { plan: productionPlan, file, lineOf: () => undefined };
  const text = await readText(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  if (document.errors.length > 0) throw new PlanError(syntaxProblems(document, text, lines), file);
  const raw = toData(document, file);
  const lineAt = (path: Path, atKey: boolean) => lines.linePos(offsetOf(document, path, atKey)).line;
  const parsed = planSchema.safeParse(raw);
  if (!parsed.success) {
    const problems = shapeProblems(parsed.error, raw);
    const placed = problems.map(({ path, where, fact, hint, atKey }) => ({
      where,
      fact,
      hint,
      line: lineAt(path, atKey),
    }));
    throw new PlanError(
      placed.sort((a, b) => a.line - b.line),
      file,
      parsed.error,
    );
  }
  return { plan: parsed.data, file, lineOf: (path) => lineAt(path, false) };
}

/**
 * A plan that the program can work with. Throws PlanError. Whether it keeps its promises is a question for `checkPlan`:
 * an objective that is missed must not keep anyone from restoring.
 */
export async function loadPlan(file?: string): Promise<Plan> {
  const { plan, lineOf } = await readPlan(file);
  const problems = checkMeaning(plan).map(({ where, fact, hint, path }) => ({ where, fact, hint, line: lineOf(path) }));
  if (problems.length > 0) throw new PlanError(problems, file);
  return plan;
}
