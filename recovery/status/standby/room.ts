/** Whether pods find room on nodes, by what they ask for. Pure. */

/** `cpu` in cores, `memory` in bytes. */
export interface Amount {
  readonly cpu: number;
  readonly memory: number;
}

export interface NodeRoom extends Amount {
  readonly name: string;
  /** How many more pods it takes. */
  readonly pods: number;
}

export interface Demand extends Amount {
  /** `Deployment.apps go-coffee/order` */
  readonly what: string;
  readonly pods: number;
}

export interface Fit {
  /** Pods that find room, and those that don't. */
  readonly placed: number;
  readonly left: readonly Demand[];
  /** Pods that ask for nothing: nobody can say what room they need. */
  readonly unsized: number;
}

const sizeOf = ({ cpu, memory }: Amount, whole: Amount): number =>
  Math.max(whole.cpu > 0 ? cpu / whole.cpu : 0, whole.memory > 0 ? memory / whole.memory : 0);

/**
 * The largest pods first, each to the node on which it leaves least: what a scheduler manages, a little better or worse. Affinities and
 * volumes that bind a pod to a zone are not looked at.
 */
export function fitPods(nodes: readonly NodeRoom[], demands: readonly Demand[]): Fit {
  const free = nodes.map((node) => ({ ...node }));
  const whole = {
    cpu: nodes.reduce((sum, { cpu }) => sum + cpu, 0),
    memory: nodes.reduce((sum, { memory }) => sum + memory, 0),
  };
  const left: Demand[] = [];
  let [placed, unsized] = [0, 0];
  for (const demand of demands.toSorted((a, b) => sizeOf(b, whole) - sizeOf(a, whole))) {
    if (demand.cpu === 0 && demand.memory === 0) unsized += demand.pods;
    let lacking = 0;
    for (let n = 0; n < demand.pods; n += 1) {
      const [best] = free
        .filter(({ cpu, memory, pods }) => pods >= 1 && cpu >= demand.cpu && memory >= demand.memory)
        .toSorted((a, b) => sizeOf(a, whole) - sizeOf(b, whole));
      if (best === undefined) {
        lacking += 1;
        continue;
      }
      Object.assign(best, { cpu: best.cpu - demand.cpu, memory: best.memory - demand.memory, pods: best.pods - 1 });
      placed += 1;
    }
    if (lacking > 0) left.push({ ...demand, pods: lacking });
  }
  return { placed, left, unsized };
}
