// The top of a report: the answer in words, the key figures, the pipeline.
import { channelQueue, type Analysis } from '../analysis';
import { answer, between, type Sentence } from '../answer';
import { drawPipeline } from '../charts/pipeline';
import { h } from '../dom';
import { figure, type Easel } from '../figure';
import { duration, durations, ms, percent, plural, significant, whole } from '../format';
import { findLimit } from '../forecast';
import { KINDS } from '../records';
import { percentile, type Estimate } from '../stats';
import { KIND_NAMES } from '../theme';
import type { Table } from '../table';

function paragraph(sentence: Sentence): HTMLElement {
  return h(
    'p',
    {},
    ...sentence.map((part) => (typeof part === 'string' ? part : h('strong', {}, part[0]))),
  );
}

interface Figure {
  name: string;
  value: string;
  detail: string;
}

function timed(name: string, estimate: Estimate | null): Figure[] {
  if (estimate === null) return [];
  const range =
    estimate.low !== null && estimate.high !== null
      ? durations(estimate.low, estimate.high)
      : between(estimate, duration);
  return [{ name, value: duration(estimate.value), detail: range && `95 %: ${range}` }];
}

function keyFigures(analysis: Analysis): Figure[] {
  const { throughput, sourceFps, latencies, aiShare, frames, work, kinds, cpuUse, cores } =
    analysis;
  const figures: Figure[] = [];
  if (throughput !== null && !analysis.profile) {
    const range = between(throughput);
    figures.push({
      name: 'throughput',
      value: `${significant(throughput.value)} /s`,
      detail: range && `95 %: ${range}`,
    });
    if (sourceFps !== null) {
      figures.push({
        name: 'real time',
        value: `${significant(throughput.value / sourceFps)} ×`,
        detail: `source: ${significant(sourceFps)} frames/s`,
      });
    }
  }
  figures.push(
    ...timed('latency p50', percentile(latencies, 0.5)),
    ...timed('latency p99', percentile(latencies, 0.99)),
  );
  if (aiShare !== null && !analysis.profile) {
    figures.push({
      name: 'AI share',
      value: percent(aiShare),
      detail: 'of all work, waiting left out',
    });
    if (frames.length > 0) {
      figures.push({
        name: 'AI tax',
        value: percent(1 - aiShare),
        detail: `${duration((work - kinds.ai) / frames.length)} a frame`,
      });
    }
  }
  if (cpuUse !== null && cores !== null) {
    figures.push({
      name: 'processor',
      value: percent(cpuUse),
      detail: `of ${plural(cores, 'core')} at work`,
    });
  }
  return figures;
}

/** What was dropped, failed or left unfinished, in a sentence. */
function losses(analysis: Analysis): string {
  const { run, frames, unfinished } = analysis;
  const counts = new Map<string, number>();
  for (const event of run.events) counts.set(event.what, (counts.get(event.what) ?? 0) + 1);
  const parts = [...counts].map(([what, count]) => `${whole(count)} ${what}`);
  if (unfinished > 0) parts.push(`${whole(unfinished)} without an end in these records`);
  const unit = analysis.profile ? plural(frames.length, 'run') : plural(frames.length, 'frame');
  return (
    `${unit} measured over ${duration(analysis.end - analysis.begin)}; ` +
    (parts.length === 0 ? 'nothing was dropped, nothing failed.' : `events: ${parts.join(', ')}.`)
  );
}

export function overview(analysis: Analysis): HTMLElement {
  const sentences = answer(analysis, findLimit(analysis));
  const figures = keyFigures(analysis);
  return h(
    'section',
    { id: 'answer', 'aria-labelledby': 'answer-title' },
    h('h2', { id: 'answer-title', class: 'quiet' }, 'In short'),
    h(
      'div',
      { class: 'answer' },
      ...sentences.map(paragraph),
      sentences.length === 0
        ? h(
            'p',
            {},
            'The records hold no finished frame and no work: there is nothing to conclude from.',
          )
        : null,
    ),
    figures.length > 0 &&
      h(
        'dl',
        { class: 'figures' },
        ...figures.map(({ name, value, detail }) =>
          h('div', {}, h('dt', {}, name), h('dd', {}, value), h('dd', { class: 'detail' }, detail)),
        ),
      ),
    h('p', { class: 'summary' }, losses(analysis)),
  );
}

function pipelineTable(analysis: Analysis): Table {
  return {
    caption: 'Channels of the pipeline',
    columns: [
      { title: 'from', type: 'text' },
      { title: 'to', type: 'text' },
      { title: 'capacity', type: 'count' },
      { title: 'mean depth', type: 'number' },
      { title: 'greatest depth', type: 'number' },
      { title: 'waiting a frame', unit: 'ms', type: 'number' },
    ],
    rows: (analysis.run.graph?.edges ?? []).map((edge) => {
      const stage = analysis.stages.find((one) => one.id === edge.to);
      const queue = channelQueue(analysis.run, edge);
      return [
        edge.from,
        edge.to,
        edge.capacity,
        queue?.mean ?? null,
        queue?.max ?? null,
        analysis.frames.length > 0 ? ms((stage?.self.wait ?? 0) / analysis.frames.length) : null,
      ];
    }),
  };
}

export function pipelineSection(easel: Easel, analysis: Analysis): HTMLElement | null {
  const { graph } = analysis.run;
  if (graph === null || graph.nodes.length === 0) return null;
  const slowest = findLimit(analysis)?.stage ?? null;
  const kinds = KINDS.filter((kind) => kind !== 'wait' && analysis.kinds[kind] > 0);
  const key = h(
    'ul',
    { class: 'key' },
    ...kinds.map((kind) =>
      h('li', {}, h('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), KIND_NAMES[kind]),
    ),
  );
  return h(
    'section',
    { id: 'pipeline', 'aria-labelledby': 'pipeline-heading' },
    h('h2', { id: 'pipeline-heading' }, 'Pipeline'),
    figure(easel, {
      id: 'pipeline-graph',
      title: graph.name ? `Stages and channels of ${graph.name}` : 'Stages and channels',
      summary:
        `${plural(graph.nodes.length, 'stage')} and ${plural(graph.edges.length, 'channel')}; ` +
        `in each stage its work ` +
        'a frame and how busy its replicas are' +
        (slowest === null ? '.' : `, the busiest, '${slowest.label}', with a bold edge.`),
      controls: key,
      note:
        'Bars have one scale: work of the stage a frame. On a channel: mean queue over its ' +
        'capacity, and below it the waiting a frame.',
      draw: (box, width, theme) => drawPipeline(box, width, theme, analysis, slowest?.id ?? null),
      table: () => pipelineTable(analysis),
    }),
  );
}
