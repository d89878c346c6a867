// Starts the page: reads the records that are embedded in it, in slices, and shows the report.
import './page.css';
import './figure.css';
import './media.css';
import { emptyState, errorState, problemList, Report } from './page';
import { RecordReader, type Records } from './records';
import { whole } from './format';

/** Lines are read for this long before the page may answer, in milliseconds. */
const SLICE = 24;

async function read(content: string, progress: (done: number) => void): Promise<Records> {
  const reader = new RecordReader();
  let at = content.startsWith('\n') ? 1 : 0; // the line break after the opening tag
  let pause = performance.now() + SLICE;
  for (let count = 0; at < content.length; count++) {
    let end = content.indexOf('\n', at);
    if (end < 0) end = content.length;
    reader.push(content.slice(at, end));
    at = end + 1;
    if (count % 256 === 255 && performance.now() > pause) {
      progress(at / content.length);
      await new Promise((resume) => setTimeout(resume, 0));
      pause = performance.now() + SLICE;
    }
  }
  return reader.finish();
}

const root = document.getElementById('page') as HTMLElement;

async function show(content: string): Promise<void> {
  const loading = document.getElementById('loading');
  const records = await read(content, (done) => {
    if (loading !== null)
      loading.textContent = `${whole(Math.round(done * 100))} % of the records are read.`;
  });
  if (records.runs.length > 0) {
    new Report(root, records).show(0);
  } else if (records.problemCount > 0) {
    root.replaceChildren(
      errorState(
        'These records cannot be read',
        'No line begins a run.',
        problemList(records.problems, records.problemCount),
        open,
      ),
    );
  } else {
    root.replaceChildren(emptyState(open));
  }
  document.documentElement.dataset['ready'] = 'true';
  performance.mark('plumb-ready');
}

function start(content: Promise<string>): void {
  content.then(show).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    root.replaceChildren(errorState('The report could not be drawn', message, null, open));
    document.documentElement.dataset['ready'] = 'failed';
  });
}

function open(file: File): void {
  start(file.text());
}

start(Promise.resolve(document.getElementById('plumb-records')?.textContent ?? ''));
