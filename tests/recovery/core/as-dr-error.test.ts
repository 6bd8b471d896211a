/** Which errors are mistakes of the program; nobody takes one for an answer. */
import assert from 'node:assert';
import { expect, test } from 'vitest';
import { asDrError, hasBug, isBug, rethrowBug } from '../../../recovery/core/as-dr-error.ts';
import { DrError } from '../../../recovery/core/errors.ts';
import { explainKubernetes } from '../../../recovery/kubernetes/failure.ts';
import { explainS3Failure } from '../../../recovery/storage/s3/failure.ts';

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it threw nothing');
}

const BUGS = [
  ['undefined', thrownBy(() => (JSON.parse('null') as { a: string }).a)],
  ['a date that is none', thrownBy(() => new Date(Number.NaN).toISOString())],
  ['a name', thrownBy(() => Function('return nobodyKnows')())],
  ['an assertion', thrownBy(() => assert.equal(1, 2))],
] as const;

test.each(BUGS)('%s', (_, error) => {
  const known = asDrError(error, 'repository local');
  expect(known).toMatchObject({ code: 'BUG', where: 'repository local', exit: 1 });
  expect(known.fact).toContain('as-dr-error.test.ts');
  expect(hasBug([undefined, known])).toBe(true);
  expect(() => rethrowBug(known)).toThrow(known);
  expect(() => explainS3Failure(error, 'bucket x', 'x')).toThrow(error as Error);
  expect(() => explainKubernetes(error, 'cluster', { verb: 'get', resource: 'pods' })).toThrow(error as Error);
});

test.each([
  ['an address', thrownBy(() => new URL('no address'))],
  ['a network', new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })],
  ['an answer of S3', Object.assign(new TypeError('x is not a function'), { $metadata: {} })],
  ['an answer of an engine', thrownBy(() => JSON.parse('{'))],
  ['an error of dr', new DrError({ code: 'REPOSITORY-UNREACHABLE', where: '', fact: '', hint: '' })],
] as const)('%s is none', (_, error) => {
  expect(isBug(error)).toBe(false);
  rethrowBug(error);
});
