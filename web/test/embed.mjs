// Puts records into the built page as the report writer does.
import { readFileSync } from 'node:fs';

const SLOT = '<script type="application/x-ndjson" id="plumb-records"></script>';

/** `lines` are objects or, for malformed input, texts that go in as they are. */
export function embed(pagePath, lines, title = 'Plumbline report') {
  const page = readFileSync(pagePath, 'utf8');
  const records = lines
    .map((line) =>
      (typeof line === 'string' ? line : JSON.stringify(line)).replace(/</g, '\\u003c'),
    )
    .join('\n');
  if (page.split(SLOT).length !== 2)
    throw new Error('the page has not exactly one slot for records');
  return page
    .replace(/<title>[^<]*<\/title>/, () => `<title>${title}</title>`)
    .replace(SLOT, () => SLOT.replace('></', () => `>\n${records}\n</`));
}
