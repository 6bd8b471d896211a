/** What zod finds wrong with a field, as sentences that quote the value and say what to write: for a plan, `dr.yaml` and a stack's config. */
import { z } from 'zod';
import { didYouMean } from '../nearest.ts';

type Path = readonly PropertyKey[];

function isRecord(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null;
}

export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((node, key) => (isRecord(node) ? node[key] : undefined), root);
}

/** A JSON schema as far as it names keys and values. */
const nodeSchema = z.object({
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  get properties() {
    return z.record(z.string(), nodeSchema).optional();
  },
  get additionalProperties() {
    return z.union([nodeSchema, z.boolean()]).optional();
  },
  get items() {
    return nodeSchema.optional();
  },
  get oneOf() {
    return z.array(nodeSchema).optional();
  },
  get anyOf() {
    return z.array(nodeSchema).optional();
  },
});
type Node = z.infer<typeof nodeSchema>;

/** A union may stand inside of a union. */
function unfold(node: Node): Node[] {
  return [node, ...[...(node.oneOf ?? []), ...(node.anyOf ?? [])].flatMap(unfold)];
}

function next(node: Node, key: PropertyKey): Node[] {
  if (typeof key === 'number') return node.items === undefined ? [] : [node.items];
  const named = node.properties?.[String(key)];
  if (named !== undefined) return [named];
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}

function nodesAt(schema: z.ZodType, path: Path): Node[] {
  let nodes = [nodeSchema.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }))];
  for (const key of path) nodes = nodes.flatMap(unfold).flatMap((node) => next(node, key));
  return nodes.flatMap(unfold);
}

/** The keys that the object at `path` may have. */
export function keysAt(schema: z.ZodType, path: Path): string[] {
  return [...new Set(nodesAt(schema, path).flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** The values that may stand at `path`, where the schema lists them. */
function valuesAt(schema: z.ZodType, path: Path): string[] {
  const listed = nodesAt(schema, path).flatMap((node) => [
    ...(node.const === undefined ? [] : [node.const]),
    ...(node.enum ?? []),
  ]);
  return [...new Set(listed.map(String))];
}

export interface Wording {
  readonly schema: z.ZodType;
  /** What to do about a field that is missing. */
  readonly add: string;
  /** What to do about a value of the wrong type. */
  readonly fix: string;
  /** The same for a value whose own message gives no hint. @default `fix` */
  readonly otherwise?: string;
  /** Longest quote of a value, in characters. */
  readonly longest: number;
  /** The schema's own messages that give a hint quote the value themselves. @default false */
  readonly quoted?: boolean;
  /** The value is a secret, and never shown. @default false */
  readonly hidden?: boolean;
}

const WORDS: Readonly<Record<string, string>> = { array: 'a list', object: 'keys and values', int: 'a whole number' };

function quote(value: unknown, longest: number): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function acceptedValues(issue: z.core.$ZodIssue, schema: z.ZodType): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' ? valuesAt(schema, issue.path) : [];
}

export interface FieldText {
  readonly fact: string;
  readonly hint: string;
}

/** A limit of a number, where the schema has no words of its own for it. */
function boundText(issue: z.core.$ZodIssue): FieldText | undefined {
  if (issue.code !== 'too_small' && issue.code !== 'too_big') return undefined;
  if (!/^Too (small|big)/.test(issue.message) || !['number', 'int', 'bigint'].includes(issue.origin)) return undefined;
  const { inclusive = true } = issue;
  if (issue.code === 'too_small') {
    const { minimum } = issue;
    return inclusive
      ? { fact: `is less than ${minimum}`, hint: `write ${minimum} or more` }
      : { fact: `is not more than ${minimum}`, hint: `write more than ${minimum}` };
  }
  const { maximum } = issue;
  return inclusive
    ? { fact: `is more than ${maximum}`, hint: `write ${maximum} or less` }
    : { fact: `is not less than ${maximum}`, hint: `write less than ${maximum}` };
}

export function describeIssue(issue: z.core.$ZodIssue, value: unknown, wording: Wording): FieldText {
  if (value === undefined) return { fact: 'is missing', hint: wording.add };
  const { schema, hidden = false, quoted = false } = wording;
  const shown = hidden ? 'the value' : quote(value, wording.longest);
  const names = acceptedValues(issue, schema);
  if (names.length > 0) {
    return {
      fact: `${shown} is not known here.${hidden ? '' : didYouMean(String(value), names)}`,
      hint: `write one of: ${names.join(', ')}`,
    };
  }
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    return { fact: `${shown} is not ${WORDS[issue.expected] ?? `a ${issue.expected}`}`, hint: wording.fix };
  }
  const [part] = issue.code === 'invalid_key' ? issue.issues : [];
  if (part !== undefined) return describeIssue(part, issue.path.at(-1), wording);
  const bound = boundText(issue);
  if (bound !== undefined) return { ...bound, fact: `${shown} ${bound.fact}` };
  // A message that begins with the value quotes the whole of it: a secret too, and a text of any length.
  const own = `${JSON.stringify(value)} `;
  const quotes = issue.message.startsWith(own);
  // After a semicolon a message says what to write.
  const [fact = '', ...rest] = issue.message.slice(quotes ? own.length : 0).split('; ');
  const hint = rest.length > 0 ? rest.join('; ') : (wording.otherwise ?? wording.fix);
  if (quotes) return { fact: `${shown} ${fact}`, hint };
  return { fact: hidden || (quoted && rest.length > 0) ? fact : `${shown}: ${fact}`, hint };
}
