import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { faultsOf, type SourceFile } from './architecture-rules.ts';

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

describe('the sources', () => {
  it('keep the arrows, the names and the sizes', async () => {
    const files = await sourceFiles();
    expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(['plan/layout.ts', 'cli/dr.ts']));
    expect(files.flatMap(faultsOf)).toEqual([]);
  });
});

describe('the rules', () => {
  it.each([
    ['plan/x.ts', `import { openSite } from '../recovery/config/site.ts';`, 'imports recovery/config/site.ts'],
    ['plan/x.ts', `import type { Site } from '../recovery/config/site.ts';`, 'imports recovery/config/site.ts'],
    ['plan/a/x.ts', `export * from '../../infra/config/config.ts';`, 'imports infra/config/config.ts'],
    ['recovery/a/x.ts', `const load = () => import('../../infra/index.ts');`, 'imports infra/index.ts'],
    ['recovery/x.ts', `import { fake } from '../tests/fake.ts';`, 'imports tests/fake.ts'],
    ['infra/x.ts', `import { openSite } from '../recovery/config/site.ts';`, 'imports recovery/config/site.ts'],
    ['scripts/setup/x.mjs', `import { productionPlan } from '../../plan/production.ts';`, 'imports plan/production.ts'],
    ['recovery/x.ts', `process.exit(1);`, 'uses process.exit in line 1'],
    ['recovery/x.ts', `\nprocess.exitCode = 1;`, 'uses process.exitCode in line 2'],
    ['cli/x.ts', `process.exit(1);`, 'uses process.exit in line 1'],
    ['recovery/report/x.ts', `process.stdout.write('x');`, 'uses process.stdout in line 1'],
    ['recovery/report/x.ts', `const { write } = process.stderr;`, 'uses process.stderr in line 1'],
    ['recovery/x.ts', `const { exit } = process;`, 'passes process on as a whole in line 1'],
    ['recovery/x.ts', `process['exit'](1);`, 'passes process on as a whole in line 1'],
    ['recovery/x.ts', `import { exit } from 'node:process';`, 'imports node:process'],
    ['plan/x.ts', `console.log('x');`, 'uses console in line 1'],
    [
      'recovery/x.ts',
      `const key = \`\${env}/catalog/v1/points/\`;`,
      'makes an object key in line 1: "/catalog/v1/points/"',
    ],
    ['recovery/x.ts', `const key = 'pgbackrest/main-1';`, 'makes an object key in line 1: "pgbackrest/main-1"'],
    ['plan/x.ts', `const key = \`\${env}/locks/\${name}.json\`;`, 'makes an object key in line 1: "/locks/"'],
    ['recovery/x.ts', '\n'.repeat(301), 'has 301 lines, at most 300 are allowed'],
    ['recovery/myFile.ts', '', '"myFile.ts" is not kebab-case'],
    ['recovery/Backup/x.ts', '', '"Backup" is not kebab-case'],
    ['recovery/snake_case.ts', '', '"snake_case.ts" is not kebab-case'],
    ['recovery/utils/x.ts', '', '"utils" says nothing of what is in it'],
    ['tests/helpers.ts', '', '"helpers.ts" says nothing of what is in it'],
    ['recovery/backup-manager.ts', '', '"backup-manager.ts" says nothing of what is in it'],
  ])('refuse in %s: %s', (path, text, fault) => {
    expect(faultsOf({ path, text })).toEqual([`${path}: ${fault}`]);
  });

  it.each([
    ['plan/x.ts', `import { z } from 'zod';\nimport { seconds } from './duration.ts';`],
    ['recovery/a/x.ts', `import { layout } from '../../plan/layout.ts';\nimport { EXIT } from '../errors.ts';`],
    ['infra/x.ts', `import { pinTarget } from '../recovery/public.ts';\nimport { plan } from '../plan/production.ts';`],
    ['tests/x.test.ts', `import { openSite } from '../recovery/config/site.ts';\nconsole.log('x');`],
    ['cli/dr.ts', `process.stdout.write('x');\nprocess.exit(0);`],
    ['recovery/x.ts', `import { argv } from './engines/pgbackrest/argv.ts';\n// writes catalog/v1/points/ last\n`],
    [
      'recovery/x.ts',
      `const load = () => import('./engines/pgbackrest/argv.ts');\nconst version = process.versions.node;`,
    ],
    ['recovery/x.ts', `const text = "process.exit(1) and import '../infra/x.ts' in text only";`],
    ['plan/layout.ts', `const key = \`\${env}/catalog/v1/points/\`;`],
    ['recovery/x.ts', '\n'.repeat(300)],
    ['tests/faults/killed-at-every-step.test.ts', ''],
    ['recovery/commonly-named.ts', ''],
  ])('allow in %s: %s', (path, text) => {
    expect(faultsOf({ path, text })).toEqual([]);
  });
});
