export { selects } from './kubernetes/labels.ts';
export { fieldsOf, groupOf, type KubeObject, kindOf, listOf, nameOf } from './kubernetes/objects.ts';
export { type CapturedPlatform, packPlatform, unpackPlatform } from './workloads/objects/captured/platform.ts';
export { type CapturedRequest, readCaptured } from './workloads/objects/captured/read.ts';
export { HUB, withRegistry } from './workloads/objects/image-name.ts';
export type { CapturedObject } from './workloads/objects/make.ts';
export { isRoute, restoreWaves, type WaveId } from './workloads/objects/order.ts';
