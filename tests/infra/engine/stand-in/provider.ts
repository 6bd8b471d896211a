/**
 * A provider plugin that makes nothing: it answers as a cloud would, from the inputs alone. The real engine runs the whole program with it
 * where there is no cloud. It says nothing about how AWS or Kubernetes behave.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import * as pulumi from '@pulumi/pulumi';
import { bare, type Json, stateOf } from './fake-state.ts';

/** A change of one of these makes another resource: its name, or where it is. */
const IDENTITY = ['bucket', 'name', 'region'];

function ownUrn(urn: string): { type: string; name: string } {
  const parts = urn.split('::');
  return { type: parts[2]?.split('$').at(-1) ?? '', name: parts.slice(3).join('::') };
}

function answer(urn: string, inputs: Json): { id: string; outs: Json } {
  const { type, name } = ownUrn(urn);
  const { id, state } = stateOf(type, name, inputs);
  return { id, outs: state };
}

/** How long a create takes, by kind as it is in `STAND_IN_MS` (JSON): a cloud is never at once. */
const DURATIONS = JSON.parse(process.env.STAND_IN_MS ?? '{}') as Readonly<Record<string, number>>;

/** The Secrets Manager's document, from the test's environment. */
const SECRET_STRING = process.env.STAND_IN_SECRET_STRING ?? '{}';

const provider: pulumi.provider.Provider = {
  version: process.env.STAND_IN_VERSION ?? '0.0.0',
  async diff(_id, urn, olds: Json, news: Json) {
    const next = answer(urn, news).outs;
    // Which of its outputs are secret is known to the engine alone.
    const differ = (one: unknown, other: unknown) => !isDeepStrictEqual(bare(one), bare(other));
    const changes = differ(next, olds);
    const replaces = IDENTITY.filter((key) => key in news && differ(news[key], olds[key]));
    return { changes, replaces };
  },
  async create(urn, inputs: Json) {
    const kind = ownUrn(urn).type.split(':').at(-1) ?? '';
    await pause(DURATIONS[kind] ?? DURATIONS.other ?? 0);
    return answer(urn, inputs);
  },
  async update(_id, urn, _olds, news: Json) {
    return { outs: answer(urn, news).outs };
  },
  async invoke(token, inputs: Json) {
    return token === 'aws:secretsmanager/getSecretVersion:getSecretVersion'
      ? { outputs: { ...inputs, secretString: SECRET_STRING } }
      : { outputs: inputs };
  },
};

await pulumi.provider.main(provider, process.argv.slice(2));
