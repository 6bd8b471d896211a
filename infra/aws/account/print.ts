/**
 * Prints a policy that has to be there before the first `up`, computed from a stack's file:
 *   npm run -s account-policy -- deployer production --state BUCKET --state-key ARN [--repository OWNER/NAME]
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deployerPolicy } from './deployer-policy.ts';
import { accountFacts } from './facts.ts';
import { previewPolicy, previewTrust } from './preview-policy.ts';
import { stateBucketPolicy, stateKeyPolicy } from './state-policies.ts';

const DOCUMENTS = {
  deployer: deployerPolicy,
  preview: previewPolicy,
  'preview-trust': previewTrust,
  'state-bucket': stateBucketPolicy,
  'state-key': stateKeyPolicy,
} as const;

const USAGE = `usage: npm run -s account-policy -- ${Object.keys(DOCUMENTS).join('|')} STACK --state BUCKET --state-key ARN [--repository OWNER/NAME]`;

function stackText(stack: string): string {
  const name = `Pulumi.${stack}.yaml`;
  const path = join(import.meta.dirname, '..', '..', '..', name);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return readFileSync(path, 'utf8');
  const hint = 'name a stack whose file is in the folder of this program, e.g. production';
  throw new RangeError(`${name} is not there, or no file\nhint: ${hint}`);
}

function print(): string {
  const string = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { state: string, 'state-key': string, repository: string },
  });
  const [name = '', stack = ''] = positionals;
  const make = DOCUMENTS[name as keyof typeof DOCUMENTS];
  const { state, 'state-key': key, repository = '' } = values;
  const wantsRepository = name === 'preview-trust' && !/^[^/\s:*]+\/[^/\s:*]+$/.test(repository);
  if (make === undefined || stack === '' || state === undefined || key === undefined || wantsRepository)
    throw new RangeError(USAGE);
  if (!/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/\S+$/.test(key)) {
    const hint = 'copy it from `aws kms create-key`: arn:aws:kms:REGION:ACCOUNT:key/ID';
    throw new RangeError(`--state-key: "${key}" is not the ARN of a key\nhint: ${hint}`);
  }
  return JSON.stringify(
    make(accountFacts(stackText(stack), { stateBucket: state, stateKeyArn: key, repository })),
    null,
    2,
  );
}

try {
  process.stdout.write(`${print()}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
