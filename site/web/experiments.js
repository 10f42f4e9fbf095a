// The experiments' page: five claims of the paper and what became of them, the course of
// one training, and every figure that `trainer experiment --report` writes. Its data,
// experiments.json, are {claims, course, figures}: figures are the plot.Figures of the
// trainer, course is the record of a training (trainer/train, course.go), and a claim has a
// chart of some series of a figure, or of its own.
'use strict';
(() => {
  try {
    const key = 'parley.theme'; // the same key as in boot.js
    const theme = localStorage.getItem(`${key} ${new URL('.', location.href).pathname}`) ?? localStorage.getItem(key);
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch { /* as the system */ }

  const { el, number, look, chart, legend, save, grid } = window.parleyCharts;
  const { glossed, list: glossary } = window.parleyGlossary;
  const verdicts = { yes: '✓', no: '✗', partly: '◐' };

  // ---- Claims. ----

  function claim(c, figures, looks) {
    const [name, panel] = c.chart?.panel !== undefined && typeof c.chart.panel === 'object' ? ['', c.chart.panel] : c.chart ? [c.chart.figure, figures.find(f => f.name === c.chart.figure).panels[c.chart.panel]] : ['', null];
    const of = name ? looks[name] : ownLooks(panel);
    const shown = panel && { ...panel, series: c.chart.series ? c.chart.series.map(s => panel.series.find(x => x.name === s)) : panel.series };
    return el('article', { class: 'claim' },
      el('header', {}, el('h2', {}, c.claim), el('p', { class: `verdict ${c.verdict}` }, el('span', { 'aria-hidden': 'true' }, verdicts[c.verdict] || ''), ` ${c.verdict} here`)),
      el('p', { class: 'big' }, el('b', {}, c.figure), ' ', c.of), el('p', {}, ...glossed(c.sentence)),
      shown && el('div', {}, keys(shown.series, of), chart(shown, of).box),
      name && el('p', {}, el('a', { href: '#' + name }, 'All of this figure')));
  }
  const keys = (series, looks) => el('ul', { class: 'keys', role: 'list' }, series.map(s => el('li', {}, window.parleyCharts.key(looks(s.name), s.kind !== 'mark'), s.name)));
  const ownLooks = panel => name => look(panel.series.findIndex(s => s.name === name));

  // ---- The course of a training. ----

  function course(lines) {
    const [record, ...points] = lines;
    const box = el('section', { class: 'course', id: 'course' });
    let q = 0, step = 0, timer = 0;
    const of = () => points.filter(p => p.question === q);
    const steps = of().map(p => p.step);
    const slider = el('input', { type: 'range', min: 0, max: steps.length - 1, value: 0, id: 'course-step', oninput() { stop(); at(Number(slider.value)); } });
    const play = el('button', { type: 'button', class: 'plain', onclick: () => timer ? stop() : start() }, 'Play');
    const choose = el('select', { id: 'course-question', onchange() { q = Number(choose.value); draw(); } }, record.questions.map((x, i) => el('option', { value: i }, x.turns.at(-1).question)));
    const said = el('p', { class: 'said', 'aria-live': 'polite' }), talk = el('ol', { class: 'talk' }), table = el('div', {}), charts = el('div', { class: 'panels' });
    const label = el('label', { for: 'course-step' });
    let view = null, plots = null;

    function stop() { clearInterval(timer); timer = 0; play.textContent = 'Play'; }
    function start() {
      if (step === steps.length - 1) at(0);
      play.textContent = 'Pause';
      timer = setInterval(() => { if (step === steps.length - 1) stop(); else at(step + 1); }, matchMedia('(prefers-reduced-motion: reduce)').matches ? 2000 : 900);
    }
    const hue = f => f === 'asked' ? `var(--h${record.questions[q].turns.length})` : f === 'said' ? 'var(--h1)' : 'var(--h0)';
    const origin = { asked: 'in the question', said: 'in what was said before', added: 'added' };
    function at(n) {
      step = n;
      slider.value = n;
      const p = of()[n];
      label.textContent = `Step ${p.step} of ${record.steps}`;
      slider.setAttribute('aria-valuetext', label.textContent);
      said.textContent = `After ${p.step} steps: ${p.terms.length} terms, FLOPS ${p.flops.toFixed(2)}; the answer is at rank ${p.rank || 'beyond 1,000'}. Heaviest: ${p.terms.slice(0, 6).map(t => t[0].replace(/^##/, '-')).join(', ')}.`;
      view.here(n);
    }
    function draw() {
      const ps = of(), all = new Map();
      ps.forEach((p, n) => { for (const [text, w, from] of p.terms) { const e = all.get(text) || { text, from, weights: [] }; e.weights[n] = w; all.set(text, e); } });
      const lit = e => e.weights.filter(Boolean).length;
      const list = [...all.values()].sort((a, b) => b.weights.length - a.weights.length || (b.weights.at(-1) || 0) * (b.weights.length === ps.length) - (a.weights.at(-1) || 0) * (a.weights.length === ps.length) || lit(b) - lit(a));
      const most = Math.max(...list.flatMap(e => e.weights.filter(Boolean)));
      view = grid({
        label: 'Terms by step. Up and down go from term to term.', corner: `${list.length} terms`, heads: ps.map(p => String(p.step)),
        above: [['Rank of the answer', ps.map(p => String(p.rank || '>1000'))]],
        rows: list.map(e => ({ text: e.text.startsWith('##') ? '-' + e.text.slice(2) : e.text, added: e.from === 'added', chip: { asked: 'Q', said: 'H', added: '+' }[e.from], spoken: origin[e.from], hue: hue(e.from), cells: ps.map((_, n) => e.weights[n] ? { weight: e.weights[n], shade: e.weights[n] / most } : null) })),
      });
      table.replaceChildren(view.box);
      talk.replaceChildren(...record.questions[q].turns.map(t => el('li', {}, el('b', {}, t.question), t.reply ? ` ${t.reply}` : '')));
      const line = (title, y, more) => ({ title, x: 'step', ...more, series: [{ name: title, kind: 'curve', points: ps.map(p => ({ x: p.step, y: y(p) })) }] });
      const panels = [line('Learned terms', p => p.terms.length, { zero: true }), line('FLOPS of the question', p => p.flops, { zero: true }), line('Divergence from the teacher (KLD), one batch', p => p.kld ?? NaN, { zero: true })];
      panels[2].series[0].points = panels[2].series[0].points.filter(p => !isNaN(p.y));
      if (!plots) { plots = panels.map((p, i) => chart(p, () => look(i))); charts.replaceChildren(...plots.map(p => p.box)); } else plots.forEach((p, i) => p.set(panels[i]));
      at(Math.min(step, ps.length - 1));
    }
    const price = record.postings ? `a price of λ = ${record.postings} for each posting, which rises over the first ${Math.round(100 * record.lambda_steps)} % of the steps` : 'no price for terms';
    box.append(el('h2', {}, 'How training changes it'),
      el('p', {}, `One short training, recorded: ${record.steps} steps on ${record.examples.toLocaleString('en')} questions of our own conversations, with ${price}. It begins with the encoder of single questions, which lights terms of everything that was said. Watch the question’s own terms appear, and the others go dark. One run with one seed, of two questions that it was not trained on: a course to look at, not a measurement.`),
      el('div', { class: 'cutter' }, el('label', { for: 'course-question' }, 'Question'), choose), talk,
      el('div', { class: 'cutter' }, play, label, slider), said,
      el('div', { class: 'chart-head' }, el('h3', {}, 'Terms, step by step'), save(() => 'Course of a training, question ' + (q + 1), () => ({ head: ['step', 'term', 'from', 'weight'], rows: of().flatMap(p => p.terms.map(t => [p.step, t[0], t[2], t[1]])) }))),
      el('p', { class: 'note' }, 'Chips: Q the term stands in the question, H in what was said before, + it was added. The darker a cell, the heavier the term.'), table, charts);
    draw();
    return box;
  }

  // ---- Everything that was measured, folded. ----

  function table(figure) {
    const rows = figure.panels.flatMap(p => p.series.flatMap(s => s.points.map((r, i) =>
      [p.title, s.name, s.labels?.[i] || '', s.kind === 'level' ? '' : `${p.x} ${p.names ? p.names[r.x] : number(r.x)}`, number(r.y), r.sd ? number(r.sd) : ''])));
    const head = ['chart', 'series', 'point', 'at', 'value', '±'];
    return el('details', { class: 'table' }, el('summary', {}, 'The numbers'), save(() => figure.title, () => ({ head, rows })),
      el('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': `Numbers of ${figure.title}` }, el('table', {},
        el('thead', {}, el('tr', {}, head.map(h => el('th', { scope: 'col' }, h)))),
        el('tbody', {}, rows.map(r => el('tr', {}, r.map(c => el('td', {}, c))))))));
  }

  function show(figure, looks) {
    const names = [...new Set(figure.panels.flatMap(p => p.series.map(s => s.name)))];
    const marks = new Set(figure.panels.flatMap(p => p.series).filter(s => s.kind === 'mark').map(s => s.name));
    const box = el('details', { class: 'figure', id: figure.name }, el('summary', {}, el('h2', {}, figure.title)));
    box.addEventListener('toggle', () => {
      if (!box.open || box.children.length > 1) return;
      const charts = figure.panels.map(p => chart(p, looks));
      box.append(...(figure.caption ? [el('p', {}, ...glossed(figure.caption))] : []), legend(names, looks, marks, off => charts.forEach((c, i) => c.set(figure.panels[i], off))),
        el('div', { class: 'panels' }, charts.map(c => c.box)), table(figure));
    });
    return box;
  }

  function reach() {
    const e = location.hash && document.getElementById(location.hash.slice(1));
    if (!e) return;
    if (e.tagName === 'DETAILS') e.open = true;
    e.scrollIntoView();
  }

  async function start() {
    const charts = document.getElementById('charts');
    try {
      const response = await fetch('{{experiments.json}}', { integrity: '{{experiments.json integrity}}' });
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const data = await response.json();
      const looks = {};
      for (const f of data.figures) {
        const names = [...new Set(f.panels.flatMap(p => p.series.map(s => s.name)))];
        looks[f.name] = name => look(names.indexOf(name));
      }
      charts.replaceChildren(...(data.claims ? [el('section', { class: 'claims', 'aria-label': 'What was found' }, data.claims.map(c => claim(c, data.figures, looks)))] : []),
        ...(data.course ? [course(data.course)] : []),
        el('section', { class: 'rest', 'aria-label': 'Everything that was measured' }, el('h2', { class: 'rest-title' }, 'Everything that was measured'), data.figures.map(f => show(f, looks[f.name]))));
      document.getElementById('figures').append(...(data.course ? [el('a', { href: '#course' }, 'How training changes it')] : []), ...data.figures.map(f => el('a', { href: '#' + f.name }, f.title)));
      document.getElementById('data').append(save(() => 'Parley experiments', () => ({ head: ['figure', 'chart', 'series', 'x', 'y', 'sd'], rows: data.figures.flatMap(f => f.panels.flatMap(p => p.series.flatMap(s => s.points.map(r => [f.name, p.title, s.name, p.names ? p.names[r.x] : r.x, r.y, r.sd || ''])))) }), ['CSV', 'JSON']));
      document.getElementById('glossary').append(glossary());
      addEventListener('hashchange', reach);
      reach();
    } catch (e) {
      charts.replaceChildren(el('p', { class: 'failure', role: 'alert' }, `The figures could not be loaded: ${e.message}.`));
    }
  }
  start();
})();
