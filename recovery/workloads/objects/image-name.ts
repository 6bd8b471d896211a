/** Names of images as runtimes read them. Pure. */

/** The registry of a name without one. */
export const HUB = 'docker.io';

/** `nginx:1.27` is `docker.io/library/nginx:1.27`. */
export function withRegistry(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const named = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (named) return image;
  return rest.length > 0 ? `${HUB}/${image}` : `${HUB}/library/${image}`;
}

/** Without tag and digest: `docker.io/library/nginx`. */
export function repositoryOf(image: string): string {
  return withRegistry(image)
    .replace(/@.*$/, '')
    .replace(/:[^:/]*$/, '');
}
