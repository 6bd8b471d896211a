/** Sizes of volumes and memory, shares of processors, and quotas of both. */
import { z } from 'zod';

export const quantity = z
  .string()
  .regex(/^[1-9]\d*(Mi|Gi|Ti)$/, { error: 'is not a size of a volume; write e.g. 50Gi' });
export const cpu = z.string().regex(/^[1-9]\d*m?$/, { error: 'is not a share of processors; write e.g. 500m or 2' });

export const quota = z.strictObject({
  cpu: cpu.optional(),
  memory: quantity.optional(),
  storage: quantity.optional(),
  pods: z.int().positive().optional(),
  loadBalancers: z.int().min(0).optional(),
  nodePorts: z.int().min(0).optional(),
});
