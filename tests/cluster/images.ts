/** The images of `images/`, built on a base that debootstrap makes: there is no registry. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { requireEngine } from '../../recovery/engines/find.ts';
import { assemble, type Buildah, buildah, hasImage } from './buildah.ts';
import type { Place } from './place.ts';

const root = join(import.meta.dirname, '..', '..');
const SUITE = 'trixie';

/**
 * Debian alone: PostgreSQL's own repository is no registry of these machines. So pgBackRest is older than what production's images must
 * have; the major is another one than this machine's own.
 */
export const ARGUMENTS = { POSTGRES_MAJOR: '17', PACKAGES: 'debian', PGBACKREST: '2.55' } as const;

/** What stands for the images that the Dockerfiles name by default. */
const STAND_INS = {
  base: `localhost/go-coffee/base:${SUITE}`,
  node: 'localhost/go-coffee/node:24',
  versitygw: 'localhost/go-coffee/versitygw:1',
} as const;
export const PAUSE = 'localhost/go-coffee/pause:1';
export const DNS_IMAGE = 'localhost/go-coffee/coredns:1';

const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

export type ImageName = 'toolbox' | 'postgres' | 'redis';

/** Names as the shipped stack `local` has them. */
export async function imageNames(): Promise<Record<ImageName, string>> {
  const stack = parse(await readFile(join(root, 'Pulumi.local.yaml'), 'utf8')) as {
    config: { 'go-coffee-dr:images': Record<ImageName, string> };
  };
  return stack.config['go-coffee-dr:images'];
}

/** As Debian's own slim image: the suite with its updates, no lists, no documents. */
async function makeBase(place: Place, run: Buildah): Promise<void> {
  if (await hasImage(run, STAND_INS.base)) return;
  const folder = await mkdtemp(join(place.images, 'base-'));
  try {
    const files = join(folder, 'root');
    await execa('debootstrap', ['--variant=minbase', SUITE, files], { stdin: 'ignore' });
    const suites = [
      ['debian', SUITE],
      ['debian', `${SUITE}-updates`],
      ['debian-security', `${SUITE}-security`],
    ].map(([archive, suite]) => `deb http://deb.debian.org/${archive} ${suite} main\n`);
    await writeFile(join(files, 'etc/apt/sources.list'), suites.join(''));
    for (const waste of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale'])
      await rm(join(files, waste), { recursive: true });
    const tar = join(folder, 'base.tar');
    await execa('tar', ['-C', files, '-cf', tar, '.']);
    await rename(tar, join(place.images, 'base.tar'));
  } finally {
    await rm(folder, { recursive: true });
  }
  await assemble(run, STAND_INS.base, 'scratch', { '/': join(place.images, 'base.tar') }, ['--cmd', 'bash']);
}

/** Node as the npm packages brought it, with this machine's npm and the authorities that it trusts. */
async function makeNode(run: Buildah): Promise<void> {
  if (await hasImage(run, STAND_INS.node)) return;
  // <package>/bin/npm-cli.js, wherever the machine has it.
  const { stdout: npm } = await execa('sh', ['-c', 'readlink -f "$(command -v npm)"']);
  await assemble(
    run,
    STAND_INS.node,
    STAND_INS.base,
    {
      '/usr/local/bin/node': join(root, 'node_modules/node/bin/node'),
      '/usr/local/lib/node_modules/npm': dirname(dirname(npm)),
      [AUTHORITIES]: AUTHORITIES,
    },
    ['--env', `NODE_EXTRA_CA_CERTS=${AUTHORITIES}`],
    ['ln', '-s', '../lib/node_modules/npm/bin/npm-cli.js', '/usr/local/bin/npm'],
  );
}

async function makeVersitygw(run: Buildah): Promise<void> {
  if (await hasImage(run, STAND_INS.versitygw)) return;
  const { path } = await requireEngine('versitygw');
  await assemble(run, STAND_INS.versitygw, 'scratch', { '/usr/local/bin/versitygw': path });
}

async function makePause(place: Place, run: Buildah): Promise<void> {
  if (await hasImage(run, PAUSE)) return;
  await assemble(run, PAUSE, 'scratch', { '/pause': place.program('pause') }, ['--cmd', '/pause']);
}

async function makeDns(place: Place, run: Buildah): Promise<void> {
  if (await hasImage(run, DNS_IMAGE)) return;
  await assemble(run, DNS_IMAGE, 'scratch', { '/coredns': place.program('coredns') }, ['--cmd', '/coredns']);
}

/** Builds what is missing or changed; layers are kept. */
export async function buildImages(place: Place): Promise<void> {
  const run = await buildah(place);
  await makePause(place, run);
  await makeDns(place, run);
  await makeBase(place, run);
  await makeNode(run);
  await makeVersitygw(run);
  const npmrc = join(homedir(), '.npmrc');
  const volume = existsSync(npmrc) ? ['--volume', `${npmrc}:/root/.npmrc:ro`] : [];
  const given = Object.entries({
    BASE_IMAGE: STAND_INS.base,
    NODE_IMAGE: STAND_INS.node,
    VERSITYGW_IMAGE: STAND_INS.versitygw,
    ...ARGUMENTS,
  }).flatMap(([argument, value]) => ['--build-arg', `${argument}=${value}`]);
  for (const [image, name] of Object.entries(await imageNames())) {
    const file = join(root, 'images', image, 'Dockerfile');
    // The machine's own network: there is no other. chroot: buildah's containers would want cgroups of their own.
    const how = ['--quiet', '--layers', '--isolation', 'chroot', '--network', 'host'];
    await run('bud', ...how, ...volume, ...given, '--tag', name, '--file', file, root);
  }
}

const BUILT_FROM = 'go-coffee-dr/image';

/** Into the cluster's containerd, unless it has that very image. */
export async function loadImage(place: Place, socket: string, name: string): Promise<void> {
  const run = await buildah(place);
  const ctr = async (...args: readonly string[]): Promise<string> =>
    (await execa('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', ...args])).stdout;
  const id = await run('images', '--quiet', '--no-trunc', name);
  if ((await ctr('ls', `name==${name}`)).includes(`${BUILT_FROM}=${id}`)) return;
  const folder = await mkdtemp(join(place.folder, 'image-'));
  try {
    const tar = join(folder, 'image.tar');
    await run('push', '--quiet', name, `docker-archive:${tar}:${name}`);
    await ctr('import', tar);
    await ctr('label', name, `${BUILT_FROM}=${id}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
