/** What a kubeconfig holds for one context, checked before anything connects: a torn certificate would fail in the middle of a run. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { didYouMean } from '../../plan/nearest.ts';
import { codeOf } from '../core/errors.ts';

export interface KubeconfigFault {
  /** `text`: all of it; `context`: there is no such context; `part`: what the context names. */
  readonly about: 'text' | 'context' | 'part';
  /** Holds nothing of the file but names. */
  readonly fact: string;
  readonly hint: string;
}

export interface ReadKubeconfig {
  /** Its current context is the one that was asked for. Absent where the text or the context is at fault. */
  readonly config?: KubeConfig;
  readonly faults: readonly KubeconfigFault[];
}

export interface KubeconfigText {
  readonly text: string;
  /** How it is called in a fact: a path, or `the secret kubeconfig`. */
  readonly name: string;
  /** Where it lies: files that it names are relative to it. @default it is not a file */
  readonly path?: string | undefined;
  readonly context: string;
  readonly now: Date;
}

/** The loader's words for a field that is missing; its others may quote the file, and with it a token. */
const MISSING = /^(clusters|users|contexts)\[\d+\](\.[a-z]+)* is missing$/;

function load({ text, path }: KubeconfigText): KubeConfig | string {
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
    if (path !== undefined) config.makePathsAbsolute(dirname(path));
    return config;
  } catch (error) {
    const words = error instanceof Error ? error.message : '';
    return MISSING.test(words) ? `is not a kubeconfig: ${words}` : 'is not a kubeconfig';
  }
}

/** PEM of a field that is given as base64 or as a file; undefined where neither is. */
function pemOf(data: string | undefined, file: string | undefined): string | undefined {
  // Some tools write a field that they leave empty.
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  return file === undefined || file === '' ? undefined : readFileSync(file, 'utf8');
}

function certificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new RangeError('it holds no certificate');
  return blocks.map((block) => new X509Certificate(block));
}

interface Material {
  /** `certificate-authority-data of the cluster "a"` */
  readonly field: string;
  readonly data: string | undefined;
  readonly file: string | undefined;
}

/** A fault, or what was read. OpenSSL's own words never quote the key. */
function read<T>(
  { field, data, file }: Material,
  parse: (pem: string) => T,
): T | undefined | { readonly fact: string } {
  try {
    const pem = pemOf(data, file);
    return pem === undefined ? undefined : parse(pem);
  } catch (error) {
    const code = codeOf(error);
    const unread = file !== undefined && data === undefined && /^E[A-Z]+$/.test(code ?? '');
    return { fact: unread ? `${field}: ${file} can't be read (${code})` : `${field} is broken` };
  }
}

const isFault = (value: unknown): value is { readonly fact: string } =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'fact');

/** Sentences. A login by a token or a program is known only when it is used. */
function certificateFaults(config: KubeConfig, now: Date): string[] {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  const of = (what: string, name: string | undefined) => `${what} of "${name}"`;
  const authority = read(
    { field: of('certificate-authority', cluster?.name), data: cluster?.caData, file: cluster?.caFile },
    certificates,
  );
  const own = read(
    { field: of('client-certificate', user?.name), data: user?.certData, file: user?.certFile },
    certificates,
  );
  const key = read({ field: of('client-key', user?.name), data: user?.keyData, file: user?.keyFile }, createPrivateKey);
  const broken = [authority, own, key].filter(isFault).map(({ fact }) => fact);
  return [...broken, ...(isFault(own) || own === undefined ? [] : clientFaults(own, key, user?.name, now))];
}

function clientFaults(
  [certificate]: readonly X509Certificate[],
  key: KeyObject | undefined | { readonly fact: string },
  user: string | undefined,
  now: Date,
): string[] {
  if (certificate === undefined) return [];
  const ended =
    certificate.validToDate < now ? [`client-certificate of "${user}" has expired: ${certificate.validTo}`] : [];
  const other = key !== undefined && !isFault(key) && !certificate.checkPrivateKey(key);
  const lacks = key === undefined ? [`client-certificate of "${user}" has no client-key`] : [];
  return [...ended, ...lacks, ...(other ? [`client-key of "${user}" is not the one of its client-certificate`] : [])];
}

/** Makes no connection and runs no program. */
export function readKubeconfig(given: KubeconfigText): ReadKubeconfig {
  const { name, context, path, now } = given;
  const config = load(given);
  const kubectl = path === undefined ? 'kubectl --kubeconfig FILE' : `kubectl --kubeconfig ${path}`;
  if (typeof config === 'string') {
    return { faults: [{ about: 'text', fact: `${name} ${config}`, hint: `check it: ${kubectl} config get-contexts` }] };
  }
  const names = config.getContexts().map((each) => each.name);
  if (!names.includes(context)) {
    const fact = `${name} has no context "${context}".${didYouMean(context, names)}`;
    const hint = names.length === 0 ? 'the file has no contexts' : `use one of: ${names.join(', ')}`;
    return { faults: [{ about: 'context', fact, hint }] };
  }
  config.setCurrentContext(context);
  if (config.getCurrentCluster()?.server === undefined || config.getCurrentUser() === null) {
    const fact = `the context "${context}" of ${name} names a cluster or a user that the file lacks`;
    const hint = `fix the context: ${kubectl} config set-context ${context} --cluster=… --user=…`;
    return { config, faults: [{ about: 'part', fact, hint }] };
  }
  const hint = 'get a new one from whoever runs the cluster; a managed cluster’s command line writes it again';
  const faults = certificateFaults(config, now).map((fact) => ({
    about: 'part' as const,
    fact: `${name}: ${fact}`,
    hint,
  }));
  return { config, faults };
}
