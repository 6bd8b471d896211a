/** A document of headings, lists and paragraphs: one content, as Markdown and as HTML. Values are escaped here and nowhere else. Pure. */
import { escapeHtml, escapeMarkdown, escapeMarkdownBlock } from '../messages/escape.ts';

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: 'item'; readonly text: string; readonly done?: boolean }
  | { readonly kind: 'text'; readonly text: string };

/** The lines of a template's Markdown: `#`, `##`, `- [ ]`, `-` and paragraphs. */
export function parseBlock(line: string): Block | undefined {
  const [, marks, heading] = /^(#{1,2}) (.*)$/.exec(line) ?? [];
  if (heading !== undefined) return { kind: 'heading', level: marks === '#' ? 1 : 2, text: heading };
  const [, task] = /^- \[ \] (.*)$/.exec(line) ?? [];
  if (task !== undefined) return { kind: 'item', text: task, done: false };
  const [, item] = /^- (.*)$/.exec(line) ?? [];
  if (item !== undefined) return { kind: 'item', text: item };
  return line.trim() === '' ? undefined : { kind: 'text', text: line };
}

export function markdownOf(blocks: readonly Block[]): string {
  const lines: string[] = [];
  for (const [n, block] of blocks.entries()) {
    const before = blocks[n - 1];
    if (before !== undefined && !(before.kind === 'item' && block.kind === 'item')) lines.push('');
    lines.push(markdownBlock(block));
  }
  return `${lines.join('\n')}\n`;
}

function markdownBlock(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${escapeMarkdown(block.text)}`;
    case 'item':
      return `- ${block.done === undefined ? '' : block.done ? '[x] ' : '[ ] '}${escapeMarkdown(block.text)}`;
    case 'text':
      return escapeMarkdownBlock(block.text);
  }
}

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2rem}li{margin:.2rem 0}`;

export function documentHtml(title: string, blocks: readonly Block[]): string {
  const parts: string[] = [];
  for (const [n, block] of blocks.entries()) {
    if (block.kind === 'item' && blocks[n - 1]?.kind !== 'item') parts.push('<ul>');
    parts.push(htmlBlock(block));
    if (block.kind === 'item' && blocks[n + 1]?.kind !== 'item') parts.push('</ul>');
  }
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head>
<body>
${parts.join('\n')}
</body>
</html>
`;
}

function htmlBlock(block: Block): string {
  const text = escapeHtml(block.text);
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${text}</h${block.level}>`;
    case 'item':
      return `<li>${block.done === undefined ? '' : block.done ? '☑ ' : '☐ '}${text}</li>`;
    case 'text':
      return `<p>${text.replaceAll('\n', '<br>')}</p>`;
  }
}
