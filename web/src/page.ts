// Puts a report together: states (empty, error), problems, selector of runs, sections.
import { analyse, type Analysis } from './analysis';
import { h, type Child } from './dom';
import { Easel } from './figure';
import { plural } from './format';
import type { Problem, Records } from './records';
import { compareSection, runName } from './sections/compare';
import { eventsSection, machineSection, qualitySection, samplesSection } from './sections/facts';
import { latencySection, speedupSection, timeLineSection } from './sections/frames';
import { overview, pipelineSection } from './sections/overview';
import { stagesSection, stepsSection } from './sections/stages';

export type OpenFile = (file: File) => void;

function opener(open: OpenFile): HTMLElement {
  const input = h('input', { type: 'file', id: 'open-file', accept: '.jsonl,.ndjson,.json' });
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file !== undefined) open(file);
  });
  return h(
    'p',
    { class: 'open' },
    h('label', { for: 'open-file' }, 'Open a run file from this computer: '),
    input,
  );
}

function state(title: string, ...children: Child[]): HTMLElement {
  return h('main', { id: 'content', class: 'state' }, h('h1', {}, title), ...children);
}

export function emptyState(open: OpenFile): HTMLElement {
  return state(
    'No records in this page',
    h(
      'p',
      {},
      'A report is written from run files with ',
      h('code', {}, 'plumb report RUN.jsonl --output PAGE.html'),
      '.',
    ),
    opener(open),
  );
}

export function errorState(
  title: string,
  message: string,
  problems: HTMLElement | null,
  open: OpenFile,
): HTMLElement {
  return state(title, h('p', { role: 'alert' }, message), problems, opener(open));
}

export function problemList(problems: readonly Problem[], count: number): HTMLElement | null {
  if (count === 0) return null;
  return h(
    'div',
    { class: 'problems', role: 'alert' },
    h(
      'p',
      {},
      h('strong', {}, `${plural(count, 'line')} could not be read`),
      count === 1 ? ' and is left out of every figure:' : ' and are left out of every figure:',
    ),
    h(
      'ul',
      {},
      ...problems.map(({ line, message, excerpt }) =>
        h('li', {}, `line ${line}: ${message} `, h('code', {}, excerpt)),
      ),
    ),
    count > problems.length ? h('p', {}, `The first ${problems.length} are listed.`) : null,
  );
}

const NAMES: Record<string, string> = {
  compare: 'Runs',
  pipeline: 'Pipeline',
  stages: 'Stages',
  latency: 'Latency',
  timeline: 'Time line',
  amdahl: 'Faster networks',
  quality: 'Quality',
  steps: 'Steps',
  samples: 'Over time',
  events: 'Events',
  machine: 'Machine',
};

function navigation(sections: readonly HTMLElement[]): HTMLElement {
  return h(
    'nav',
    { 'aria-label': 'Sections' },
    h(
      'ul',
      {},
      ...sections
        .filter((section) => NAMES[section.id] !== undefined)
        .map((section) =>
          h('li', {}, h('a', { href: `#${section.id}` }, NAMES[section.id] as string)),
        ),
    ),
  );
}

function subtitle({ run: { header } }: Analysis): string {
  const { processor, cores } = header.machine;
  const when = new Date(header.started);
  return [
    Number.isNaN(when.getTime())
      ? ''
      : when
          .toISOString()
          .replace('T', ' ')
          .replace(/\.\d+Z$/, ' UTC'),
    typeof processor === 'string' ? processor : '',
    typeof cores === 'number' ? plural(cores, 'core') : '',
    header.commit ? `commit ${header.commit.slice(0, 12)}` : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

/** One run of a report; the selector draws another. */
export class Report {
  private readonly root: HTMLElement;
  private readonly records: Records;
  private readonly runs: Analysis[];
  private easel: Easel | null = null;

  constructor(root: HTMLElement, records: Records) {
    this.root = root;
    this.records = records;
    this.runs = records.runs.map(analyse);
  }

  show(index: number): void {
    const analysis = this.runs[index];
    if (analysis === undefined) return;
    this.easel?.dispose();
    const easel = (this.easel = new Easel());
    const steps = stepsSection(analysis);
    const sections = [
      overview(analysis),
      compareSection(easel, this.runs),
      pipelineSection(easel, analysis),
      analysis.profile ? steps : null,
      stagesSection(easel, analysis),
      latencySection(easel, analysis),
      timeLineSection(easel, analysis),
      speedupSection(easel, analysis),
      qualitySection(analysis),
      analysis.profile ? null : steps,
      samplesSection(easel, analysis),
      eventsSection(analysis),
      machineSection(analysis),
    ].filter((section) => section !== null);
    const title = analysis.run.graph?.name || document.title;
    this.root.replaceChildren(
      h(
        'header',
        {},
        h('h1', {}, title),
        h('p', { class: 'subtitle' }, subtitle(analysis)),
        this.selector(index),
        navigation(sections),
      ),
      h(
        'main',
        { id: 'content' },
        problemList(this.records.problems, this.records.problemCount),
        ...sections,
      ),
      h(
        'footer',
        {},
        h('p', {}, 'Drawn from the records in this page; nothing is sent or loaded.'),
      ),
    );
  }

  private selector(index: number): HTMLElement | null {
    if (this.runs.length < 2) return null;
    const select = h(
      'select',
      { id: 'run' },
      ...this.runs.map((run, i) =>
        h('option', { value: i, selected: i === index }, runName(run, i)),
      ),
    );
    select.addEventListener('change', () => {
      this.show(Number(select.value));
      document.getElementById('run')?.focus();
    });
    return h('p', { class: 'select' }, h('label', { for: 'run' }, 'Run '), select);
  }
}
