/** The config key `network`: networks (CIDR) outside of the cluster's own pods that pods may reach. */
import { z } from 'zod';

const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'is not a network; write e.g. 10.0.0.0/16' });

export const networkSchema = z.strictObject({
  /** Before the address of the Service is rewritten and after: which of the two is compared depends on the cluster's network. */
  kubernetesApi: z
    .strictObject({
      cidrs: z.array(cidr).min(1).default(['0.0.0.0/0']),
      ports: z.array(z.int().min(1).max(65_535)).min(1).default([443, 6443]),
    })
    .prefault({}),
  objectStorage: z.strictObject({ cidrs: z.array(cidr).min(1).default(['0.0.0.0/0']) }).prefault({}),
  /** Of resolvers that are not pods of kube-system: NodeLocal DNSCache, the nodes of EKS Auto Mode. @default none */
  dns: z.strictObject({ cidrs: z.array(cidr).default([]) }).prefault({}),
  /** Whether Cilium enforces the policies: its addresses never mean the API server, which has a rule of its own there. */
  cilium: z.boolean().default(false),
});
