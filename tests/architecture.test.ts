import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { circlesOf, floorsOf, graphOf, layerOf, looseFaults } from './architecture-graph.ts';
import { EXCEPTIONS, faultsOf, type SourceFile } from './architecture-rules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['plan', 'recovery', 'drill', 'cli', 'infra', 'scripts', 'bench', 'tests', 'images'];
const SOURCE = /\.(ts|js|mjs|sh)$/;

async function sourceFiles(): Promise<SourceFile[]> {
  const paths = await Promise.all(
    FOLDERS.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true }).catch(() => []);
      return entries.filter((entry) => SOURCE.test(entry)).map((entry) => join(folder, entry));
    }),
  );
  return await Promise.all(
    paths.flat().map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })),
  );
}

const FLOORS = 12;
const files = await sourceFiles();
const isSource = (path: string): boolean => !path.startsWith('tests/') && !path.startsWith('images/');

describe('the sources', () => {
  it('keep the arrows, the names and the sizes', () => {
    expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(['plan/layout.ts', 'cli/dr.ts']));
    expect(files.flatMap(faultsOf)).toEqual([]);
    expect(Object.keys(EXCEPTIONS).length).toBeLessThanOrEqual(5);
  });

  it('have no circle, of files or of layers', () => {
    expect(circlesOf(graphOf(files, (path) => path))).toEqual([]);
    expect(circlesOf(graphOf(files, layerOf))).toEqual([]);
  });

  it.each(['recovery', 'infra'])(`%s has at most ${FLOORS} floors`, (part) => {
    const own = graphOf(files, (path) => (path.startsWith(`${part}/`) ? layerOf(path) : undefined));
    expect(floorsOf(own).length).toBeGreaterThan(4);
    expect(floorsOf(own).slice(FLOORS)).toEqual([]);
  });

  it('lie in folders', () => {
    expect(looseFaults(files.map(({ path }) => path).filter(isSource))).toEqual([]);
  });
});

