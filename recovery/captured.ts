/** The door for stacks to captured objects: the snapshots that a pin names → what is declared from them. */
export type { CapturedObject } from './capture/make.ts';
export { fieldsOf, groupOf, type KubeObject, kindName, listOf, nameOf } from './capture/objects.ts';
export { restoreWaves, type Wave, type WaveId } from './capture/order.ts';
