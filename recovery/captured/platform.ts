/** What a platform's Kubernetes API held at a point, all parts together; and the small form of it that a stack keeps. */
import type { Image } from '../capture/images.ts';
import type { CapturedObject } from '../capture/make.ts';

export interface CapturedPlatform {
  /** With Secrets as they were: whoever declares them makes them Pulumi secrets. */
  readonly objects: readonly CapturedObject[];
  /** Of the platform, as they were called there. */
  readonly namespaces: readonly string[];
  /** Each with the digests that ran. */
  readonly images: readonly Image[];
  /** For people, a sentence each. */
  readonly notes: readonly string[];
}
