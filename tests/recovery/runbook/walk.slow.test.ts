/** An incident is walked by the runbook on a real host: run, by hand, skipped, assigned; a walk that was left goes on. Then how fast and how safe the host is. */
import { appendFile, chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSite } from '../../../recovery/config/site.ts';
import { openIncidents } from '../../../recovery/incident/incidents.ts';
import { knowledgeOf } from '../../../recovery/runbook/knowledge.ts';
import { KEYS, onTerminal } from '../../cli/terminal.ts';
import { drEnds, editEnvironment, withGolden } from '../../faults/golden.ts';

interface Walk {
  readonly left: string;
  readonly steps: readonly {
    readonly number: number;
    readonly state: string;
    readonly person?: string;
    readonly reason?: string;
    readonly exit?: number;
  }[];
}

/** The same walk goes on by what is asked: each step skipped, run with its words filled in, signed off, left. */
async function onATerminal(envFile: string): Promise<void> {
  const { down, enter, up, interrupt, clearLine } = KEYS;
  const walk = onTerminal(envFile, ['runbook', 'run', '--by', 'Grace']);
  await walk.until('P1 ');
  await walk.until('[ ] 3.');
  await walk.until('stop here');
  walk.press(down, down, down, enter);
  await walk.until('Why?');
  walk.press('nobody is there', enter);
  // 4 waits for whom it was assigned to, 5 is done; 6 names a moment that nobody has filled in.
  await walk.until('6. Restore from clean backup');
  await walk.until('replace MOMENT');
  await walk.until('stop here');
  walk.press(enter);
  await walk.until('with its words filled in');
  walk.press(clearLine, 'dr points list', enter);
  await walk.until('WHOLE PLATFORM FROM');
  await walk.until('[ ] 7.');
  await walk.until('stop here');
  walk.press(down, enter);
  await walk.until('Who did it?');
  walk.press('Ada Lovelace', enter);
  await walk.until('[ ] 8.');
  await walk.until('stop here');
  walk.press(up, enter);
  expect(await walk.done).toBe(3);
  expect(walk.screen()).toContain('[-] 3. Assess breach scope (skipped, nobody is there)');

  const again = onTerminal(envFile, ['runbook', 'run']);
  await again.until('[ ] 8.');
  await again.until('stop here');
  again.press(interrupt);
  expect(await again.done).toBe(130);
  expect(again.screen()).toContain('it goes on at this step');
  const { stdout } = await drEnds(3, envFile, ['runbook', 'run', '-o', 'json']);
  const { steps } = JSON.parse(stdout) as Walk;
  expect(steps.slice(5, 8).map(({ state, person }) => [state, person])).toEqual([
    ['done', undefined],
    ['by-hand', 'Ada Lovelace'],
    ['open', undefined],
  ]);
}

test('a breach is walked by the runbook, and each step is in the incident', async () => {
  await withGolden(async (golden) => {
    const host = await golden.startSource();
    const dr = (exit: number, ...args: string[]) => drEnds(exit, host.envFile, args);
    const none = await dr(2, 'runbook', 'run');
    expect(none.stderr).toContain('INCIDENT-NONE');
    const site = await openSite(host.envFile);
    const incidents = await openIncidents(site);
    const now = new Date();
    const declared = { scenario: 'security-breach', severity: 'P1', severityFrom: 'given', exercise: true } as const;
    const { id } = await incidents.declare(declared, { by: 'Ada', now });

    const first = await dr(3, 'runbook', 'run');
    expect(first.stdout).toMatch(/Security Breach, incident .*: P1 .* left · P2/);
    expect(first.stdout).toContain('next: step 1');
    const fails = await dr(1, 'runbook', 'step', '1', '--command', 'dr isolate --confirm wrong', '--by', 'Ada');
    expect(fails.stdout).toContain('[!] 1. Isolate affected systems (failed, exit 7)');
    // What this host can't stop is named with exit 3: the step stays open until a person takes it.
    await dr(1, 'runbook', 'step', '1', '--command', 'dr isolate --dry-run', '--by', 'Ada');
    await dr(0, 'runbook', 'step', '1', '--by-hand', 'Ada Lovelace');
    await dr(0, 'runbook', 'step', '2', '--skip', 'an exercise');
    await dr(0, 'runbook', 'step', '4', '--assign', 'Grace');
    const refused = await dr(2, 'runbook', 'step', '6', '--run');
    expect(refused.stderr).toContain('MOMENT must be replaced');
    expect((await dr(2, 'runbook', 'step', '4', '--run')).stderr).toContain('STEP-BY-HAND');
    expect((await dr(2, 'runbook', 'step', '99', '--run')).stderr).toContain('STEP-UNKNOWN');
    await dr(0, 'runbook', 'step', '5', '--command', 'dr points list', '--by', 'Grace');
    const { stdout } = await dr(3, 'runbook', 'run', '-o', 'json');
    const walk = JSON.parse(stdout) as Walk;
    expect(walk.steps.slice(0, 5)).toEqual([
      expect.objectContaining({ number: 1, state: 'by-hand', person: 'Ada Lovelace' }),
      expect.objectContaining({ number: 2, state: 'skipped', reason: 'an exercise' }),
      expect.objectContaining({ number: 3, state: 'open' }),
      expect.objectContaining({ number: 4, state: 'assigned', person: 'Grace' }),
      expect.objectContaining({ number: 5, state: 'done', exit: 0 }),
    ]);
    const kept = (await openIncidents(site)).get(id);
    expect(kept.steps.filter(({ event }) => event.state === 'started').length).toBeGreaterThan(1);

    await onATerminal(host.envFile);
    const page = join(golden.folder, 'runbook.html');
    await dr(0, 'runbook', 'show', '--format', 'html', '--out', page);
    expect((await dr(0, 'runbook', '--scenario', 'human-error')).stdout).toMatch(/\| local \| .* \| \d{8}T\d{6}Z-/);
    expect((await dr(2, 'runbook', '--scenario', 'human')).stderr).toContain('SCENARIO-UNKNOWN');
  });
});

