/** Captured objects for the tests of hardening. */
import type { KubeObject } from '../../../../recovery/public.ts';

export const NS = 'go-coffee';

type Json = Record<string, unknown>;

export function deployment(name: string, spec: Json, more: Json = {}): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: NS },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec }, ...more },
  };
}

export function object(
  apiVersion: string,
  kind: string,
  name: string,
  more: Json = {},
  namespace?: string,
): KubeObject {
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, ...more };
}

export const container = (more: Json = {}) => ({ name: 'main', image: 'x@sha256:0', ...more });
