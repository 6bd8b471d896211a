import { expect, test } from 'vitest';
import { differences, taken } from '../../../recovery/setup/difference.ts';

const SECTIONS = ['postgres', 'redis', 'folders'];
const base = { sections: SECTIONS, unknown: [], kept: [] };
const postgres = { dataDir: '/data', port: 5432, hooks: { pre: ['true'] } };

test('fields of what runs are compared; what only a person can know is not', () => {
  const now = { postgres: { dataDir: '/data', port: 5433 } };
  expect(differences({ ...base, file: { postgres }, now })).toEqual([{ path: 'postgres.port', file: 5432, now: 5433 }]);
});

test('what no longer runs is a difference, but not where the question had no answer', () => {
  const file = { postgres, folders: { uploads: { path: '/up' } } };
  const gone = [
    { path: 'postgres', file: postgres, now: undefined },
    { path: 'folders.uploads', file: { path: '/up' }, now: undefined },
  ];
  expect(differences({ ...base, file, now: {} })).toEqual(gone);
  expect(differences({ ...base, file, now: {}, unknown: ['postgres'] })).toEqual(gone.slice(1));
  expect(differences({ ...base, file, now: {}, kept: ['folders.uploads'] })).toEqual(gone.slice(0, 1));
});

test('a new store is one difference, and is taken by its name, by a field or with all', () => {
  const redis = { socket: '/r.sock', dataDir: '/r' };
  const found = differences({ ...base, file: { postgres }, now: { postgres: { port: 1 }, redis } });
  expect(found.map(({ path }) => path)).toEqual(['postgres.port', 'redis']);
  expect(taken(found, ['redis'])).toEqual([{ path: 'redis', file: undefined, now: redis }]);
  expect(taken(found, ['postgres']).map(({ path }) => path)).toEqual(['postgres.port']);
  expect(taken(found, ['all'])).toEqual(found);
  expect(taken(found, ['post', 'redis.socket'])).toEqual([]);
});
