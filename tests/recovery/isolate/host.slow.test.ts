/**
 * `dr points diff`, `dr isolate` and `dr evidence` on a host with real PostgreSQL, Redis and services: what the intruder left is named, the host
 * is cut off, its evidence collected, everything given back.
 */
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dr, drEnds, editEnvironment, withGolden } from '../../faults/golden.ts';

interface Isolation {
  readonly acts: readonly { readonly id: string }[];
  readonly done: readonly string[];
  readonly gaps: readonly { readonly id: string; readonly fact: string }[];
}

interface Diff {
  readonly summary: string;
  readonly sections: readonly {
    readonly workload: string;
    readonly changes: readonly { kind: string; what: string; name: string; rank: string; facts: readonly string[] }[];
  }[];
  readonly notCompared: readonly { readonly workload: string; readonly fact: string }[];
}

const LEFT_BEHIND = `
  CREATE FUNCTION leak() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN NEW; END $$;
  CREATE TRIGGER watch BEFORE INSERT ON golden_rows FOR EACH ROW EXECUTE FUNCTION leak();
  CREATE SCHEMA cron;
  CREATE TABLE cron.job (jobid int, schedule text, command text, username text, active bool);
  INSERT INTO cron.job VALUES (7, '* * * * *', 'SELECT 1', 'postgres', true);
  GRANT SELECT ON golden_rows TO PUBLIC;`;

const read = <T>(stdout: string): T => JSON.parse(stdout) as T;