test('each step prints the words that the runbook calls good', async () => {
  await withGolden(async (golden) => {
    const host = await golden.startSource();
    const client = await host.postgres();
    await client
      .query('DELETE FROM payments WHERE id IN (SELECT id FROM payments LIMIT 7)')
      .finally(() => client.end());
    /** Runs the line, and looks for each word in quotes; what follows `…` is of this run. */
    const good = async (line: string): Promise<string> => {
      const { stdout } = await drEnds(0, host.envFile, line.split(' ').slice(1));
      const words = [...(knowledgeOf(line)?.good.matchAll(/"([^"]+)"/g) ?? [])].map(([, word = '']) => word);
      expect(words, line).not.toEqual([]);
      for (const word of words) expect(stdout, `${line}: ${word}`).toContain(word.split(' …')[0]);
      return stdout;
    };
    const listed = await good('dr points list');
    const point = /^\d{8}T\d{6}Z-full-\w{4}/m.exec(listed)?.[0] ?? '';
    await good('dr doctor');
    const found = await good('dr find --what delete');
    const [, target = ''] = /dr restore --to (\S+) --table public\.payments/.exec(found) ?? [];
    await good(`dr points mark ${point} hold`);
    await good('dr restore --to latest --dry-run');
    const compared = await good(`dr restore --to ${target} --table public.payments --compare`);
    expect(compared).toMatch(/public\.payments\s+id\s+\d+\s+7\s+0\s+0/);
    const [, database = ''] = /in database (\w+)/.exec(compared) ?? [];
    await good(`dr restore --into-database ${database} --table public.payments --merge missing --confirm drill`);
    await good('dr restore --to latest --only uploads --confirm drill');
    await good('dr verify --repository local');
    await good('dr objectives');
  });
});

test('a host is measured against good days, and looked at for what an intruder leaves', async () => {
  await withGolden(async (golden) => {
    const host = await golden.startSource();
    const dr = (exit: number, ...args: string[]) => drEnds(exit, host.envFile, args);
    const pause = join(golden.folder, 'pause');
    await writeFile(pause, 'sleep 0.05\n');
    await editEnvironment(host.envFile, (environment) => ({
      ...environment,
      services: { 'auth-service': { health: ['sh', pause] } },
    }));
    const blank = await dr(3, 'health', '--performance', '--samples', '5');
    expect(blank.stdout).toMatch(/Auth Service\s+no baseline/);
    await dr(0, 'health', '--performance', '--samples', '5', '--record');
    await writeFile(pause, 'sleep 0.6\n');
    const slow = await dr(4, 'health', '--performance', '--samples', '5');
    expect(slow.stdout).toMatch(/Auth Service\s+WORSE/);
    const refused = await dr(4, 'health', '--record', '--samples', '5');
    expect(refused.stdout).toContain('not recorded: not a good day: auth-service');
    await writeFile(pause, 'exit 1\n');
    expect((await dr(1, 'health', '--performance', '--samples', '5')).stdout).toMatch(/Auth Service\s+FAILED/);

    const looked = await dr(1, 'health', '--security').catch(() => dr(0, 'health', '--security'));
    expect(looked.stdout).toMatch(/-\s+Old passwords are refused\s+not seen/);
    const client = await host.postgres();
    await client.query("CREATE ROLE helpdesk SUPERUSER LOGIN PASSWORD 'x'");
    await appendFile(join(host.paths.postgresData, 'pg_hba.conf'), 'host all all 127.0.0.1/32 trust\n');
    await client.end();
    await chmod(join(golden.keys, 'local'), 0o644);
    const found = await dr(1, 'health', '--security');
    expect(found.stdout).toMatch(/Superusers\s+helpdesk, postgres/);
    expect(found.stdout).toMatch(/FAILED\s+No rule of pg_hba.conf asks for no password\s+line \d+ \(host\)/);
    expect(found.stdout).toMatch(/FAILED\s+Keys and settings are closed to others.*keys\/local \(644\)/);
  });
});
