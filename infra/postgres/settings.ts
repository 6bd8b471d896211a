/** Gives a running cluster the dynamic settings of the stack: Patroni reads those of patroni.yml at the bootstrap alone. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { labelsOf } from '../cluster/labels.ts';
import type { DynamicSettings } from './dynamic.ts';
import { patroniJobSpec } from './patroni-job.ts';
import { SETTINGS, settingsScript } from './settings-script.ts';

export interface SettingsArgs {
  readonly namespace: string;
  readonly image: string;
  readonly serviceAccount: pulumi.Input<string>;
  readonly settings: DynamicSettings;
  /** Of `settings`: other ones are a Job of another name. */
  readonly digest: string;
}

const NAME = 'postgres-settings';
/** It writes one object of the API. */
const DEADLINE_SECONDS = 300;

/** Members wait for it: those that restart for a new setting then find it. */
export class Settings extends pulumi.ComponentResource {
  readonly job: k8s.batch.v1.Job;

  constructor(name: string, args: SettingsArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:postgres:Settings', name, {}, opts);
    const labels = labelsOf(NAME, ['dns', 'kubernetes-api']);
    const env = [{ name: SETTINGS, value: JSON.stringify(args.settings) }];
    this.job = new k8s.batch.v1.Job(
      name,
      {
        metadata: {
          name: `${NAME}-${args.digest.slice(0, 8)}`,
          namespace: args.namespace,
          labels: labelsOf(NAME),
          // A failed Job stays failed, so the next run replaces it.
          annotations: { 'pulumi.com/replaceUnready': 'true' },
        },
        // No TTL: after a refresh, the next run would make and run a deleted Job again.
        spec: {
          backoffLimit: 6,
          activeDeadlineSeconds: DEADLINE_SECONDS,
          template: {
            metadata: { labels },
            spec: patroniJobSpec({ ...args, name: 'settings', script: settingsScript(), env }),
          },
        },
      },
      {
        parent: this,
        // Settings that are there need no second Job for a later image.
        ignoreChanges: ['spec'],
        deleteBeforeReplace: true,
      },
    );
    this.registerOutputs({});
  }
}
