import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changed, declaredBy, which } from '../infra/policy/declared.ts';
import { previewOf } from '../recovery/impact/preview-of.ts';
import { makeScratch } from '../scratch.ts';

const SCRIPT = join(import.meta.dirname, '..', '..', '.ci', 'preview');

const temporary = await makeScratch();
afterAll(temporary.remove);

beforeAll(async () => {
  const good = await declaredBy('local');
  const worse = changed(good, which('StatefulSet', 'postgres'), ({ spec }) => {
    spec.replicas = 1;
  });
  await writeFile(join(temporary.folder, 'preview.json'), JSON.stringify(previewOf(good, worse)));
});

/** A `pulumi` that answers the text preview with `text` and `exit`, and the JSON one with a recorded stack. */
async function preview(text: string, exit: number, body = '') {
  const { folder } = temporary;
  const pulumi = `#!/bin/sh\ncase "$*" in *--json*) cat "${folder}/preview.json" ;; *) printf '%s\\n' "$*" "$TEXT"; exit ${exit} ;; esac\n`;
  await writeFile(join(folder, 'pulumi'), pulumi, { mode: 0o755 });
  const env = { PATH: `${folder}:${process.env.PATH}`, PR_BODY: body, TEXT: text };
  return execa(SCRIPT, ['production'], { env, reject: false, stdin: 'ignore' });
}

test('the table and exit 4, with the policy pack on', async () => {
  const { stdout, stderr, exitCode } = await preview('Policies:', 0);
  expect(exitCode).toBe(4);
  expect(stdout).toMatch(/^### Recovery impact: production\n/);
  expect(stdout).toContain('| **worse** | instances | instances of postgres | 2 | 1 |');
  expect(stderr).toContain('--policy-pack infra/policy --policy-pack-config infra/policy/accepted.json');
});

test('a line of the pull request accepts it for its stack alone, whatever is in its reason', async () => {
  const reason = 'one node; $(touch /nowhere) `id` | "quoted"';
  const accepted = await preview('', 0, `Hello\r\n\r\nAccept-impact production: instances=${reason}\r\n`);
  expect(accepted.exitCode).toBe(0);
  expect(accepted.stdout).toContain('instances of postgres: one node; $(touch /nowhere) \\`id\\` \\| "quoted"');
  expect((await preview('', 0, `Accept-impact dr: instances=${reason}`)).exitCode).toBe(4);
});

test('a preview that the policy pack stops is shown, in a fence that it can’t leave', async () => {
  const { stdout, exitCode } = await preview('object-lock: no lock\n~~~~\n<img src=x>', 255);
  expect(exitCode).toBe(255);
  expect(stdout).toContain('**The preview was stopped.**');
  expect(stdout).toContain('object-lock: no lock\n~ ~ ~ ~\n<img src=x>\n~~~~');
  expect(stdout.match(/^~~~~/gm)).toHaveLength(2);
});

test('a change that the policy pack stops: what gets worse for whom comes first, then the rules, without the engine’s progress', async () => {
  const violation =
    '        - [mandatory]  redundancy  (kubernetes:apps/v1:StatefulSet: postgres)\n          redundancy: 1 member';
  const text = `@ previewing update.....\n ~  postgres update\nPolicies:\n    ❌ go-coffee-dr@v0.1.0\n${violation}\n\nDiagnostics:\n  error: preview failed`;
  const { stdout, exitCode } = await preview(text, 255, 'Accept-impact production: instances=one node');
  expect(exitCode).toBe(255);
  // What is accepted is no finding any more, but the rule stands.
  expect(stdout).toContain('**The preview was stopped.**');
  expect(stdout).toContain(violation);
  const worse = await preview(text, 255);
  expect(worse.stdout).toMatch(/^### Recovery impact: production\n\n\*\*It gets worse for /);
  expect(worse.stdout).toContain('| **worse** | instances | instances of postgres | 2 | 1 |');
  expect(worse.stdout).toContain(
    `**The policy pack stops this change**, accepted or not:\n\n~~~~text\n    ❌ go-coffee-dr@v0.1.0\n${violation}\n~~~~`,
  );
  for (const each of [stdout, worse.stdout]) expect(each).not.toContain('previewing update');
  expect(worse.stdout).not.toContain('Diagnostics');
});

test('an acceptance that names nothing is said in the comment', async () => {
  const { stdout, exitCode } = await preview('', 0, 'Accept-impact production: instnces=one node');
  expect(exitCode).toBe(2);
  expect(stdout).toContain('DR-ACCEPT-UNKNOWN --accept: "instnces"');
});

test('what the policy pack lets through is shown with its reason', async () => {
  const advisory = '          plan-kept: local is kept for 14d, accepted: the disk is replaced next week';
  const { stdout } = await preview(`Policies:\n${advisory}`, 0);
  expect(stdout).toContain(`Let through by the policy pack:\n\n~~~~text\n${advisory.trim()}\n~~~~`);
});

test('a deleted stack file: the disaster recovery site is gone, whatever the engine would say', async () => {
  const root = join(import.meta.dirname, '..', '..');
  const project = join(temporary.folder, 'project');
  await mkdir(join(project, '.ci'), { recursive: true });
  await cp(SCRIPT, join(project, '.ci', 'preview'));
  await symlink(join(root, 'node_modules'), join(project, 'node_modules'));
  const run = (body: string) =>
    execa(join(project, '.ci', 'preview'), ['dr'], { env: { PR_BODY: body }, reject: false, stdin: 'ignore' });
  const { stdout, exitCode } = await run('');
  expect(exitCode).toBe(4);
  expect(stdout).toContain('**The disaster recovery site is gone: this change deletes `Pulumi.dr.yaml`.**');
  expect(stdout).toContain('nothing takes over');
  const accepted = await run('Accept-impact dr: stack=moved to another account, see the runbook');
  expect(accepted.exitCode).toBe(0);
  expect(accepted.stdout).toContain('moved to another account');
});

test('previews run without checkpoints', async () => {
  const { folder } = temporary;
  await writeFile(
    join(folder, 'pulumi'),
    '#!/bin/sh\necho "checkpoints skipped: $PULUMI_SKIP_CHECKPOINTS"; exit 255\n',
    { mode: 0o755 },
  );
  const env = { PATH: `${folder}:${process.env.PATH}`, PR_BODY: '' };
  const { stdout } = await execa(SCRIPT, ['production'], { env, reject: false, stdin: 'ignore' });
  expect(stdout).toContain('checkpoints skipped: true');
});
