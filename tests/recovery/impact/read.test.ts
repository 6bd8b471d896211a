import { expect, test } from 'vitest';
import { DrError } from '../../../recovery/core/errors.ts';
import { parseWritten } from '../../../recovery/impact/read.ts';

const urn = 'urn:pulumi:dr::go-coffee-dr::kubernetes:core/v1:Namespace::platform';
const state = (labels: object) => ({ urn, custom: true, type: 'kubernetes:core/v1:Namespace', inputs: { labels } });
const parse = (value: unknown) => parseWritten('x.json', JSON.stringify(value));

function refusal(text: string): DrError {
  try {
    parseWritten('x.json', text);
  } catch (error) {
    if (error instanceof DrError) return error;
    throw error;
  }
  return expect.unreachable('it was read');
}

test('a preview has both sides: what is created has no before, what is deleted no after', () => {
  const other = `${urn}-2`;
  const written = parse({
    steps: [
      { op: 'update', urn, oldState: state({ a: 1 }), newState: state({ a: 2 }), detailedDiff: null },
      { op: 'create', urn: other, newState: { ...state({}), urn: other }, detailedDiff: null },
    ],
    changeSummary: { update: 1, create: 1 },
  });
  expect(written).toEqual({
    kind: 'preview',
    before: { stack: 'dr', resources: [{ urn, type: state({}).type, inputs: { labels: { a: 1 } }, protect: false }] },
    after: {
      stack: 'dr',
      resources: [
        { urn, type: state({}).type, inputs: { labels: { a: 2 } }, protect: false },
        { urn: other, type: state({}).type, inputs: { labels: {} }, protect: false },
      ],
    },
  });
  const deleted = parse({ steps: [{ op: 'delete', urn, oldState: state({}), newState: state({}) }] });
  expect(deleted.kind === 'preview' && deleted.after.resources).toEqual([]);
});

test('an export leaves out what waits to be removed', () => {
  const resources = [state({ a: 2 }), { ...state({ a: 1 }), delete: true }];
  for (const version of [3, 4]) {
    const written = parse({ version, deployment: { manifest: {}, resources } });
    expect(written.kind === 'export' && written.state.resources.map(({ inputs }) => inputs)).toEqual([
      { labels: { a: 2 } },
    ]);
  }
});

test('a stack of nothing is one', () => {
  expect(parse({ version: 3, deployment: {} })).toMatchObject({ kind: 'export', state: { resources: [] } });
  expect(parse({ changeSummary: {} })).toMatchObject({ kind: 'preview' });
});

test.each([
  ['nothing', '', 'IMPACT-INPUT', 'is empty'],
  ['text', 'Previewing update (production)', 'IMPACT-INPUT', 'is not JSON'],
  ['a list', '[]', 'IMPACT-INPUT', 'is not a JSON object'],
  [
    'another document',
    '{"kind": "Plan", "version": "1.0"}',
    'IMPACT-INPUT',
    'neither steps nor a deployment, but kind, version',
  ],
  ['steps that are none', '{"steps": [{"op": 1}]}', 'IMPACT-INPUT', 'is not a preview: '],
  ['an old export', '{"version": 2, "deployment": {}}', 'IMPACT-VERSION', 'version 2, and this dr reads only 3 and 4'],
  ['an export without a version', '{"deployment": {}}', 'IMPACT-VERSION', 'version undefined'],
  [
    'resources that are none',
    '{"version": 3, "deployment": {"resources": [{}]}}',
    'IMPACT-INPUT',
    'is not a stack export',
  ],
  [
    'a preview that failed',
    '{"steps": [], "diagnostics": [{"message": "note", "severity": "info"}, {"message": "error: role: no such role\\n", "severity": "error"}]}',
    'PREVIEW-FAILED',
    'it is incomplete: error: role: no such role',
  ],
])('%s is refused: exit 2, the file named', (_, text, code, fact) => {
  const error = refusal(text);
  expect(error).toMatchObject({ code, where: 'x.json', exit: 2 });
  expect(error.fact).toContain(fact);
});
