/** A platform that is there, on a cluster of its own: beside the stacks of the other scenarios one node has no room for it. */
import { afterAll, beforeAll } from 'vitest';
import { ClusterFixture } from './fixture.ts';
import { there } from './scenarios/there.ts';

const fixture = new ClusterFixture();

beforeAll(() => fixture.start());
afterAll(() => fixture.end());

there(fixture);
