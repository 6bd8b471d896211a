/** Reads a plan in YAML or JSON, and reports all of its problems with their lines. */
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Path } from './checks/finding.ts';
import { checkMeaning } from './checks/validate.ts';
import { PlanError, type PlanProblem } from './errors.ts';
import { parseYaml, type SyntaxProblem, type YamlText } from './input/yaml-text.ts';
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
    // A named pipe would be waited for without an end.
    if ((await stat(file)).isFile()) return await readFile(file, 'utf8');
    throw Object.assign(new Error(`${file} is not a file`), { code: 'not a file' });
  } catch (cause) {
    const fact = `"${file}" can't be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`;
    throw new PlanError([{ where: 'plan', fact, hint: 'check the path and its permissions' }], file, cause);
  }
}

function syntaxProblem({ line, doubled, message }: SyntaxProblem): PlanProblem {
  if (doubled === undefined) return { where: 'plan', fact: message, hint: 'fix the file at this line', line };
  return { where: doubled, fact: `key "${doubled}" occurs twice`, hint: 'keep one of them', line };
}

function toData(yaml: YamlText, file: string): unknown {
  try {
    return yaml.data();
  } catch (cause) {
    const fact = cause instanceof Error ? cause.message : String(cause);
    throw new PlanError([{ where: 'plan', fact, hint: 'write the values out instead of using aliases' }], file, cause);
  }
}

/** Checks each field by itself and nothing more. Throws PlanError. @param file @default the shipped plan */
export async function readPlan(file?: string): Promise<ReadPlan> {
  if (file === undefined) return { plan: productionPlan, file, lineOf: () => undefined };
  const text = await readText(file);
  const yaml = parseYaml(text);
  if (yaml.problems.length > 0) throw new PlanError(yaml.problems.map(syntaxProblem), file);
  const raw = toData(yaml, file);
  const lineOf = (path: Path) => yaml.lineOf(path) ?? 1;
  const parsed = planSchema.safeParse(raw);
  if (!parsed.success) {
    const problems = shapeProblems(parsed.error, raw);
    const placed = problems.map(({ path, where, fact, hint, atKey }) => ({
      where,
      fact,
      hint,
      line: (atKey ? yaml.lineOfKey(path) : undefined) ?? lineOf(path),
    }));
    throw new PlanError(
      placed.sort((a, b) => a.line - b.line),
      file,
      parsed.error,
    );
  }
  return { plan: parsed.data, file, lineOf };
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
