/** Pulumi.yaml says in words what the schema holds: both know the same keys, and each field has its words. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { CONFIG_KEYS, plainSchemas, REQUIRED_KEYS, secretSchemas } from '../../../infra/config/schema.ts';

interface Key {
  readonly type: string;
  readonly description: string;
  readonly default?: unknown;
}

const text = await readFile(join(import.meta.dirname, '..', '..', '..', 'Pulumi.yaml'), 'utf8');
const { config: keys, main } = parse(text) as { config: Record<string, Key>; main: string };
const schemas: Record<string, z.ZodType> = { ...plainSchemas, ...secretSchemas };

interface Node {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly oneOf?: readonly Node[];
  readonly default?: unknown;
}

const nodeOf = (key: string): Node =>
  z.toJSONSchema(schemas[key] as z.ZodType, { io: 'input', unrepresentable: 'any' }) as Node;

const fieldsOf = (node: Node): [string, Node][] =>
  [node, ...(node.oneOf ?? [])].flatMap(({ properties }) => Object.entries(properties ?? {}));

test('the same keys', () => {
  expect(Object.keys(keys).toSorted()).toEqual(CONFIG_KEYS.toSorted());
  expect(main).toBe('infra/main.js');
});

test('those without a default are those that every stack sets', () => {
  const needed = Object.keys(keys).filter((key) => keys[key]?.default === undefined);
  expect(needed.toSorted()).toEqual(REQUIRED_KEYS.toSorted());
});

test.each(Object.keys(keys))('%s: type, an empty default, words for each field', (key) => {
  const { type, description, default: empty } = keys[key] as Key;
  const node = nodeOf(key);
  const wanted = node.oneOf === undefined ? node.type : 'object';
  expect(type).toBe(wanted);
  if (!(REQUIRED_KEYS as readonly string[]).includes(key) && type !== 'integer') {
    expect(empty).toEqual(type === 'string' ? '' : {});
  }
  for (const [field, { default: value }] of fieldsOf(node)) {
    expect(description).toContain(field);
    if (typeof value === 'number' || typeof value === 'string') expect(description).toContain(String(value));
  }
  if (key in secretSchemas) expect(description).toMatch(/^Secret\. /);
});
