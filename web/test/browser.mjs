// Opens the built page in Chromium with records in it and checks what a reader relies on.
// `node test/browser.mjs [--shots DIR]`; CHROMIUM names another browser. Ends with the count.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { embed } from './embed.mjs';
import { CASES, PARTS } from './cases.mjs';

const PAGE = fileURLToPath(new URL('../dist/report.html', import.meta.url));
const SWITCHES = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let passed = 0;
let failed = 0;
let skipped = 0;
let place = '';

function check(what, condition, detail = '') {
  if (condition) passed++;
  else {
    failed++;
    console.log(`FAIL ${place}: ${what}${detail === '' ? '' : ` (${detail})`}`);
  }
}

function finish() {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed > 0 ? 1 : 0);
}

function skip(why) {
  console.log(`skipped: ${why}`);
  skipped++;
  finish();
}

function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders
    .flatMap((folder) =>
      ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)),
    )
    .find((path) => existsSync(path));
}

async function inspectPage(page) {
  return page.evaluate(() => {
    const box = (e) => e.getBoundingClientRect();
    const controls = [...document.querySelectorAll('button, select, input, a[href]')].filter(
      (e) => !e.disabled && box(e).width > 0,
    );
    const unnamed = controls.filter(
      (e) => !(e.textContent.trim() || e.labels?.length || e.getAttribute('aria-label')),
    );
    const levels = [...document.querySelectorAll('h1, h2, h3')].map((e) => Number(e.tagName[1]));
    const outside = [...document.querySelectorAll('.picture text')]
      .filter((t) => {
        const svg = box(t.closest('svg'));
        const own = box(t);
        return (
          own.width > 0 &&
          (own.left < svg.left - 1 ||
            own.right > svg.right + 1 ||
            own.bottom > svg.bottom + 1 ||
            own.top < svg.top - 1)
        );
      })
      .map((t) => t.textContent);
    return {
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      inline: [...document.querySelectorAll('*')].filter((e) =>
        e.getAttributeNames().some((name) => /^on/.test(name)),
      ).length,
      unnamed: unnamed.length,
      jumps:
        levels.some((level, i) => i > 0 && level > levels[i - 1] + 1) ||
        levels.filter((level) => level === 1).length !== 1,
      pictures: document.querySelectorAll('.picture').length,
      drawn: document.querySelectorAll('.picture svg').length,
      outside,
      broken: [...document.querySelectorAll('.picture svg *')].filter((e) =>
        e.getAttributeNames().some((name) => /NaN|undefined/.test(e.getAttribute(name))),
      ).length,
      words: document.body.innerText,
      scripts: document.querySelectorAll('img, iframe, object').length,
    };
  });
}

async function checkSaving(page) {
  for (const [label, name, begins] of [
    ['Save CSV', 'stage-bars.csv', 'stage,replicas,items,'],
    ['Save SVG', 'stage-bars.svg', '<?xml'],
    ['Save SVG', 'pipeline-graph.svg', '<?xml'],
    ['Save CSV', 'time-line.csv', 'frame,where,kind,'],
  ]) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator(`#${name.replace(/\..*/, '')} >> text="${label}"`).click(),
    ]);
    const content = readFileSync(await download.path(), 'utf8');
    check(
      `${label} gives ${name}`,
      download.suggestedFilename() === name && content.startsWith(begins),
      content.slice(0, 60),
    );
    if (label === 'Save SVG') {
      const valid = await page.evaluate((text) => {
        const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
        return (
          root.tagName === 'svg' &&
          root.hasAttribute('viewBox') &&
          root.querySelectorAll('text').length > 3
        );
      }, content);
      check(`${name} is a picture of its own`, valid);
    }
  }
}

async function checkUse(page) {
  const table = page.locator('#latency-histogram');
  await table.locator('text="Show table"').focus();
  await page.keyboard.press('Enter');
  check('the table opens by keyboard', (await table.locator('tbody tr').count()) > 5);
  check(
    'its button says so',
    (await table.locator('button[aria-expanded=true]').innerText()) === 'Hide table',
  );
  const said = page.locator('#timeline .said');
  const before = await said.innerText();
  const took = await page.evaluate(() => {
    const button = [...document.querySelectorAll('#timeline button')].find(
      (b) => b.textContent === 'Later',
    );
    const start = performance.now();
    button.click();
    return performance.now() - start;
  });
  check('the time line moves on', (await said.innerText()) !== before);
  console.log(`${place}: the time line moves in ${took.toFixed(0)} ms (goal 50 at rest)`);
  await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
  });
  const seen = new Set();
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    seen.add(
      await page.evaluate(() => {
        const e = document.activeElement;
        return (
          `${e.tagName} ${e.textContent.slice(0, 30)} ` +
          `${getComputedStyle(e).outlineStyle !== 'none'}`
        );
      }),
    );
  }
  check(
    'Tab reaches controls with a visible focus',
    [...seen].filter((name) => name.endsWith('true')).length >= 10,
    [...seen].join('; '),
  );
}

/** A script that gets into the page some other way is refused by the page's policy. */
async function checkPolicy(page) {
  const ran = await page.evaluate(async () => {
    const refused = new Promise((done) => {
      addEventListener('securitypolicyviolation', (e) => done(e.effectiveDirective), { once: true });
      setTimeout(() => done('nothing'), 2000);
    });
    const script = document.createElement('script');
    script.textContent = 'window.intruder = true';
    document.body.append(script);
    return { refused: await refused, ran: window.intruder === true };
  });
  check('a foreign script is refused', !ran.ran && /^script-src/.test(ran.refused), ran.refused);
}