describe('the rules', () => {
  it.each([
    ['plan/x.ts', `import { openSite } from '../recovery/config/site.ts';`, 'imports recovery/config/site.ts'],
    ['plan/x.ts', `import type { Site } from '../recovery/config/site.ts';`, 'imports recovery/config/site.ts'],
    ['plan/a/x.ts', `export * from '../../infra/config/config.ts';`, 'imports infra/config/config.ts'],
    ['recovery/points/x.ts', `const load = () => import('../../infra/index.ts');`, 'imports infra/index.ts'],
    ['recovery/core/x.ts', `import { fake } from '../../tests/fake.ts';`, 'imports tests/fake.ts'],
    ['infra/x.ts', `import { openSite } from '../recovery/config/site.ts';`, 'imports recovery/config/site.ts'],
    ['recovery/storage/x.ts', `import type { Site } from '../config/site.ts';`, 'imports recovery/config/site.ts'],
    ['recovery/x.ts', '', 'lies in no layer that MAY names'],
    ['recovery/core/x.ts', `import { seconds } from '../../plan/duration.ts';`, 'imports plan/duration.ts'],
    ['recovery/restore/x.ts', `import { runBackup } from '../backup/run.ts';`, 'imports recovery/backup/run.ts'],
    ['recovery/rebuild/x.ts', `import { runDrill } from '../../drill/run.ts';`, 'imports drill/run.ts'],
    ['drill/x.ts', `import { main } from '../cli/dr.ts';`, 'imports cli/dr.ts'],
    [
      'drill/platform/x.ts',
      `import { rebuild } from '../../recovery/rebuild/rebuild.ts';`,
      'imports recovery/rebuild/rebuild.ts',
    ],
    ['cli/commands/points.ts', `import { runDrill } from '../../drill/run.ts';`, 'imports drill/run.ts'],
    [
      'recovery/workloads/redis/x.ts',
      `import { typeOf } from '../registry.ts';`,
      'imports recovery/workloads/registry.ts',
    ],
    ['infra/config/x.ts', `import { ports } from '../cluster/ports.ts';`, 'imports infra/cluster/ports.ts'],
    ['scripts/setup/x.mjs', `import { productionPlan } from '../../plan/production.ts';`, 'imports plan/production.ts'],
    ['recovery/core/x.ts', `process.exit(1);`, 'uses process.exit in line 1'],
    ['recovery/core/x.ts', `\nprocess.exitCode = 1;`, 'uses process.exitCode in line 2'],
    ['cli/x.ts', `process.exit(1);`, 'uses process.exit in line 1'],
    ['recovery/report/x.ts', `process.stdout.write('x');`, 'uses process.stdout in line 1'],
    ['recovery/report/x.ts', `const { write } = process.stderr;`, 'uses process.stderr in line 1'],
    ['recovery/core/x.ts', `const { exit } = process;`, 'passes process on as a whole in line 1'],
    ['recovery/core/x.ts', `process['exit'](1);`, 'passes process on as a whole in line 1'],
    ['recovery/core/x.ts', `import { exit } from 'node:process';`, 'imports node:process'],
    ['plan/x.ts', `console.log('x');`, 'uses console in line 1'],
    [
      'recovery/core/x.ts',
      `const key = \`\${env}/catalog/v1/points/\`;`,
      'makes an object key in line 1: "/catalog/v1/points/"',
    ],
    ['recovery/core/x.ts', `const key = 'pgbackrest/main-1';`, 'makes an object key in line 1: "pgbackrest/main-1"'],
    ['plan/x.ts', `const key = \`\${env}/locks/\${name}.json\`;`, 'makes an object key in line 1: "/locks/"'],
    ['recovery/core/x.ts', '\n'.repeat(301), 'has 301 lines, at most 300 are allowed'],
    ['recovery/core/myFile.ts', '', '"myFile.ts" is not kebab-case'],
    ['recovery/core/Backup/x.ts', '', '"Backup" is not kebab-case'],
    ['recovery/core/snake_case.ts', '', '"snake_case.ts" is not kebab-case'],
    ['recovery/core/utils/x.ts', '', '"utils" says nothing of what is in it'],
    ['tests/helpers.ts', '', '"helpers.ts" says nothing of what is in it'],
    ['recovery/core/backup-manager.ts', '', '"backup-manager.ts" says nothing of what is in it'],
  ])('refuse in %s: %s', (path, text, fault) => {
    expect(faultsOf({ path, text })).toEqual([`${path}: ${fault}`]);
  });

  it.each([
    ['plan/x.ts', `import { z } from 'zod';\nimport { seconds } from './duration.ts';`],
    [
      'recovery/points/x.ts',
      `import { layout } from '../../plan/layout.ts';\nimport { EXIT } from '../core/errors.ts';`,
    ],
    ['infra/x.ts', `import { pinTarget } from '../recovery/public.ts';\nimport { plan } from '../plan/production.ts';`],
    ['tests/x.test.ts', `import { openSite } from '../recovery/config/site.ts';\nconsole.log('x');`],
    ['cli/dr.ts', `process.stdout.write('x');\nprocess.exit(0);`],
    ['recovery/core/x.ts', `import { argv } from './errors.ts';\n// writes catalog/v1/points/ last\n`],
    ['recovery/core/x.ts', `const load = () => import('./errors.ts');\nconst version = process.versions.node;`],
    ['recovery/core/x.ts', `const text = "process.exit(1) and import '../infra/x.ts' in text only";`],
    ['plan/layout.ts', `const key = \`\${env}/catalog/v1/points/\`;`],
    ['recovery/core/x.ts', '\n'.repeat(300)],
    ['tests/faults/killed-at-every-step.test.ts', ''],
    ['recovery/core/commonly-named.ts', ''],
  ])('allow in %s: %s', (path, text) => {
    expect(faultsOf({ path, text })).toEqual([]);
  });
});

describe('circles, floors and loose files', () => {
  const file = (path: string, ...targets: string[]): SourceFile => ({
    path,
    text: targets.map((target) => `import '${target}';`).join('\n'),
  });
  const byPath = (...given: SourceFile[]) => graphOf(given, (path) => path);

  it('a circle is found at any length, and named once', () => {
    const circle = byPath(
      file('a.ts', './b.ts'),
      file('b.ts', './c.ts'),
      file('c.ts', './a.ts', './d.ts'),
      file('d.ts'),
    );
    expect(circlesOf(circle)).toEqual(['a.ts ↔ b.ts ↔ c.ts']);
    expect(circlesOf(byPath(file('a.ts', './b.ts', './c.ts'), file('b.ts', './c.ts'), file('c.ts')))).toEqual([]);
  });

  it('layers that import each other make a circle, though no two files do', () => {
    const files = [
      file('recovery/points/a.ts', '../config/b.ts'),
      file('recovery/config/c.ts', '../points/d.ts'),
      file('recovery/points/d.ts'),
      file('recovery/config/b.ts'),
    ];
    expect(circlesOf(graphOf(files, (path) => path))).toEqual([]);
    expect(circlesOf(graphOf(files, layerOf))).toEqual(['recovery/config ↔ recovery/points']);
  });

  it('floors are counted along the longest way', () => {
    expect(floorsOf(byPath(file('a.ts', './b.ts', './c.ts'), file('b.ts', './c.ts'), file('c.ts')))).toEqual([
      'a.ts',
      'b.ts',
      'c.ts',
    ]);
  });

  it('a fourth loose file is one too many', () => {
    const paths = ['a', 'b', 'c'].map((name) => `recovery/${name}.ts`);
    expect(looseFaults(paths)).toEqual([]);
    expect(looseFaults([...paths, 'recovery/d.ts'])).toEqual(['recovery: 4 files lie loose, at most 3 may']);
  });
});
