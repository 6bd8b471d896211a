/** Labels of Kubernetes objects, by the API's own rules: it refuses others only when they are created, or matches nothing. */
import { z } from 'zod';
import { quoted } from '../../../plan/fields.ts';

const NAME = '[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?';
const PREFIX = '(?=[^/]{1,253}/)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/';

const key = z.string().regex(new RegExp(`^(?:${PREFIX})?${NAME}$`), {
  error: ({ input }) =>
    `${quoted(input)} is not the name of a label; write it as in \`kubectl get … --show-labels\`: app.kubernetes.io/name`,
});
const value = z.string().regex(new RegExp(`^(?:${NAME})?$`), {
  error: ({ input }) =>
    `${quoted(input)} is not the value of a label; write at most 63 of a-z, A-Z, 0-9, "-", "_" and "."`,
});

export const labelsSchema = z.record(key, value);
