/** No state, preview or ConfigMap contains a secret as plain text. */
import { at, isUnknown, listAt, quoted, type Resource, textAt } from '../resource.ts';
import type { Breach, Rule } from '../rule.ts';
import { LINES } from './lines.ts';
import { containersOf } from './pod-template.ts';

const SECRET = 'kubernetes:core/v1:Secret';
const SECRET_VERSION = 'aws:secretsmanager/secretVersion:SecretVersion';
const CONFIG_MAP = 'kubernetes:core/v1:ConfigMap';

/** `PGPASSWORD`, `signing.key`, `aws-secret-access-key`. The path of a secret's file (`PASSWORD_FILE`) is not a secret. */
const SECRET_NAME = /(passw(or)?d|passphrase|secret|token|api[-_.]?key|private[-_.]?key|\.key$|credential)/i;
const PLACE_OF_ONE = /(_FILE|_PATH|_DIR|_NAME|-file|-path)$/i;

/** A key in a text, or a password in a URL or in a configuration line. */
const SECRET_TEXT = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /AGE-SECRET-KEY-1/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/:@$]+@/i,
  /^\s*(requirepass|masterauth)\s+\S+/m,
];

const looksSecret = (name: string): boolean => SECRET_NAME.test(name) && !PLACE_OF_ONE.test(name);

const covered = (secrets: readonly string[] | undefined, path: string): boolean =>
  secrets?.some((secret) => secret === path || path.startsWith(`${secret}.`) || secret === '') ?? false;

/** Empty values are allowed, because a pod would wait for ever for a missing Secret. */
function uncovered({ props, secrets }: Resource, field: string): string[] {
  const entries = Object.entries((at(props, field) ?? {}) as Record<string, unknown>);
  return entries
    .filter(([, value]) => value !== '' && !isUnknown(value))
    .map(([key]) => key)
    .filter((key) => !covered(secrets, `${field}.${key}`));
}

function ofSecret(resource: Resource): string[] {
  const name = quoted(textAt(resource.props, 'metadata', 'name'));
  return ['data', 'stringData'].flatMap((field) => {
    const keys = isUnknown(at(resource.props, field)) ? [] : uncovered(resource, field);
    return keys.length === 0 ? [] : [`Secret ${name} has ${field} ${quoted(keys)} that is not a Pulumi secret`];
  });
}

function ofSecretVersion({ props, secrets }: Resource): string[] {
  return ['secretString', 'secretBinary']
    .filter((field) => at(props, field) !== undefined && !isUnknown(at(props, field)) && !covered(secrets, field))
    .map((field) => `${field} is not a Pulumi secret`);
}

function ofConfigMap({ props }: Resource): string[] {
  const name = quoted(textAt(props, 'metadata', 'name'));
  return Object.entries((at(props, 'data') ?? {}) as Record<string, unknown>).flatMap(([key, value]) => {
    if (looksSecret(key)) return [`ConfigMap ${name} has key ${quoted(key)}, which looks like a secret`];
    const text = typeof value === 'string' ? value : '';
    return SECRET_TEXT.some((pattern) => pattern.test(text))
      ? [`ConfigMap ${name} has a secret in the text of ${quoted(key)}`]
      : [];
  });
}

/** Even a Pulumi secret would be in the pod's spec, where everyone who may read pods can read it. */
function ofContainers(resource: Resource): string[] {
  return containersOf(resource).flatMap((container) =>
    listAt(container, 'env').flatMap((entry) => {
      const name = textAt(entry, 'name') ?? '';
      const value = textAt(entry, 'value') ?? '';
      const secret = looksSecret(name) || SECRET_TEXT.some((pattern) => pattern.test(value));
      if (!secret || value === '' || isUnknown(value)) return [];
      const where = `container ${quoted(textAt(container, 'name'))} has the value of ${quoted(name)} in its environment`;
      return [`${where}, wanted a secretKeyRef or a file`];
    }),
  );
}

function check(resource: Resource): Breach[] {
  const { type, name } = resource;
  const facts =
    type === SECRET
      ? ofSecret(resource)
      : type === SECRET_VERSION
        ? ofSecretVersion(resource)
        : type === CONFIG_MAP
          ? ofConfigMap(resource)
          : ofContainers(resource);
  return facts.map((found) => ({ resource: name, found }));
}

export const plainSecrets: Rule = {
  id: 'plain-secrets',
  over: 'resource',
  holds: 'No secret is plain text: Secrets are Pulumi secrets, and neither ConfigMaps nor environments hold one.',
  breaks: LINES.secrets,
  check,
};
