import { expect, test } from 'vitest';
import { proxyFor } from '../../../../recovery/storage/s3/proxy.ts';

const PROXY = 'http://proxy:3128';

test.each([
  ['https://s3.example.com', undefined, true],
  ['https://s3.example.com', '', true],
  ['https://s3.example.com', '*', false],
  ['https://s3.example.com', 's3.example.com', false],
  // As restic has it: a domain covers what is below it.
  ['https://s3.example.com', 'other.net, Example.com', false],
  ['https://s3.example.com', '.example.com', false],
  ['https://s3.example.com', '*.example.com', false],
  ['https://example.com', '.example.com', true],
  ['https://notexample.com', 'example.com', true],
  ['https://s3.example.com', 'example.com:443', false],
  ['https://s3.example.com:9000', 'example.com:443', true],
  ['https://s3.example.com:9000', 'example.com:9000', false],
  ['https://10.1.2.3:9000', '10.0.0.0/8', false],
  ['https://10.1.2.3', '10.1.2.3', false],
  ['https://11.1.2.3', '10.0.0.0/8', true],
  ['https://11.1.2.3', '10.0.0.0/99', true],
  ['https://[fd00::1]', 'fd00::/8', false],
  ['https://localhost:9000', undefined, false],
  ['https://127.0.0.1:9000', undefined, false],
  ['http://s3.example.com', undefined, false],
] as const)('%s with NO_PROXY %j by the proxy: %j', (endpoint, NO_PROXY, proxied) => {
  expect(proxyFor(endpoint, { HTTPS_PROXY: PROXY, NO_PROXY })).toBe(proxied ? PROXY : undefined);
});

test('without HTTPS_PROXY nothing goes by a proxy; small letters count too', () => {
  expect(proxyFor('https://s3.example.com', { HTTP_PROXY: PROXY })).toBeUndefined();
  expect(proxyFor('https://s3.example.com', { HTTPS_PROXY: '', https_proxy: PROXY })).toBe(PROXY);
  expect(proxyFor('https://s3.example.com', { https_proxy: PROXY, no_proxy: 'example.com' })).toBeUndefined();
});
