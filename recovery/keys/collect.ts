/** Collects every file that dr.yaml names and no repository holds, and rewrites dr.yaml to name the bundle's files. */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { stringify } from 'yaml';
import { STORE_PASSWORDS } from '../config/environment.ts';
import type { Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import type { SecretRef } from '../core/fields.ts';
import { BUNDLE_FILES, BUNDLE_FOLDERS, type BundleFile, HERE } from './bundle.ts';

/** Fields that refer to a secret by a file or a variable. */
const CHANNELS = ['webhook', 'token', 'url', 'secret', 'routingKey'];
const SECRETS = ['from', 'password', 'accessKeyId', 'secretAccessKey', ...STORE_PASSWORDS, ...CHANNELS];
/** Fields that hold the path of a file: a public one, or a secret one. */
const PUBLIC_FILES = ['ca', 'certificate'];
const SECRET_FILES = ['key', 'kubeconfig', 'credentials'];

type Path = readonly (string | number)[];

function isSecretRef(value: unknown): value is SecretRef {
  return typeof value === 'object' && value !== null && ('file' in value || 'env' in value);
}

/** `repositories.primary.writer.accessKeyId` → `repositories-primary-writer-accesskeyid`; unique, because the field is. */
function fileName(path: Path): string {
  return path
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-');
}

async function readPublic(file: string, where: string): Promise<Buffer> {
  return readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw badInput({
      code: 'ESCROW-INCOMPLETE',
      where,
      fact: `${file} can't be read (${cause.code})`,
      hint: 'put the file back, or correct the environment file: an escrow file must be complete',
      cause,
    });
  });
}

class Collector {
  readonly files: BundleFile[] = [];
  readonly #site: Site;

  constructor(site: Site) {
    this.#site = site;
  }

  /** A copy of the value in which each path names a file of the bundle. */
  async rewrite(value: unknown, path: Path): Promise<unknown> {
    const field = String(path.at(-1) ?? '');
    if (SECRETS.includes(field) && isSecretRef(value)) {
      const text = await this.#site.secrets.read(value, path.join('.'));
      return { file: this.#add(BUNDLE_FOLDERS.keys, fileName(path), path, Buffer.from(text)) };
    }
    if (typeof value === 'string' && value.startsWith('/') && [...PUBLIC_FILES, ...SECRET_FILES].includes(field)) {
      const folder = PUBLIC_FILES.includes(field) ? BUNDLE_FOLDERS.authorities : BUNDLE_FOLDERS.keys;
      const name = `${fileName(path)}${extname(value) || '.pem'}`;
      return this.#add(folder, name, path, await readPublic(value, path.join('.')));
    }
    if (Array.isArray(value))
      return Promise.all(value.map((item, n) => this.rewrite(item, [...path, named(item) ?? n])));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(async ([key, item]) => [key, await this.rewrite(item, [...path, key])]);
    return Object.fromEntries(await Promise.all(entries));
  }

  #add(folder: string, name: string, path: Path, body: Buffer): string {
    const file = { path: `${folder}/${name}`, what: path.join('.'), body };
    this.files.push(file);
    return `${HERE}/${file.path}`;
  }
}

/** For an entry of a keyring: its name says more than its position. */
function named(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || !('name' in item)) return undefined;
  return typeof item.name === 'string' ? item.name : undefined;
}

/** Throws `SECRET-…` and `ESCROW-INCOMPLETE` (exit 2) for what can't be read. */
export async function collectEnvironment(site: Site): Promise<BundleFile[]> {
  const { environment, plan } = site;
  const collector = new Collector(site);
  const own: BundleFile[] = [];
  const named: { plan?: string } = {};
  if (environment.plan !== undefined) {
    const name = `own-${basename(environment.plan)}`;
    own.push({ path: name, what: 'plan', body: await readPublic(environment.plan, 'plan') });
    named.plan = `${HERE}/${name}`;
  }
  const text = stringify(await collector.rewrite({ ...environment, ...named }, []), { lineWidth: 0 });
  return [
    ...collector.files.sort((a, b) => (a.path < b.path ? -1 : 1)),
    ...own,
    {
      path: BUNDLE_FILES.plan,
      what: 'the plan in force',
      body: Buffer.from(`${JSON.stringify(plan, undefined, 2)}\n`),
    },
    { path: BUNDLE_FILES.environment, what: `the environment, from ${site.file}`, body: Buffer.from(text) },
  ];
}
