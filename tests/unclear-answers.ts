/**
 * An error that nobody looks at becomes an answer: "nobody there", "nothing there". So each handler looks at its error: it names the codes
 * that it means and throws the rest, reports it, or says by `ignoring('…')` why nothing is lost.
 */
import ts from 'typescript';
import type { SourceFile } from './architecture-rules.ts';

const LOOKED_AT = /^(recovery|cli|drill|infra|plan|scripts)\//;

/** `file: reason`: handlers that can't name what they mean. */
export const SWALLOWS: Readonly<Record<string, string>> = {
  'recovery/keys/age.ts': 'the library says by any error that a line is not an identity; the line is refused then',
  'plan/cron.ts': 'the library says by any error that an expression is not one; the expression is refused then',
  'drill/readiness.ts': 'any failure means that the platform is not ready yet; a drill counts that time',
  'drill/platform/service-process.ts':
    'it imports nothing of recovery/core, and a service without its secret says so itself',
  'infra/recovered/rotate/certificates.ts': 'the library says by any error that a text is not a certificate',
  'scripts/setup/packages.mjs': 'it runs before anything is installed and asks whether a program runs at all',
  'scripts/setup/search.mjs':
    'it runs before anything is installed; a folder that it can’t read holds no program for it',
};

/** How many places of a file may say `ignoring(…)`: each one more is a decision. */
export const MOST_IGNORED = 30;

/** True when an identifier of that name stands in `node`. */
function mentions(node: ts.Node, name: string): boolean {
  if (ts.isIdentifier(node) && node.text === name) return true;
  return ts.forEachChild(node, (child) => mentions(child, name) || undefined) ?? false;
}

/** What throws in any case passes the failure on, in its own words. */
function alwaysThrows(body: ts.Node): boolean {
  if (!ts.isBlock(body)) return false;
  const last = body.statements.at(-1);
  return last !== undefined && (ts.isThrowStatement(last) || (ts.isBlock(last) && alwaysThrows(last)));
}

function isBlindClause({ variableDeclaration, block }: ts.CatchClause): boolean {
  if (alwaysThrows(block)) return false;
  const name = variableDeclaration?.name;
  return name === undefined || (ts.isIdentifier(name) && !mentions(block, name.text));
}

function isBlindHandler(handler: ts.Node | undefined): boolean {
  if (handler === undefined || !(ts.isArrowFunction(handler) || ts.isFunctionExpression(handler))) return false;
  if (alwaysThrows(handler.body)) return false;
  const name = handler.parameters[0]?.name;
  return name === undefined || (ts.isIdentifier(name) && !mentions(handler.body, name.text));
}

/** The handler of `.catch(handler)` or `.then(_, handler)`. A schema's `.catch(value)` has none. */
function handlerOf(node: ts.Node): ts.Node | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  const method = node.expression.name.text;
  if (method === 'catch') return node.arguments[0];
  return method === 'then' ? node.arguments[1] : undefined;
}

function found({ path, text }: SourceFile, isFault: (node: ts.Node) => string | undefined): string[] {
  if (!LOOKED_AT.test(path)) return [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    const fault = isFault(node);
    if (fault !== undefined) {
      faults.push(`${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${fault}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return faults;
}

/** Handlers that don't look at their error, and `existsSync`, which says "no" for every error. */
export function blindHandlers(file: SourceFile): string[] {
  return found(file, (node) => {
    if (ts.isCatchClause(node) && isBlindClause(node)) return 'catches every error and looks at none';
    if (isBlindHandler(handlerOf(node))) return 'answers for every error and looks at none';
    if (file.path.startsWith('scripts/')) return undefined;
    const asks = ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'existsSync';
    return asks ? 'asks existsSync, which takes "may not look" for "is not there"' : undefined;
  });
}

export function ignoredErrors(file: SourceFile): string[] {
  return found(file, (node) => {
    const says = ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'ignoring';
    return says ? node.arguments.map((argument) => argument.getText()).join() : undefined;
  });
}
