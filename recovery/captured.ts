export { HUB, withRegistry } from './capture/image-name.ts';
export type { CapturedObject } from './capture/make.ts';
export { isRoute, restoreWaves, type WaveId } from './capture/order.ts';
export { type CapturedPlatform, packPlatform, unpackPlatform } from './captured/platform.ts';
export { type CapturedRequest, readCaptured } from './captured/read.ts';
export { selects } from './kubernetes/labels.ts';
export { fieldsOf, groupOf, type KubeObject, kindOf, listOf, nameOf } from './kubernetes/objects.ts';
