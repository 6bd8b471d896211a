import { describe, expect, it } from 'vitest';
import { compareVersions, parseVersion } from '../../../recovery/engines/versions.ts';

describe('parseVersion', () => {
  it.each([
    ['psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', '15.18'],
    ['postgres (PostgreSQL) 18beta1', '18'],
    ['pgBackRest 2.45', '2.45'],
    ['pgBackRest 2.60dev', '2.60'],
    ['restic 0.14.0 compiled with go1.19.8 on linux/amd64', '0.14.0'],
    ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64', '7.0.15'],
    ['git version 2.39.5 (Apple Git-154)', '2.39.5'],
    ['Version  : v1.8.0\nBuild    : 3f2a', '1.8.0'],
  ])('%s → %s', (text, version) => {
    expect(parseVersion(text)).toBe(version);
  });

  it('knows none where the first line names none', () => {
    expect(parseVersion('Version  : git\nBuild    : norev\nBuildTime: 2026')).toBeUndefined();
    expect(parseVersion('')).toBeUndefined();
  });
});

describe('compareVersions', () => {
  it.each([
    ['2.45', '2.59.1', -1],
    ['2.59', '2.59.1', -1],
    ['2.59.1', '2.59.1', 0],
    ['2.60', '2.59.1', 1],
    ['15', '15.0', 0],
    ['0.9', '0.14', -1],
    ['10.0', '9.9', 1],
  ])('%s against %s', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
    expect(Math.sign(compareVersions(b, a))).toBe(sign === 0 ? 0 : -sign);
  });
});
