/** Quantities of the Kubernetes API. The client's own parser throws for a fraction such as `1.5Gi`. Pure. */
import { DrError } from '../../core/errors.ts';

const DECIMAL = ['k', 'M', 'G', 'T', 'P', 'E'].map((suffix, n) => [suffix, 1000 ** (n + 1)] as const);
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((suffix, n) => [suffix, 1024 ** (n + 1)] as const);
const FACTORS = new Map<string, number>([['n', 1e-9], ['u', 1e-6], ['m', 1e-3], ['', 1], ...DECIMAL, ...BINARY]);

/** `250m` → 0.25, `1.5Gi` → bytes, `1e3`. Throws `KUBERNETES-QUANTITY`: what can't be read is not zero. */
export function quantityOf(text: string): number {
  const [, number = '', suffix = ''] = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]{0,2})$/.exec(text) ?? [];
  const factor = FACTORS.get(suffix);
  if (number !== '' && factor !== undefined) return Number(number) * factor;
  throw new DrError({
    code: 'KUBERNETES-QUANTITY',
    where: 'resources',
    fact: `"${text}" is not a quantity`,
    hint: 'kubectl get nodes,deployments,statefulsets -A -o yaml shows where it stands',
  });
}
