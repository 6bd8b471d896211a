import { expect, test } from 'vitest';
import { webIdentityEnv } from '../../../../recovery/storage/s3/keys.ts';

const POD = {
  AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/writer',
  AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/token',
  AWS_REGION: 'eu-west-1',
  AWS_SECRET_ACCESS_KEY: 'another account’s',
};

test('the engines get what names the role, and no keys that happen to lie about', () => {
  const { AWS_SECRET_ACCESS_KEY: _, ...identity } = POD;
  expect(webIdentityEnv('repositories.primary.writer', POD)).toEqual(identity);
});

test.each(['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'])('without %s that is said', (name) => {
  const failure = expect.objectContaining({
    code: 'WEB-IDENTITY-MISSING',
    where: 'repositories.primary.writer',
    exit: 2,
    fact: expect.stringContaining(`${name} is not set`),
  });
  expect(() => webIdentityEnv('repositories.primary.writer', { ...POD, [name]: '' })).toThrow(failure);
});
