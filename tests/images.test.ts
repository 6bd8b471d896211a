/** The images, the stacks that name them and what `dr doctor` asks for agree about versions: each stands in one place, and this holds them together. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { engineFacts } from '../recovery/engines/facts.ts';
import { isTooOld, knownFault } from '../recovery/engines/find.ts';
import { BLOCKS_SINCE } from '../recovery/engines/pgbackrest/config.ts';
import { compareVersions } from '../recovery/engines/versions.ts';
import { IMAGE_SERIES } from '../recovery/setup/cluster/image-series.ts';
import { ARGUMENTS } from './cluster/images.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
const [postgres, toolbox, redis] = await Promise.all(
  ['postgres', 'toolbox', 'redis'].map((name) => read(`images/${name}/Dockerfile`)),
);

/** Defaults of the arguments. */
function argumentsOf(text = ''): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^ARG (\w+)=(.+)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

test('both ends of pgBackRest are built from the same base, with the same major and the same versions', () => {
  const shared = ['BASE_IMAGE', 'POSTGRES_MAJOR', 'PACKAGES', 'PGBACKREST'];
  const [one, other] = [argumentsOf(postgres), argumentsOf(toolbox)];
  for (const name of shared) expect([name, one[name]]).toEqual([name, other[name]]);
  expect(argumentsOf(redis).BASE_IMAGE).toBe(one.BASE_IMAGE);
  // Its glibc is the base's.
  expect(one.BASE_IMAGE).toMatch(/debian:13\.\d+-slim$/);
  expect(other.NODE_IMAGE).toMatch(/-trixie-slim$/);
});

test('an image without arguments has nothing that dr doctor advises against', () => {
  const { PGBACKREST = '', RESTIC = '', PACKAGES } = { ...argumentsOf(postgres), ...argumentsOf(toolbox) };
  expect(PACKAGES).toBe('pgdg');
  expect(PGBACKREST).toBe(engineFacts('pgbackrest').recommended?.version);
  for (const [name, version] of [
    ['pgbackrest', PGBACKREST],
    ['restic', RESTIC],
    ['redis-server', IMAGE_SERIES.redis],
    ['postgres', IMAGE_SERIES.postgres],
  ] as const) {
    const engine = { name, version, path: '' };
    expect([name, isTooOld(engine), knownFault(engine)]).toEqual([name, false, undefined]);
  }
  // Labels of roles are those of Patroni 4.
  expect(compareVersions(argumentsOf(postgres).PATRONI ?? '', '4')).toBeGreaterThanOrEqual(0);
});

test('the images of the tests are of another major than Debian 12 has, and store changed blocks alone', () => {
  expect(ARGUMENTS).toMatchObject({ POSTGRES_MAJOR: IMAGE_SERIES.postgres, PACKAGES: 'debian' });
  expect(compareVersions(ARGUMENTS.PGBACKREST, BLOCKS_SINCE)).toBeGreaterThanOrEqual(0);
  for (const name of Object.keys(ARGUMENTS)) expect(Object.keys(argumentsOf(postgres))).toContain(name);
});

test.each(['production', 'dr', 'local'])('Pulumi.%s.yaml names images of these series', async (stack) => {
  const { config } = parse(await read(`Pulumi.${stack}.yaml`)) as {
    config: { 'go-coffee-dr:images': Record<string, string>; 'go-coffee-dr:postgres'?: { major?: number } };
  };
  const images = config['go-coffee-dr:images'];
  expect(images.postgres).toMatch(new RegExp(`/postgres:${IMAGE_SERIES.postgres}-\\d`));
  expect(images.redis).toMatch(new RegExp(`/redis:${IMAGE_SERIES.redis}-\\d`));
  expect(config['go-coffee-dr:postgres']?.major).toBe(Number(IMAGE_SERIES.postgres));
  expect(argumentsOf(postgres).POSTGRES_MAJOR).toBe(IMAGE_SERIES.postgres);
  expect(redis).toContain(`'redis-server=5:${IMAGE_SERIES.redis}.*'`);
  expect(toolbox).toContain(`'redis-server=5:${IMAGE_SERIES.redis}.*'`);
});
