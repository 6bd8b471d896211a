import { expect, test } from 'vitest';
import { readServiceSecret, secretDocument } from '../../../drill/platform/kubernetes.ts';
import { readServiceSettings } from '../../../drill/platform/service-settings.ts';

const TEXT = `
postgres: { socketDir: /srv/run, port: 6432, database: shop }
redis: { socket: /srv/run/redis.sock, password: { file: /srv/secrets/redis } }
folders: { manifests: { path: /srv/manifests } }
`;

test('a service reads its stores and folders from dr.yaml', () => {
  const { folder, ...settings } = readServiceSettings('/srv/dr.yaml', TEXT);
  expect(settings).toEqual({
    run: '/srv/run',
    database: { port: 6432, name: 'shop' },
    redis: { socket: '/srv/run/redis.sock', passwordFile: '/srv/secrets/redis' },
  });
  expect(folder('manifests')).toBe('/srv/manifests');
  expect(folder('uploads')).toBe('/no uploads');
  expect(readServiceSettings('/srv/dr.yaml', '').run).toBe('/srv');
});

test('a Secret is read as it was written, and one that was overwritten is an error', () => {
  const secret = { dbPassword: 'a', token: 'b' };
  expect(readServiceSecret(secretDocument('order-service', secret))).toEqual(secret);
  expect(() => readServiceSecret('kind: Nonsense\n')).toThrow('no dbPassword');
});
