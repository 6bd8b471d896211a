/** What the images of `images/` hold, as their tags say it: `<series>-<version of this program>`. A test compares it with the Dockerfiles. */
export const IMAGE_SERIES = { postgres: '17', redis: '8.0' } as const;
