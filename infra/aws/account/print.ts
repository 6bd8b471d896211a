/**
 * Prints a policy that has to be there before the first `up`, computed from a stack's file:
 *   npm run -s account-policy -- deployer production --state BUCKET --state-key ARN [--repository OWNER/NAME]
 */
import { readFileSync } from 'node:fs';
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
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', `Pulumi.${stack}.yaml`), 'utf8');
  return JSON.stringify(make(accountFacts(text, { stateBucket: state, stateKeyArn: key, repository })), null, 2);
}

try {
  process.stdout.write(`${print()}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
