/** Makes and reads escrow files. */
import { createHash } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import packageJson from '../../package.json' with { type: 'json' };
import type { Site } from '../config/site.ts';
import { badInput, DrError, precondition } from '../core/errors.ts';
import { namingPath } from '../core/files/writes.ts';
import { readSiteFacts } from '../runbook/facts.ts';
import { runbookHtml } from '../runbook/html.ts';
import { makeRunbook } from '../runbook/model.ts';
import { locationOf } from '../storage/backends.ts';
import { checkRecipients, countRecipients, decrypt, encrypt, readIdentities } from './age.ts';
import { fromTar, toTar } from './archive.ts';
import {
  BUNDLE_FILES,
  type BundleFile,
  type BundleIndex,
  isProgram,
  parseIndex,
  renderBundleReadme,
} from './bundle.ts';
import { collectEnvironment } from './collect.ts';
import { programFiles } from './program-files.ts';

export interface EscrowRequest {
  readonly recipients: readonly string[];
  /** Absolute path. */
  readonly out: string;
  readonly armor: boolean;
  readonly now: Date;
}

export interface Escrow {
  readonly index: BundleIndex;
  readonly recipients: readonly string[];
  /** Bytes of the encrypted file, and its sha256. */
  readonly bytes: number;
  readonly sha256: string;
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

async function collect(site: Site, now: Date): Promise<{ index: BundleIndex; files: BundleFile[] }> {
  const [own, program] = await Promise.all([collectEnvironment(site), programFiles(site.run)]);
  const repositories = [...site.repositories.values()].map(({ id, settings }) => ({ id, place: locationOf(settings) }));
  const head = {
    apiVersion: 'go-coffee-dr/v1' as const,
    kind: 'Escrow' as const,
    environment: site.environment.name,
    site: site.environment.site,
    createdAt: now.toISOString(),
    planDigest: site.planDigest,
    program: { version: packageJson.version, files: program.length },
    repositories,
  };
  const readme = { path: BUNDLE_FILES.readme, what: 'how to use it', body: Buffer.from(renderBundleReadme(head)) };
  // Which point is the newest would be out of date by the time it is read.
  const page = runbookHtml(makeRunbook(site.plan, await readSiteFacts(site, now, false)));
  const runbook = { path: BUNDLE_FILES.runbook, what: 'runbook of the site', body: Buffer.from(page) };
  const files = [readme, runbook, ...own];
  const index = { ...head, files: files.map(({ path, what, body }) => ({ path, what, bytes: body.length })) };
  const body = Buffer.from(`${JSON.stringify(index, undefined, 2)}\n`);
  return { index, files: [{ path: BUNDLE_FILES.index, what: 'index', body }, ...files, ...program] };
}

/** Never overwrites: an older escrow file may be the only one that opens an older copy. */
async function writeOnce(file: string, content: Buffer): Promise<void> {
  const handle = await open(file, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EEXIST')
      throw precondition({
        code: 'ESCROW-EXISTS',
        where: file,
        fact: 'the file exists already',
        hint: 'name another file with --out; keep old escrow files as long as copies of their time',
        cause,
      });
    if (cause.code !== 'ENOENT') throw cause;
    throw badInput({
      code: 'ESCROW-NO-FOLDER',
      where: '--out',
      fact: `the folder of ${file} does not exist`,
      hint: 'make the folder, or name another file',
      cause,
    });
  });
  try {
    await handle.writeFile(content).catch(namingPath(file));
    await handle.chmod(0o600);
    await handle.sync();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Without an identity the file can't be opened here, but its bytes and its number of recipients can be checked. */
async function checkWritten(file: string, wanted: Buffer, recipients: number): Promise<void> {
  const found = await readFile(file);
  const count = found.equals(wanted) ? countRecipients(found, file) : -1;
  if (count === recipients) return;
  throw new DrError({
    code: 'ESCROW-DAMAGED',
    where: file,
    fact:
      count < 0 ? 'the disk does not hold what was written' : `its header names ${count} recipients, not ${recipients}`,
    hint: 'write it to another disk',
  });
}

/** Throws `RECIPIENT-…`, `SECRET-…`, `ESCROW-INCOMPLETE` (exit 2) before anything is written, and `ESCROW-EXISTS` (exit 6). */
export async function makeEscrow(site: Site, request: EscrowRequest): Promise<Escrow> {
  const recipients = checkRecipients(request.recipients);
  const { index, files } = await collect(site, request.now);
  const content = await encrypt(await toTar(files, request.now), { recipients, armored: request.armor });
  await writeOnce(request.out, content);
  await checkWritten(request.out, content, recipients.length);
  return { index, recipients, bytes: content.length, sha256: sha256(content) };
}

export interface OpenedEscrow {
  readonly index: BundleIndex;
  readonly files: readonly BundleFile[];
  /** The program's files; `files` has them too. */
  readonly program: readonly BundleFile[];
  /** Of the encrypted file. */
  readonly sha256: string;
}

/** Throws `ESCROW-…` and `IDENTITY-…` (exit 2). */
export async function readEscrow(file: string, identityFile: string): Promise<OpenedEscrow> {
  const identities = await readIdentities(identityFile);
  const content = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const fact = `can't be read (${cause.code})`;
    throw badInput({
      code: 'ESCROW-MISSING',
      where: file,
      fact,
      hint: 'name the file that `dr keys escrow` wrote',
      cause,
    });
  });
  const plain = await decrypt(content, identities, file);
  const unknown = (fact: string, cause?: unknown): Error =>
    badInput({
      code: 'ESCROW-UNKNOWN',
      where: file,
      fact: `it opens, and ${fact}`,
      hint: 'name the file that `dr keys escrow` wrote',
      cause,
    });
  const files = await fromTar(plain).catch((cause: Error) => {
    throw unknown(`holds no bundle: ${cause.message}`, cause);
  });
  const found = files.find(({ path }) => path === BUNDLE_FILES.index);
  const index = found && parseIndex(found.body.toString('utf8'));
  if (index === undefined) throw unknown('has no index that this version of dr reads');
  const there = new Set(files.map(({ path }) => path));
  const missing = index.files.filter(({ path }) => !there.has(path));
  if (missing.length > 0) throw unknown(`lacks ${missing.map(({ path }) => path).join(', ')}`);
  return { index, files, program: files.filter(isProgram), sha256: sha256(content) };
}
