/** A text as it must be written so that each channel shows it as it was typed. Pure. */

/** HTML, and the three characters that Slack's own markup gives a meaning to. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Slack reads `<…>` as a link or a mention (`<!channel>`), and `&` as the start of an entity. Other markup is off in a plain_text block. */
export function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** For a value inside of a line. Line breaks become blanks, so that nothing begins a heading or a list. */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll(/[\\`*_[\]<>&|~]/g, '\\$&')
    .replace(/^(\s*)(?=[-+=#])/, '$1\\')
    .replace(/^(\s*\d+)(?=[.)])/, '$1\\');
}

/** Several lines; each is escaped by itself, and stays a line of its own. */
export function escapeMarkdownBlock(text: string): string {
  return text.trim().split('\n').map(escapeMarkdown).join('  \n');
}

/** For a mail: paragraphs and line breaks, nothing else. */
export function htmlOf(text: string): string {
  const paragraphs = text.trim().split(/\n{2,}/);
  const body = paragraphs.map((each) => `<p>${escapeHtml(each).replaceAll('\n', '<br>')}</p>`).join('\n');
  return `<!doctype html>\n<html><body>\n${body}\n</body></html>\n`;
}
