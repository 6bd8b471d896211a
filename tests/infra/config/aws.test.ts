/** What a stack in AWS may not say: people who could never take the break-glass role, and buckets that no certificate is valid for. */
import { expect, test } from 'vitest';
import { complaints, configOf } from './stack-config.ts';

const ACCOUNT = 'arn:aws:iam::123456789012';
const storage = (fields: Record<string, unknown>) => ({
  storage: {
    kind: 'aws',
    deployerRoleArn: `${ACCOUNT}:role/go-coffee-deployer`,
    breakGlassPrincipals: [`${ACCOUNT}:user/alice`],
    ...fields,
  },
});
const principal = (given: unknown) => storage({ breakGlassPrincipals: [given] });

test.each([
  [
    'a role',
    principal(`${ACCOUNT}:role/incident-commander`),
    '.0',
    'is a role, whose sessions never prove a second factor',
  ],
  ['an account', principal(`${ACCOUNT}:root`), '.0', 'is a whole account'],
  ['a group', principal(`${ACCOUNT}:group/admins`), '.0', 'is not an ARN of a user'],
  [
    'a role of nobody',
    principal({ arn: `${ACCOUNT}:role/it`, sourceIdentities: [] }),
    '.0.sourceIdentities',
    'is empty',
  ],
  [
    'any role',
    principal({ arn: `${ACCOUNT}:role/*`, sourceIdentities: ['alice'] }),
    '.0.arn',
    'is not an ARN of a role',
  ],
  [
    'anybody by any role of Identity Center',
    principal({ arn: `${ACCOUNT}:role/aws-reserved/sso.amazonaws.com/*`, sourceIdentities: ['alice'] }),
    '.0.arn',
    'is not an ARN of a role',
  ],
  [
    'anybody',
    principal({ arn: `${ACCOUNT}:role/it`, sourceIdentities: ['*'] }),
    '.0.sourceIdentities.0',
    'is not a source identity',
  ],
])('break-glass is not for %s', async (_, config, at, fact) => {
  const message = await complaints('production', { config });
  expect(message).toContain(`DR-CONFIG storage.breakGlassPrincipals${at} `);
  expect(message).toContain(fact);
});

test('break-glass is for users, for roles with people, and for roles of Identity Center whatever their last letters', async () => {
  const sso = `${ACCOUNT}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Commander_*`;
  const breakGlassPrincipals = [
    `${ACCOUNT}:user/people/alice`,
    { arn: `${ACCOUNT}:role/it`, sourceIdentities: ['bob'] },
    { arn: sso, sourceIdentities: ['carol@example.com'] },
  ];
  expect((await configOf('production', { config: storage({ breakGlassPrincipals }) })).storage).toMatchObject({
    breakGlassPrincipals,
  });
});

test('a bucket in AWS has no dot in its name; one of another S3 may have', async () => {
  const repositories = { primary: { bucket: 'backups.example.com' } };
  const message = await complaints('production', { config: storage({ repositories }) });
  expect(message).toContain('storage.repositories.primary.bucket');
  expect(message).toContain('"backups.example.com": has a dot');
});
