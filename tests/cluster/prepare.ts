/** Builds the images that the cluster of the tests runs, which takes minutes: `npm run cluster:prepare`. A run does it itself where it was not done. */
import { buildImages } from './images.ts';
import { place } from './place.ts';

await buildImages(place());