async function checkPaper(page) {
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 688, height: 1000 }); // A4 less its margins
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  const { overflow } = await inspectPage(page);
  check('paper holds the page', overflow <= 0, `${overflow} px too wide`);
  const color = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  check('paper is white', color === 'rgb(255, 255, 255)', color);
  const ground = await page.evaluate(() =>
    document.querySelector('#stage-bars svg rect')?.getAttribute('fill'),
  );
  check('pictures on paper are light', /^(#fff|white|rgb\(255)/i.test(ground ?? ''), ground);
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
}

async function checkCase(browser, folder, name, width, scheme, shots) {
  place = `${name}, ${width} px, ${scheme}`;
  const file = join(folder, `${name.replace(/ /g, '-')}.html`);
  if (!existsSync(file)) writeFileSync(file, embed(PAGE, CASES[name], `Report of ${name}`));
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const messages = [];
  const requests = [];
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(String(error)));
  page.on('dialog', (dialog) => {
    messages.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!/^(file|blob|data):/.test(request.url())) requests.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction(() => document.documentElement.dataset.ready !== undefined);
  const expected = PARTS[name] ?? [];
  if (expected.length > 0)
    await page.waitForFunction(() => document.documentElement.dataset.drawn !== undefined);
  for (const id of expected)
    check(`section ${id} is there`, (await page.locator(`#${id}`).count()) === 1);
  const found = await inspectPage(page);
  check(
    'every picture is drawn',
    found.drawn === found.pictures,
    `${found.drawn} of ${found.pictures}`,
  );
  check('nothing is wider than the page', found.overflow <= 0, `${found.overflow} px`);
  check('no text of a picture is cut', found.outside.length === 0, found.outside.join('; '));
  check('every shape has its numbers', found.broken === 0, `${found.broken} without`);
  check('no inline event handlers', found.inline === 0);
  check('no element from the records', found.scripts === 0);
  check('every control has a name', found.unnamed === 0);
  check('headings follow each other', !found.jumps);
  check('no NaN or undefined in words', !/\bNaN\b|undefined|\[object/.test(found.words));
  if (name === 'empty')
    check('says that there are no records', found.words.includes('No records in this page'));
  if (name === 'broken')
    check(
      'names the lines',
      /line \d+: "kind" is "gpu"/.test(found.words) && /line \d+: not valid JSON/.test(found.words),
    );
  if (name === 'unreadable')
    check('says what is wrong', /line 1: not valid JSON/.test(found.words));
  if (name === 'hostile')
    check('shows the text as it is', found.words.includes('<img src=x onerror=alert(1)>'));
  if (name === 'application') {
    const paint = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity,
    );
    check('paints at all', Number.isFinite(paint));
    console.log(
      `${place}: first paint ${paint.toFixed(0)} ms (goal 200 at rest), answer ${await page.evaluate(
        () => performance.getEntriesByName('plumb-ready')[0].startTime.toFixed(0),
      )} ms`,
    );
    if (shots !== null)
      await page.screenshot({
        path: join(shots, `${name}-${width}-${scheme}.png`),
        fullPage: true,
      });
    await checkUse(page);
    await checkSaving(page);
    if (width === 1400) {
      const hidden = await page.evaluate(() => {
        const box = document.querySelector('#stage-table .scroll');
        return box.scrollWidth - box.clientWidth;
      });
      check('the table of stages is seen whole', hidden <= 0, `${hidden} px hidden`);
      await checkPaper(page);
    }
  }
  if (name === 'runs') {
    await page.locator('#run').selectOption('1');
    check(
      'the selector changes the run',
      await page
        .locator('#run option:checked')
        .innerText()
        .then((t) => t.includes('second')),
    );
    check('and the page under it', (await page.locator('#machine').innerText()).includes('second'));
  }
  if (name === 'empty') {
    const records = join(folder, 'records.jsonl');
    writeFileSync(records, CASES.profile.map((line) => JSON.stringify(line)).join('\n'));
    await page.locator('#open-file').setInputFiles(records);
    await page.waitForSelector('#steps');
    check('a run file can be opened', (await page.locator('#step-table tbody tr').count()) === 40);
  }
  check('the console is silent', messages.length === 0, messages.join('; '));
  check('nothing is requested', requests.length === 0, requests.join('; '));
  await checkPolicy(page);
  await context.close();
}

if (!existsSync(PAGE)) {
  console.log(`FAIL ${PAGE} is not there; run npm run build`);
  failed++;
  finish();
}
const chromium = findChromium();
if (chromium === undefined) skip('no chromium in PATH, and CHROMIUM names none');
const at = process.argv.indexOf('--shots');
const shots = at < 0 ? null : (process.argv[at + 1] ?? 'shots');
if (shots !== null) mkdirSync(shots, { recursive: true });
const { chromium: launcher } = await import('playwright-core');
const folder = mkdtempSync(join(tmpdir(), 'plumb-web-'));
const browser = await launcher.launch({ executablePath: chromium, args: SWITCHES });
try {
  for (const name of Object.keys(CASES)) {
    for (const width of [1400, 400]) {
      for (const scheme of name === 'application' || name === 'runs'
        ? ['light', 'dark']
        : [width === 400 ? 'light' : 'dark']) {
        await checkCase(browser, folder, name, width, scheme, shots);
      }
    }
  }
} catch (error) {
  check('the test runs to its end', false, String(error));
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
finish();
