/** The commands that hints tell people to type, as the source has them. A hint that fails as it stands helps nobody. */
import ts from 'typescript';
import type { SourceFile } from './architecture-rules.ts';

export interface HintedCommand {
  /** `recovery/x.ts:12` */
  readonly at: string;
  /** `dr incident show ID`, once for each way of filling the values in. */
  readonly lines: readonly string[];
}

/** Values of a template that are known only when it runs: a name, a number, a tier, a time. */
const VALUES = [
  'x',
  '1',
  'P1',
  'human-error',
  'postgres',
  'monthly',
  'full',
  '2026-11-23T02:00:00Z',
  '--confirm x',
  '',
];

/** The literal's text with `value` for each part that is computed; undefined for anything but a text. */
function filled(node: ts.Expression, value: string): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => value + literal.text).join('');
}

/** Each text of an expression: of `a ? 'x' : 'y'` both. */
function textsIn(node: ts.Node): ts.Expression[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node];
  const inner: ts.Expression[] = [];
  ts.forEachChild(node, (child) => {
    inner.push(...textsIn(child));
  });
  return ts.isTemplateExpression(node) ? [node, ...inner] : inner;
}

/** Commands of a text: in backticks, or to the end of the clause. */
function commandsIn(text: string): string[] {
  const quoted = [...text.matchAll(/`(dr(?: [^`]+)?)`/g)].map(([, line = '']) => line);
  const rest = text.replaceAll(/`[^`]*`/g, '…');
  const bare = [...rest.matchAll(/(?<![\w./=$-])dr [a-z][^;,()\n]*/g)].map(([line]) => line);
  return [...quoted, ...bare]
    .map((line) => line.replaceAll(/"[^"]*"|'[^']*'/g, 'text'))
    .flatMap((line) => line.split(/(?: or | and |: |…| && |\.$)/).slice(0, 1))
    .map((line) => line.trim())
    .filter((line) => /^dr [a-z-]/.test(line));
}

const isHint = (name: ts.Node | undefined): boolean =>
  name !== undefined && /^(hint|why|next|fix|command|text)$/.test(name.getText());

/** The value of a property or variable with such a name. */
function hintOf(node: ts.Node): ts.Node | undefined {
  if (ts.isPropertyAssignment(node) && isHint(node.name)) return node.initializer;
  if (ts.isVariableDeclaration(node) && isHint(node.name)) return node.initializer;
  return undefined;
}

export function hintedCommands({ path, text }: SourceFile): HintedCommand[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: HintedCommand[] = [];
  const visit = (node: ts.Node): void => {
    const hint = hintOf(node);
    if (hint !== undefined) {
      for (const each of textsIn(hint)) {
        // Which command it is, is known only when it runs.
        if (/\bdr \$\{/.test(each.getText())) continue;
        const at = `${path}:${source.getLineAndCharacterOfPosition(each.getStart()).line + 1}`;
        const filledIn = VALUES.map((value) => commandsIn(filled(each, value) ?? ''));
        for (const [n] of (filledIn[0] ?? []).entries())
          found.push({ at, lines: [...new Set(filledIn.flatMap((lines) => lines[n] ?? []))] });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Errors that say the same names in their fact and in their hint. */
export function doubledLists({ path, text }: SourceFile): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const of = (name: string): string =>
        node.properties.find((each) => each.name?.getText() === name)?.getText() ?? '';
      if (of('fact').includes('didYouMeanOrAll(') && of('hint').includes('.join('))
        found.push(`${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
