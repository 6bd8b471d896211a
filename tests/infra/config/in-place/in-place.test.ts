/** A stack that begins anew from a point of its own: what the key may say, and what an `up` may change of it. */
import { describe, expect, test } from 'vitest';
import { type InPlace, inPlaceSteps } from '../../../../infra/config/in-place/schema.ts';
import { find, object, podOf, resourceOf } from '../../objects.ts';
import { record, shippedConfig } from '../../recording.ts';
import { PIN } from '../../recovered/recovery-stack.ts';
import { complaints } from '../stack-config.ts';

const POINT = { ...PIN, from: '2026-11-23T01:59:00Z', repository: 'primary' };
const RESTORED: InPlace = {
  generation: 2,
  from: POINT.from,
  repository: 'primary',
  stores: ['postgres', 'redis'],
  resolved: { ...POINT, postgres: { ...(PIN.postgres as NonNullable<typeof PIN.postgres>), lineage: 'local-1' } },
};
const { storage: PLACES } = (await shippedConfig('local')) as { storage: object };

type Json = Readonly<Record<string, unknown>>;
const restored = (changes: Json = {}, more: Json = {}): Json => ({
  generation: 2,
  inPlace: { ...RESTORED, ...changes },
  ...more,
});

describe('refuses', () => {
  test.each<readonly [string, Json, readonly string[]]>([
    [
      'another generation',
      restored({}, { generation: 1 }),
      ['inPlace.generation: is of generation 2', 'generation: 2'],
    ],
    ['a standby', restored({}, { role: 'standby' }), ['inPlace: is set, and role is "standby"', 'dr rebuild']],
    [
      'what began from another site',
      restored({}, { standby: { of: { site: 'us-east-1', generation: 1 }, repository: 'secondary' } }),
      ['inPlace: is set beside standby'],
    ],
    ['another target than it was resolved from', restored({ from: 'latest' }), ['inPlace.from: "latest"']],
    ['Redis alone', restored({ stores: ['redis'] }), ['inPlace.stores: lacks postgres']],
    [
      'a store without a copy',
      restored({ resolved: { ...RESTORED.resolved, redis: undefined } }),
      ['inPlace.resolved: holds no copy of redis'],
    ],
    [
      'a repository that is detached',
      restored({}, { storage: { ...PLACES, detached: ['primary'] } }),
      ['inPlace.repository: "primary" is detached'],
    ],
    [
      'its own lineage',
      restored({ resolved: { ...RESTORED.resolved, postgres: { ...RESTORED.resolved.postgres, lineage: 'local-2' } } }),
      ['inPlace.resolved: is of local-2', 'the next generation: 3'],
    ],
  ])('%s', async (_, config, parts) => {
    const text = await complaints('local', { config });
    for (const part of parts) expect(text).toContain(part);
  });
});

describe('an up', () => {
  const now = { generation: 2, inPlace: RESTORED };
  const ran = { leads: true, generation: 1 };
  const facts = (...args: Parameters<typeof inPlaceSteps>) => inPlaceSteps(...args).map(({ fact }) => fact);

  test('begins the next generation, and may be repeated', () => {
    expect(inPlaceSteps(now, ran)).toEqual([]);
    expect(inPlaceSteps(now, { ...now, leads: true })).toEqual([]);
  });

  test('never replaces a database that is there', () => {
    const other = { ...RESTORED, from: 'latest', resolved: { ...RESTORED.resolved, from: 'latest' } };
    expect(facts({ ...now, inPlace: other }, { ...now, leads: true })[0]).toContain(
      'began from "2026-11-23T01:59:00Z"',
    );
    expect(facts(now, { leads: true, generation: 2 })[0]).toContain('did not begin from a point');
    expect(facts({ generation: 2 }, { ...now, leads: true })[0]).toContain('is missing');
  });

  test('needs a database that leads', () => {
    expect(facts(now, undefined)[0]).toContain('was never up');
    expect(facts(now, { leads: false, generation: 1 })[0]).toContain('follows another site');
  });

  test('of a later generation has forgotten it', () => {
    expect(inPlaceSteps({ generation: 3, inPlace: RESTORED }, { ...now, leads: true })).toEqual([]);
  });
});

describe('declares', async () => {
  const previous = { leads: true, site: 'local', generation: 1 };
  const made = await record('local', restored(), { previous });
  const database = await record('local', restored({ stores: ['postgres'] }), { previous });
  const texts = (recording: typeof made, name: string) =>
    object<{ data: Record<string, string> }>(recording, 'ConfigMap', name).data;

  test('a database from the set, with the reading key of one repository, that archives into its own lineage', () => {
    const scripts = texts(made, 'postgres-scripts');
    expect(scripts['restore.sh']).toContain(`--set=${PIN.postgres?.set}`);
    expect(scripts['restore.sh']).toContain('from local-1 in primary');
    expect(scripts['archive-push.sh']).toContain('local-2');
    expect(resourceOf(made, 'PersistentVolumeClaim', 'data-postgres-0').name).toContain('claim-2-');
  });

  test('a full backup, and what it began from in the outputs', () => {
    expect(find(made, 'Job', 'dr-full-local-2')).toBeDefined();
    expect(made.outputs).toMatchObject({ lineage: 'local-2', leads: true, inPlace: RESTORED });
    expect(made.outputs).not.toHaveProperty('recoveredFrom');
  });

  test('Redis from its copy, or as it is', () => {
    const seeds = (recording: typeof made) =>
      (podOf(recording, 'StatefulSet redis').spec.initContainers ?? []).map(({ name }) => name);
    expect(seeds(made)).toContain('seed');
    expect(seeds(database)).not.toContain('seed');
  });

  test('nothing of it in a later generation', async () => {
    const later = await record('local', restored({}, { generation: 3 }), { previous: { ...previous, generation: 2 } });
    expect(texts(later, 'postgres-scripts')).not.toHaveProperty('restore.sh');
    expect(later.outputs).not.toHaveProperty('inPlace');
  });
});
