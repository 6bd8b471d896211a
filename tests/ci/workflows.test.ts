import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const folder = join(import.meta.dirname, '..', '..', '.github', 'workflows');

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency: { readonly group: string; readonly 'cancel-in-progress': unknown };
  readonly jobs: Readonly<Record<string, Job>>;
}

const names = await readdir(folder);
const files = await Promise.all(
  names.map(async (name) => {
    const text = await readFile(join(folder, name), 'utf8');
    return { name, text, workflow: parse(text) as Workflow };
  }),
);

const workflow = (name: string) => files.find((file) => file.name === name)?.workflow as Workflow;
const steps = ({ jobs }: Workflow) => Object.values(jobs).flatMap((job) => job.steps);
const runs = ({ jobs }: Workflow) => steps({ jobs } as Workflow).flatMap(({ run }) => run ?? []);

test('there are two', () => {
  expect(names.sort()).toEqual(['ci.yml', 'preview.yml']);
});

describe.each(files)('$name', ({ text, workflow: { on, permissions, concurrency, jobs } }) => {
  test('pins every action by its commit, and says which version that is', () => {
    const uses = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) expect(line).toMatch(/uses: [\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+(\.\d+)*$/);
  });

  test('has no secret, and does not run for strangers with rights', () => {
    expect(text).not.toMatch(/secrets\.|secrets: inherit/);
    expect(Object.keys(on)).not.toContain('pull_request_target');
    expect(Object.keys(on)).not.toContain('workflow_run');
    for (const job of Object.values(jobs)) {
      const writes = Object.values({ ...permissions, ...job.permissions }).includes('write');
      if (job.permissions?.['id-token'] !== undefined) {
        expect(job.if).toBe('github.event.pull_request.head.repo.full_name == github.repository');
      }
      // What may write runs nothing of the pull request.
      if (writes && job.permissions?.['id-token'] === undefined) {
        expect(job.steps.flatMap(({ uses = '' }) => uses.split('@')[0])).toEqual(['actions/github-script']);
      }
    }
  });

  test('leaves no credentials behind in the checkout', () => {
    const checkouts = Object.values(jobs).flatMap((job) =>
      job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')),
    );
    expect(checkouts.length).toBeGreaterThan(0);
    for (const step of checkouts) expect(step.with?.['persist-credentials']).toBe(false);
  });

  test('puts no text of a pull request into a script', () => {
    for (const { run = '', with: inputs } of Object.values(jobs).flatMap((job) => job.steps)) {
      expect(run).not.toContain('${{');
      expect(String(inputs?.script ?? '')).not.toContain('${{');
    }
  });

  test('runs once at a time for each branch or pull request, and not for ever', () => {
    expect(concurrency.group).toMatch(/\$\{\{ github\.(ref|event\.pull_request\.number) \}\}$/);
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
  });
});

test('the rights are these and no more', () => {
  const rights = (name: string) => {
    const { permissions, jobs } = workflow(name);
    return { all: permissions, ...Object.fromEntries(Object.entries(jobs).map(([id, job]) => [id, job.permissions])) };
  };
  expect(rights('ci.yml')).toEqual({ all: { contents: 'read' }, everything: undefined });
  expect(rights('preview.yml')).toEqual({
    all: {},
    preview: { contents: 'read', 'id-token': 'write' },
    comment: { 'pull-requests': 'write' },
  });
});

test('CI is what `.ci/run` is', () => {
  expect(runs(workflow('ci.yml'))).toEqual(['.ci/run']);
  expect(Object.keys(workflow('ci.yml').on)).toEqual(['push', 'pull_request']);
});

test('production and dr are previewed, and there is one comment', () => {
  const scripts = runs(workflow('preview.yml')).join('\n');
  for (const stack of ['production', 'dr'])
    expect(scripts).toContain(`.ci/preview ${stack} > "$RUNNER_TEMP/${stack}.md"`);
  const [comment] = steps(workflow('preview.yml')).filter(({ uses }) => uses?.startsWith('actions/github-script@'));
  const script = String(comment?.with?.script);
  expect(script).toContain('updateComment');
  expect(script.match(/createComment/g)).toHaveLength(1);
});
