/** Options of a component. Pulumi's own `dependsOn` of a component holds nothing back: its children are made at once. */
import * as pulumi from '@pulumi/pulumi';

/** Every child of the component waits for these, and takes this provider where it is of its package. */
export function after(
  dependsOn: readonly pulumi.Resource[],
  provider?: pulumi.ProviderResource,
): pulumi.ComponentResourceOptions {
  return {
    ...(provider === undefined ? {} : { providers: [provider] }),
    transformations: [({ props, opts }) => ({ props, opts: pulumi.mergeOptions(opts, { dependsOn: [...dependsOn] }) })],
  };
}
