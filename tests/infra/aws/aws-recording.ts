/** A shipped stack's side of AWS alone, recorded: wired as the program wires it, without a cluster. */
import { AwsSide } from '../../../infra/aws/aws-side.ts';
import { stackProvider } from '../../../infra/aws/provider.ts';
import { readConfig } from '../../../infra/config/config.ts';
import { RecoverySecrets } from '../../../infra/secrets.ts';
import { type RecordedResource, type Recording, recordProgram, STORED_SECRETS, shippedConfig } from '../recording.ts';

function awsSide(): Record<string, unknown> {
  const config = readConfig();
  const { plan, storage } = config;
  if (storage.kind !== 'aws') throw new TypeError(`storage of ${config.stack} is ${storage.kind}`);
  const provider = stackProvider('aws', config, storage);
  const secrets = new RecoverySecrets('secrets', { plan, source: config.secrets, storage, provider });
  const side = new AwsSide('aws', { config, storage, secrets: secrets.values }, { provider });
  return { ...side.outputs, places: side.places, secrets: secrets.values };
}

export type Config = Readonly<Record<string, unknown>>;

/** Some of the config replaced; of `storage` the named fields only. */
export async function recordAws(
  stack: 'production' | 'dr',
  config: Config = {},
  { preview = false }: { readonly preview?: boolean } = {},
): Promise<Recording> {
  const shipped = await shippedConfig(stack);
  const storage = { ...(shipped.storage as Config), ...(config.storage as Config | undefined) };
  return recordProgram(awsSide, {
    stack,
    preview,
    config: { ...shipped, ...config, storage },
    secretKeys: ['s3Credentials', 'secretValues'],
    answers: {
      'aws:secretsmanager/getSecretVersion:getSecretVersion': () => ({ secretString: JSON.stringify(STORED_SECRETS) }),
    },
  });
}

/** Those of a type, e.g. `s3/bucket:Bucket`. */
export function ofType(recording: Recording, type: string): RecordedResource[] {
  return recording.filter((resource) => resource.type === `aws:${type}`);
}

/** The one whose name ends so. Throws where there is none, or several. */
export function named(recording: Recording, type: string, end: string): RecordedResource {
  const [found, ...more] = ofType(recording, type).filter(({ name }) => name.endsWith(end));
  if (found === undefined || more.length > 0)
    throw new Error(`${more.length + (found ? 1 : 0)} ${type} end with ${end}`);
  return found;
}
