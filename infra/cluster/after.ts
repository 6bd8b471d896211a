/** Options of a component that delay its children: Pulumi's own `dependsOn` of a component does not. */
import * as pulumi from '@pulumi/pulumi';

/** Every child waits for `dependsOn`, and uses the provider if it belongs to its package. */
export function after(
  dependsOn: readonly pulumi.Resource[],
  provider?: pulumi.ProviderResource,
): pulumi.ComponentResourceOptions {
  return {
    ...(provider === undefined ? {} : { providers: [provider] }),
    transformations: [({ props, opts }) => ({ props, opts: pulumi.mergeOptions(opts, { dependsOn: [...dependsOn] }) })],
  };
}
