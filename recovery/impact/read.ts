/** Reads a preview or a stack export of Pulumi. Throws `IMPACT-…` or `PREVIEW-FAILED` (exit 2). */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { badInput, codeOf, messageOf } from '../core/errors.ts';
import { type BeforeAndAfter, type Declared, type DeclaredResource, stackOf } from './declared.ts';

const resourceSchema = z.object({
  urn: z.string(),
  type: z.string(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  protect: z.boolean().default(false),
  retainOnDelete: z.boolean().default(false),
  /** Replaced and waiting for its deletion: another resource has the same URN. */
  delete: z.boolean().default(false),
});

const stepSchema = z.object({
  op: z.string(),
  urn: z.string(),
  oldState: resourceSchema.optional(),
  newState: resourceSchema.optional(),
});

/** pkg/display/json.go, `PreviewDigest`. Empty fields are left out. */
const previewSchema = z.object({
  steps: z.array(stepSchema).default([]),
  diagnostics: z.array(z.object({ message: z.string().default(''), severity: z.string().default('') })).default([]),
});

/** The engine's words for a stack without its file, and this program's for a config without its first keys. */
const UNCONFIGURED = /missing configuration values|Missing required configuration variable|no Pulumi\.\S+\.yaml/i;

/** sdk/go/common/apitype/core.go, `UntypedDeployment`. */
const exportSchema = z.object({
  version: z.number(),
  deployment: z.object({ resources: z.array(resourceSchema).nullish() }),
});

const KNOWN_VERSIONS: readonly unknown[] = [3, 4];

export type Written =
  | ({ readonly kind: 'preview' } & BeforeAndAfter)
  | { readonly kind: 'export'; readonly state: Declared };

const HINT =
  'write one with `pulumi preview --json --show-sames > preview.json` or `pulumi stack export --file state.json`';

const unreadable = (file: string, fact: string, cause?: unknown) =>
  badInput({ code: 'IMPACT-INPUT', where: file, fact, hint: HINT, cause });

/** The last resource of each URN, without those that wait for their deletion. */
function declared(
  found: readonly z.infer<typeof resourceSchema>[],
  stack: string,
  replaced: ReadonlySet<string> = new Set(),
): Declared {
  const kept = found.filter((resource) => !resource.delete);
  const byUrn = new Map(
    kept.map(({ urn, type, inputs, protect, retainOnDelete }): [string, DeclaredResource] => [
      urn,
      {
        ...{ urn, type, inputs, protect },
        ...(retainOnDelete ? { retainOnDelete } : {}),
        ...(replaced.has(urn) ? { replaced: true } : {}),
      },
    ]),
  );
  return { stack, resources: [...byUrn.values()] };
}

/** `replace`, `create-replacement`, `delete-replaced`, `import-replacement` (pkg/display/json.go, the operations of a step). */
const REPLACING = /replace/;

function stackName(urns: readonly string[]): string {
  return urns.map(stackOf).find((name) => name !== undefined) ?? 'unknown';
}

function parsePreview(file: string, json: unknown): Written {
  const parsed = previewSchema.safeParse(json);
  if (!parsed.success) throw unreadable(file, `is not a preview: ${z.prettifyError(parsed.error)}`, parsed.error);
  const { steps, diagnostics } = parsed.data;
  const error = diagnostics.find(({ severity }) => severity === 'error');
  if (error !== undefined) {
    const text = error.message.trim();
    const gone = UNCONFIGURED.test(text);
    throw badInput({
      code: gone ? 'STACK-UNCONFIGURED' : 'PREVIEW-FAILED',
      where: file,
      fact: gone
        ? `the stack has no configuration any more: with its Pulumi.<stack>.yaml the whole site is gone from the program (${text.split('\n')[0]})`
        : `the preview ended with an error, so it is incomplete: ${text}`,
      hint: gone
        ? 'restore Pulumi.<stack>.yaml, or remove the site with `dr uninstall --plan`'
        : 'fix the error and preview again',
    });
  }
  const stack = stackName(steps.map(({ urn }) => urn));
  const old = steps.flatMap(({ oldState }) => oldState ?? []);
  const next = steps.flatMap(({ op, newState }) =>
    op.startsWith('delete') || newState === undefined ? [] : [newState],
  );
  const replaced = new Set(steps.filter(({ op }) => REPLACING.test(op)).map(({ urn }) => urn));
  return { kind: 'preview', before: declared(old, stack), after: declared(next, stack, replaced) };
}

function parseExport(file: string, json: object): Written {
  const version = 'version' in json ? json.version : undefined;
  if (!KNOWN_VERSIONS.includes(version)) {
    const fact = `is a stack export of version ${JSON.stringify(version)}, and this dr reads only ${KNOWN_VERSIONS.join(' and ')}`;
    throw badInput({
      code: 'IMPACT-VERSION',
      where: file,
      fact,
      hint: 'use a `dr` as new as the `pulumi` that wrote it',
    });
  }
  const parsed = exportSchema.safeParse(json);
  if (!parsed.success) throw unreadable(file, `is not a stack export: ${z.prettifyError(parsed.error)}`, parsed.error);
  const resources = parsed.data.deployment.resources ?? [];
  return { kind: 'export', state: declared(resources, stackName(resources.map(({ urn }) => urn))) };
}

export function parseWritten(file: string, text: string): Written {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw unreadable(file, text.trim() === '' ? 'is empty' : `is not JSON (${messageOf(cause)})`, cause);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw unreadable(file, 'is not a JSON object');
  if ('deployment' in json) return parseExport(file, json);
  if ('steps' in json || 'diagnostics' in json || 'changeSummary' in json) return parsePreview(file, json);
  const keys = Object.keys(json).slice(0, 5).join(', ') || 'nothing';
  throw unreadable(file, `has neither steps nor a deployment, but ${keys}`);
}

export async function readWritten(file: string): Promise<Written> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, `can't be read (${codeOf(cause) ?? messageOf(cause)})`, cause);
  }
  return parseWritten(file, text);
}