test('a host is cut off but for the team, its evidence is kept and proven, and all of it comes back', async () => {
  await withGolden(async (golden) => {
    const site = await golden.startSource();
    const only = 'postgres-dump,postgres-config,redis,uploads,manifests';
    const backUp = async () =>
      read<{ runId: string }>(
        (await drEnds(0, site.envFile, ['backup', '--kind', 'full', '--only', only, '-o', 'json'])).stdout,
      ).runId;
    const clean = await backUp();
    const admin = await site.postgres();
    await admin.query("CREATE ROLE intruder SUPERUSER LOGIN PASSWORD 'x'");
    await admin.query("CREATE ROLE forensics LOGIN PASSWORD 'y'");
    await admin.query('CREATE ROLE sleeper NOLOGIN');
    const redis = await site.redis();
    await redis.call('ACL', 'SETUSER', 'shop', 'on', '>shop-password', '~*', '+@all');
    redis.disconnect();
    const [uploads, manifests] = [site.paths.folder('uploads'), site.paths.folder('manifests')];
    await admin.query(LEFT_BEHIND);
    await writeFile(join(uploads, 'shell.php'), '<?php');
    await mkdir(manifests, { recursive: true });
    const binding = {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'backdoor' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'go-coffee' }],
    };
    await writeFile(join(manifests, 'backdoor.json'), JSON.stringify(binding));
    await backUp();
    const compared = await drEnds(0, site.envFile, ['points', 'diff', clean, 'latest', '--only', only, '-o', 'json']);
    const diff = read<Diff>(compared.stdout);
    expect(diff.summary).toMatch(
      /^\d+ changes: new superuser intruder; 2 × new role .*SECURITY DEFINER function public\.leak/,
    );
    const left = diff.sections.flatMap(({ changes }) => changes.filter(({ rank }) => rank === 'foothold'));
    expect(new Map(left.map(({ what, name, facts }) => [`${what} ${name}`, facts.join('; ')]))).toEqual(
      new Map([
        ['superuser intruder', 'SUPERUSER LOGIN'],
        ['role forensics', 'LOGIN'],
        ['role sleeper', 'without login'],
        ['function public.leak()', 'SECURITY DEFINER: it runs as postgres'],
        ['trigger public.golden_rows watch', expect.stringContaining('+ CREATE TRIGGER watch BEFORE INSERT')],
        ['cron job 7', '* * * * * as postgres; SELECT 1'],
        ['Redis user shop', expect.stringContaining('it stood in no file')],
        [
          'ClusterRoleBinding.rbac.authorization.k8s.io backdoor',
          'ClusterRole cluster-admin to ServiceAccount go-coffee/default',
        ],
        ['file shell.php', ''],
      ]),
    );
    expect(compared.stdout).not.toMatch(/SCRAM|password-|shop-password/);
    // An incremental point holds no dump: that is named, and is no "no difference".
    const { incremental } = golden.facts.points;
    const partly = await drEnds(3, site.envFile, [
      'points',
      'diff',
      incremental,
      'latest',
      '--only',
      'postgres-dump,redis',
    ]);
    expect(partly.stdout).toMatch(/Not compared: postgres-dump\.[\s\S]*holds no copy of it/);
    const mistyped = await drEnds(2, site.envFile, ['points', 'diff', `${clean.slice(0, -1)}x`, 'latest']);
    expect(mistyped.stderr).toMatch(/POINT-UNKNOWN[\s\S]*Did you mean/);
    expect(await readdir(join(golden.folder, 'first/state/compare'))).toEqual([]);
    const runs = join(golden.folder, 'auth-runs');
    await writeFile(runs, '');
    await editEnvironment(site.envFile, (environment) => ({
      ...environment,
      services: { 'auth-service': { start: ['touch', runs], stop: ['rm', runs] } },
    }));

    const planned = await dr(site.envFile, ['isolate', '--team', 'forensics', '--dry-run', '-o', 'json']);
    const plan = read<Isolation>(planned.stdout);
    expect(plan.acts.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['service/auth-service', 'postgres/logins', 'postgres/read-only', 'redis/users']),
    );
    // Nothing was changed, and without the name nothing is.
    await drEnds(7, site.envFile, ['isolate', '--team', 'forensics', '--confirm', 'production']);
    await admin.query('CREATE TABLE still_writes ()');
    await admin.end();

    const ended = await drEnds(3, site.envFile, ['isolate', '--team', 'forensics', '--confirm', 'drill', '-o', 'json']);
    const report = read<Isolation>(ended.stdout);
    expect(report.done).toEqual(report.acts.map(({ id }) => id));
    expect(existsSync(runs)).toBe(false);
    // Services without a stop command, and that Redis has one password for all, are said.
    const gaps = report.gaps.map(({ id }) => id);
    expect(gaps).toEqual(expect.arrayContaining(['service/payment-service', 'redis/default']));
    expect(gaps.filter((id) => !/^service\//.test(id))).toEqual(['redis/default']);
    const after = await site.postgres();
    const { rows } = await after.query(
      "SELECT rolname, rolcanlogin AS login FROM pg_roles WHERE rolname IN ('intruder', 'forensics', 'sleeper', 'auth_service') ORDER BY 1",
    );
    expect(rows).toEqual([
      { rolname: 'auth_service', login: false },
      { rolname: 'forensics', login: true },
      { rolname: 'intruder', login: false },
      { rolname: 'sleeper', login: false },
    ]);
    await expect(after.query('CREATE TABLE refused ()')).rejects.toThrow(/read-only transaction/);
    await after.end();
    const team = await site.postgres({ user: 'forensics', password: 'y' });
    const writes = await team.query('SHOW default_transaction_read_only');
    expect(writes.rows).toEqual([{ default_transaction_read_only: 'off' }]);
    await team.end();
    const store = await site.redis();
    await expect(store.set('a', '1')).rejects.toThrow(/NOPERM/);
    expect(String(await store.call('ACL', 'LIST'))).toMatch(/user shop off/);

    // Again, with a role that was made meanwhile: the undo gives everything back that was there at first.
    await editEnvironment(site.envFile, (environment) => ({
      ...environment,
      services: { 'auth-service': { start: ['touch', runs], stop: ['true'] } },
    }));
    await drEnds(3, site.envFile, ['isolate', '--team', 'forensics', '--confirm', 'drill']);

    const log = join(golden.folder, 'service.log');
    await writeFile(log, 'who was here\n');
    const args = ['--name', 'breach', '--path', log, '--by', 'Ada', '--repository', 'local', '--confirm', 'drill'];
    const collected = await drEnds(0, site.envFile, ['evidence', 'collect', ...args, '-o', 'json']);
    const { manifest, held } = read<{
      manifest: { id: string; parts: { id: string; files: number }[]; gaps: unknown[] };
      held: { held: boolean; fact: string };
    }>(collected.stdout);
    expect(manifest.gaps).toEqual([]);
    expect(manifest.parts.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['listings', 'postgres', 'redis', 'path-1']),
    );
    expect(held).toMatchObject({ held: false, fact: expect.stringContaining('no legal hold') });
    const { id } = manifest;
    const verified = await drEnds(0, site.envFile, ['evidence', 'verify', id, '--deep', '--by', 'Grace', '-o', 'json']);
    expect(verified.stdout).toContain('files compared');
    const again = await drEnds(0, site.envFile, ['evidence', 'verify', id]);
    expect(again.stdout).toMatch(/Ada .*began to collect[\s\S]*Grace .*verified every file: whole/);
    expect((await drEnds(0, site.envFile, ['evidence', 'list'])).stdout).toMatch(/-breach\s+local\s+complete/);
    expect((await drEnds(2, site.envFile, ['evidence', 'verify', `${id}x`])).stderr).toContain('EVIDENCE-UNKNOWN');
    // A prune has nothing to do with it.
    await drEnds(0, site.envFile, ['prune', '--repository', 'local', '--confirm', 'drill']);
    const folder = join(golden.repositories, 'local/drill/evidence', id);
    const entry = join(folder, 'custody/000002.json');
    await writeFile(entry, (await readFile(entry, 'utf8')).replace('"Ada"', '"Eve"'));
    await appendFile(join(folder, 'SHA256SUMS'), '\n');
    const altered = await drEnds(5, site.envFile, ['evidence', 'verify', id]);
    expect(altered.stdout).toMatch(/Custody log\s+FAILED\s+000002.json: its signature is wrong/);
    expect(altered.stdout).toMatch(/SHA256SUMS\s+FAILED/);

    await drEnds(0, site.envFile, ['isolate', '--undo', '--confirm', 'drill']);
    expect(existsSync(runs)).toBe(true);
    const back = await site.postgres();
    const roles = await back.query(
      "SELECT rolname, rolcanlogin AS login, rolconfig FROM pg_roles WHERE rolname IN ('intruder', 'forensics', 'sleeper', 'auth_service') ORDER BY 1",
    );
    expect(roles.rows).toEqual([
      { rolname: 'auth_service', login: true, rolconfig: null },
      { rolname: 'forensics', login: true, rolconfig: null },
      { rolname: 'intruder', login: true, rolconfig: null },
      { rolname: 'sleeper', login: false, rolconfig: null },
    ]);
    await back.query('CREATE TABLE writes_again ()');
    await back.end();
    const open = await site.redis();
    expect(await open.set('a', '1')).toBe('OK');
    expect(String(await open.call('ACL', 'LIST'))).toMatch(/user shop on/);
    for (const client of [store, open]) client.disconnect();
    expect((await drEnds(6, site.envFile, ['isolate', '--undo', '--confirm', 'drill'])).stderr).toContain(
      'NOT-ISOLATED',
    );
  });
});
