/** The only file of `recovery/` that the stacks import: targets → points, and the objects that a point holds. It reads; it changes nothing. */
export { DrError } from './core/errors.ts';
export { selects } from './kubernetes/labels.ts';
export { fieldsOf, groupOf, type KubeObject, kindOf, listOf, nameOf } from './kubernetes/objects.ts';
export {
  type Pin,
  type PinnedObjects,
  type PinRequest,
  pinNewestObjects,
  pinSchema,
  pinTarget,
} from './points/pin/pin.ts';
export { type CapturedPlatform, packPlatform, unpackPlatform } from './workloads/objects/captured/platform.ts';
export { type CapturedRequest, readCaptured } from './workloads/objects/captured/read.ts';
export { HUB, withRegistry } from './workloads/objects/image-name.ts';
export type { CapturedObject } from './workloads/objects/make.ts';
export { isRoute, restoreWaves, type WaveId } from './workloads/objects/order.ts';
