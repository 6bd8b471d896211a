/** Colours of text for a terminal. */
import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** The text in a style, or as it is where there is no colour. */
export type Paint = (style: Style, text: string) => string;

export function painter({ color }: { readonly color: boolean }): Paint {
  return color ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
}
