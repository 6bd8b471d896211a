/** Markdown of the documents that the plan links: tables are data, wrapped paragraphs are prose. */

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const COLUMNS = 118;

/** One paragraph, in lines that a page may have. */
export function wrap(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > COLUMNS - indent.length && line !== '') {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].join(`\n${indent}`);
}

export const bullets = (items: readonly string[]): string => items.map((item) => `- ${wrap(item, '  ')}`).join('\n');

/** Says where it comes from, so that nobody edits what a test writes. */
export const generated = (source: string): string =>
  wrap(
    `The tables of this page are rendered from ${source}. A test compares them: change the plan, then run ` +
      '`npx vitest run tests/documents.test.ts -u`.',
  );

export const page = (...parts: readonly string[]): string => `${parts.join('\n\n')}\n`;
