// Builds report.html into one file that needs nothing beside it: the script and the style sheet
// stand inside the page, so that it opens from a disk, a mail or an archive.
import { createHash } from 'node:crypto';
import { defineConfig, type Plugin } from 'vite';

/** What the report writer replaces with the lines of a run file. Must stand once in the page. */
const RECORDS_SLOT = '<script type="application/x-ndjson" id="plumb-records"></script>';
const PROGRAM_SLOT = '<!-- program -->';
const STYLE_SLOT = '<!-- style -->';
/** In the content security policy: the hash of the one script that may run. */
const HASH_SLOT = 'program-hash';

function once(page: string, needle: string): void {
  const count = page.split(needle).length - 1;
  if (count !== 1) throw new Error(`report.html: '${needle}' stands ${count} times, expected once`);
}

/**
 * Moves every emitted script and style into the page and checks what the report writer relies on.
 */
function singleFile(): Plugin {
  return {
    name: 'plumb-single-file',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const page = bundle['report.html'];
      if (page === undefined || page.type !== 'asset') throw new Error('report.html was not built');
      let program = '';
      let style = '';
      for (const [name, part] of Object.entries(bundle)) {
        if (part === page) continue;
        if (part.type === 'chunk') program += part.code;
        else if (name.endsWith('.css')) style += part.source;
        else throw new Error(`${name}: only scripts and style sheets can be put into the page`);
        delete bundle[name];
      }
      // A literal '</script' would end the element, '<!--' would change how the rest is read.
      program = program.replace(/<\/(script)/gi, '<\\/$1').replace(/<!--/g, '<\\!--');
      let text = String(page.source)
        .replace(/\s*<script type="module"[^>]*src=[^>]*><\/script>/g, '')
        .replace(/\s*<link rel="stylesheet"[^>]*>/g, '');
      once(text, STYLE_SLOT);
      once(text, PROGRAM_SLOT);
      text = text.replace(STYLE_SLOT, () => `<style>${style.trim()}</style>`);
      program = program.trim();
      const hash = createHash('sha256').update(program).digest('base64');
      once(text, HASH_SLOT);
      text = text.replace(HASH_SLOT, () => `'sha256-${hash}'`);
      text = text.replace(PROGRAM_SLOT, () => `<script type="module">${program}</script>`);
      once(text, RECORDS_SLOT);
      once(text, '<title>');
      page.source = text;
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [singleFile()],
  build: {
    target: 'es2022',
    cssCodeSplit: false,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    rollupOptions: { input: 'report.html', output: { inlineDynamicImports: true } },
  },
  test: { include: ['src/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0]);
