/**
 * The content of an escrow file: a tar.gz in an age file, so that `age -d | tar xz` opens it without this program. Its `dr.yaml` names
 * files below `HERE`, which stands for the folder of the unpacked files.
 */
import { z } from 'zod';
import { parseJson } from '../core/json.ts';

/** The placeholder in dr.yaml for that folder. */
export const HERE = '/escrow-folder';

export const BUNDLE_FILES = {
  index: 'index.json',
  environment: 'dr.yaml',
  plan: 'plan.json',
  readme: 'README.txt',
  runbook: 'runbook.html',
} as const;

/** Folders of the bundle. `keys/` holds secrets. */
export const BUNDLE_FOLDERS = { keys: 'keys', authorities: 'ca', program: 'program' } as const;

export interface BundleFile {
  /** Relative, with `/`. The first part is one of the names above. */
  readonly path: string;
  /** For people: the field of dr.yaml, or what it is. */
  readonly what: string;
  readonly body: Buffer;
  readonly executable?: boolean;
}

const indexSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('Escrow'),
  environment: z.string(),
  site: z.string(),
  createdAt: z.iso.datetime(),
  planDigest: z.string(),
  program: z.strictObject({ version: z.string(), files: z.number().int().nonnegative() }),
  /** The location of each repository: type, endpoint and bucket, or folder. */
  repositories: z.array(z.strictObject({ id: z.string(), place: z.string() })),
  /** Sorted, without the program. Without digests: the digest of a short secret would reveal it. */
  files: z.array(z.strictObject({ path: z.string(), what: z.string(), bytes: z.number().int().nonnegative() })),
});
export type BundleIndex = z.infer<typeof indexSchema>;

/** Undefined for anything but an index. */
export function parseIndex(text: string): BundleIndex | undefined {
  return indexSchema.safeParse(parseJson(text)).data;
}

export function isProgram({ path }: Pick<BundleFile, 'path'>): boolean {
  return path.startsWith(`${BUNDLE_FOLDERS.program}/`);
}

export function renderBundleReadme({ environment, createdAt, repositories }: Omit<BundleIndex, 'files'>): string {
  return `What the recovery of "${environment}" needs besides its repositories, as of ${createdAt}.

  keys/      passphrases, signing keys, S3 credentials: whoever has them reads and signs everything
  ca/        certificate authorities
  dr.yaml    the environment; ${HERE} stands for this folder
  plan.json  the plan that was in force
  runbook.html  the runbook of the site: who to call, which command, when to stop
  program/   this program as it was, with its lock file

Repositories:
${repositories.map(({ id, place }) => `  ${id.padEnd(10)} ${place}`).join('\n')}

On an empty machine (Node 24, pgBackRest, restic, PostgreSQL; \`npm run setup\` in program/ brings or names what is missing):

  mkdir recovery && cd recovery && chmod 700 .
  age -d -i IDENTITY FILE | tar xz           # or: dr keys open FILE --identity IDENTITY --into recovery
  sed -i "s|${HERE}|$PWD|g" dr.yaml          # \`dr keys open\` has done that
  cd program && npm ci
  npm run -s dr -- points --env ../dr.yaml
  npm run -s dr -- restore --to latest --from REPOSITORY --env ../dr.yaml --dry-run

Folders and sockets in dr.yaml are those of the lost host: change what is different here.
`;
}
