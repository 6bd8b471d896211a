/** A PostgreSQL that stays where it is, with a stack beside it: its pods dump it, and load the dumps into the one that takes its place. */
import { afterAll, beforeAll } from 'vitest';
import { ClusterFixture } from './fixture.ts';
import { external } from './scenarios/external.ts';

const fixture = new ClusterFixture();

beforeAll(() => fixture.start());
afterAll(() => fixture.end());

external(fixture);
