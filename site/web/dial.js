// The dial, "How sparse?": every level of the family beside each other for one turn of the
// conversation. The page's program (wasm/ui/dial.go) hands over the conversation; this
// script asks the worker what each level makes of it, one probe after the other, and never
// changes the conversation.
'use strict';
(() => {
  const { parley } = window;
  const { el, number, levelLook, key, chart, legend, save, grid } = window.parleyCharts;

  // ---- What is known. ----

  let rows = []; // the conversation's turns, newest last (see wasm/ui/dial.go)
  let looked = 0, level = '';
  let figures = {}; // of the levels' cards: levels.json
  let answers = new Map(); // by what was asked
  const turn = () => rows.find(r => r.i === looked) || rows.at(-1);
  const levels = () => parley.about?.levels || [];
  const passages = () => Math.max(parley.about?.passages || 1, 1);

  // askOf returns the text of a probe, which is also the key of its answer.
  function askOf(row, name, weights) {
    return JSON.stringify({ ...row.ask, level: name, ...(weights && { weights }) });
  }
  const known = (row, name) => answers.get(askOf(row, name));
  const learned = a => a.terms.filter(t => !t.word), exact = a => a.terms.filter(t => t.word);
  const flops = a => a.cost.postings / passages();

  // goal is what the ranks are of: the articles that were judged to answer, or else the one
  // that the reply quotes.
  function goal(row) {
    const titles = new Map(levels().flatMap(l => known(row, l.name)?.results || []).map(r => [r.id, r.title]));
    if (row.gold.length) return { ids: row.gold, name: row.gold.map(id => titles.get(id) || id.replace(/_/g, ' ')).join(' or '), judged: true };
    return row.reply ? { ids: [row.reply], name: row.replyTitle, judged: false } : null;
  }
  function rankOf(a, g) {
    const at = g ? a.results.findIndex(r => g.ids.includes(r.id)) : -1;
    return at < 0 ? 0 : at + 1;
  }
  const rankText = n => n ? String(n) : `>\u200a100`;

  // One probe at a time; what is looked at comes first. Whatever changes meanwhile only
  // changes what is asked next.
  let busy = false, again = false, failed = '';
  async function tend() {
    if (busy) { again = true; return; }
    busy = true;
    failed = '';
    try {
      for (let next; root?.isConnected && (next = missing());) {
        const answer = await parley.probe(next.ask);
        answers.set(next.ask, whole(answer, next.from));
        draw();
      }
    } catch (e) {
      failed = e.message;
      draw();
    }
    busy = false;
    if (again) { again = false; tend(); }
  }
  // whole fills in what a message leaves out because it is empty, and counts turns from the
  // conversation's first.
  function whole(a, from) {
    a = { ...a, terms: a.terms || [], results: a.results || [], cost: { postings: 0, encode_ms: 0, search_ms: 0, ...a.cost } };
    for (const t of a.terms) { t.turn ??= 0; if (t.turn >= 0) t.turn += from; }
    return a;
  }
  function missing() {
    const now = turn();
    if (!now) return null;
    for (const row of [now, ...rows])
      for (const l of levels()) if (!known(row, l.name)) return { ask: askOf(row, l.name), from: row.from };
    const c = cutAsk();
    if (c && !answers.has(c)) return { ask: c, from: now.from };
    for (const ask of sweepAsks()) if (!answers.has(ask)) return { ask, from: now.from };
    return null;
  }

  // ---- Keeping only the heaviest terms. ----

  let cutLevel = '', keep = 0; // keep: how many learned terms; 0 means all of them
  const cutOf = () => known(turn(), cutLevel);
  function cutTo(a, n) {
    return learned(a).slice(n).map(t => ({ text: t.text, factor: 0 }));
  }
  function cutAsk() {
    const a = turn() && cutLevel && cutOf();
    if (!a || !keep || keep >= learned(a).length) return null;
    return askOf(turn(), cutLevel, cutTo(a, keep));
  }
  const steps = n => [...new Set([...Array.from({ length: Math.min(n, 12) }, (_, i) => i + 1), ...Array.from({ length: 10 }, (_, i) => Math.round(12 * (n / 12) ** ((i + 1) / 10)))])].filter(k => k < n);
  function sweepAsks() {
    const a = turn() && cutLevel && cutOf();
    return a ? steps(learned(a).length).map(k => askOf(turn(), cutLevel, cutTo(a, k))) : [];
  }

  // ---- Drawing. ----

  let root = null, parts = null;
  const region = (label, ...children) => el('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': label }, children);
  const { gloss: explain, list: glossary } = window.parleyGlossary;

  function make() {
    const p = parts = {
      summary: el('p', { class: 'summary', 'aria-live': 'polite' }),
      radios: el('div', {}), what: el('p', { class: 'note' }),
      picker: el('div', { class: 'picker', role: 'group', 'aria-label': 'Turn to look at' }),
      figures: el('table', { class: 'side-by-side figures-table' }), grid: el('div', {}), results: el('table', { class: 'side-by-side results-table' }),
      gridNote: el('p', { class: 'note' }),
      slider: el('input', { type: 'range', min: 1, step: 1, id: 'keep', 'aria-describedby': 'keep-note', oninput: () => { keep = Number(p.slider.value); draw(); tend(); } }),
      cutName: el('span', { class: 'cut-name' }), cutRead: el('dl', { class: 'figures' }), cutCharts: el('div', { class: 'charts' }),
      choose: el('select', { id: 'cut-level', onchange: () => { cutLevel = p.choose.value; keep = 0; draw(); tend(); } }),
      turns: el('div', { class: 'charts' }), legend: el('div', {}), table: el('table', {}),
      time: el('div', { class: 'time', 'aria-live': 'polite' }),
    };
    root = el('div', {},
      el('h3', {}, 'How sparse?'), p.summary,
      el('fieldset', { class: 'levels' }, el('legend', {}, 'Level that answers'), p.radios), p.what,
      p.picker,
      head('This turn, level by level', () => figuresData()),
      region('This turn, level by level', p.figures),
      head('Which terms go dark', () => gridData()), p.gridNote,
      p.grid,
      head('First results', () => resultsData()),
      region('First results of each level', p.results),
      el('p', { class: 'note' }, 'Marks beside results: how they moved against the level that answers.'),
      el('h4', {}, 'Keep only the heaviest terms'),
      el('p', { class: 'note', id: 'keep-note' }, 'Between two trained levels there is no encoder, so nothing is interpolated there. What can be changed without a step is how many of its learned terms a query keeps; exact words stay.'),
      el('div', { class: 'cutter' }, el('label', { for: 'cut-level' }, 'Level'), p.choose, el('label', { for: 'keep' }, p.cutName), p.slider),
      p.cutRead, p.cutCharts,
      el('h4', {}, 'Turn by turn'), p.legend, p.turns,
      el('details', { class: 'numbers' }, el('summary', {}, 'The charts’ numbers as a table'), region('The charts’ numbers', p.table)),
      p.time,
      el('details', { class: 'numbers' }, el('summary', {}, 'Glossary'), glossary()));
    for (const c of Object.values(charts)) c.box.remove();
    for (const k of Object.keys(charts)) delete charts[k];
    drawTime();
  }
  function head(title, data) {
    return el('div', { class: 'chart-head' }, el('h4', {}, title), save(() => title + ', turn ' + (looked + 1), data));
  }

  const nameOf = l => l.title;
  const levelHead = (l, n) => [key(levelLook(n), false), el('span', {}, nameOf(l))];

  function draw() {
    if (!root?.isConnected || !turn()) return;
    const row = turn(), ls = levels(), as = ls.map(l => known(row, l.name)), g = goal(row);
    if (!ls.some(l => l.name === cutLevel)) cutLevel = level;
    drawSummary(ls, as);
    drawLevels(ls);
    drawPicker();
    drawFigures(ls, as, g);
    drawGrid(ls, as, row);
    drawResults(ls, as, g);
    drawCut(ls, row, g);
    drawTurns(ls);
  }

  function drawSummary(ls, as) {
    const first = as[0], last = as.at(-1);
    const count = (n, noun) => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
    const of = a => exact(a).length ? `${count(learned(a).length, 'learned term')} and ${count(exact(a).length, 'exact word')}` : count(learned(a).length, 'term');
    let text = failed ? `This could not be asked: ${failed}.` : 'Every level reads this turn.';
    if (first && last && ls.length > 1 && !failed) {
      const ten = a => a.results.slice(0, 10).map(r => r.id), same = ten(last).filter(id => ten(first).includes(id)).length;
      text = `For this turn ${nameOf(ls[0])} searches for ${of(first)}, ${nameOf(ls.at(-1))} for ${of(last)}; of their first ten results they share ${same}.`;
    }
    if (parts.summary.textContent !== text) parts.summary.textContent = text;
  }

  function drawLevels(ls) {
    const kept = parts.radios.dataset.of === ls.map(l => l.name).join(' ');
    if (!kept) {
      parts.radios.dataset.of = ls.map(l => l.name).join(' ');
      parts.radios.replaceChildren(...ls.map((l, n) => el('label', {},
        el('input', { type: 'radio', name: 'level', value: l.name, onchange: () => parley.call('level', l.name) }),
        el('span', { class: 'name' }, levelHead(l, n)), el('span', { class: 'figure' }, l.flops ? `FLOPS\u00a0${l.flops.toFixed(2)} ${l.questions ? `on ${l.questions.toLocaleString('en')} questions` : 'on average'}` : ''))));
      parts.choose.replaceChildren(...ls.map(l => el('option', { value: l.name }, nameOf(l))));
    }
    ls.forEach((l, n) => {
      const label = parts.radios.children[n];
      label.classList.toggle('in-use', l.name === level);
      label.firstChild.checked = l.name === level;
    });
    parts.choose.value = cutLevel;
    const f = figures[level], l = ls.find(x => x.name === level);
    const text = [];
    if (f?.what) text.push(f.what);
    const plain = nameOf(ls.find(x => x.ratio === 1) || ls[0]);
    if (l?.flops) text.push(`Averages: FLOPS is ${l.flops.toFixed(2)} on ${l.questions ? `the ${l.questions.toLocaleString('en')} questions of ` : ''}our dev conversations, in the built-in collection` + (l.ratio > 1 ? `, ${l.ratio.toFixed(2)} times fewer than ${plain}` : '') + '.');
    for (const lost of f?.lost || []) text.push(`On ${lost.queries.toLocaleString('en')} questions (${lost.set}) this level ${lost.r100 >= 0 ? 'loses' : 'gains'} ${Math.abs(lost.r100).toFixed(1)} % of ${plain}’s R@100.`);
    parts.what.replaceChildren(text.join(' '), ...(l?.card?.startsWith('cards/') ? [' ', el('a', { href: l.card, target: '_blank', rel: 'noopener' }, `The card of ${nameOf(l)}`)] : []));
  }

  function drawPicker() {
    const of = JSON.stringify(rows.map(r => r.i));
    if (parts.picker.dataset.of !== of) {
      parts.picker.dataset.of = of;
      parts.picker.replaceChildren(...rows.map(r => el('button', { type: 'button', class: `number h${r.i % 8 + 1}`, onclick: () => parley.call('look', '', '', r.i) }, el('span', { class: 'vh' }, 'Turn '), String(r.i + 1))),
        el('p', { class: 'question', dir: 'auto' }));
    }
    rows.forEach((r, n) => parts.picker.children[n].setAttribute('aria-pressed', String(r === turn())));
    parts.picker.lastChild.textContent = turn().question;
  }

  // costs are the rows of figures; each says whether it is of this question alone.
  function costs(g) {
    return [
      ...(g ? [['Rank of the answer', a => rankOf(a, g), rankText]] : []),
      ['Learned terms', a => learned(a).length, n => n.toLocaleString('en'), 'learned term'],
      ['Exact words', a => exact(a).length, n => n.toLocaleString('en'), 'exact word'],
      ['FLOPS', flops, n => n.toFixed(2), 'FLOPS'],
      ['Postings touched', a => a.cost.postings, n => n.toLocaleString('en'), 'postings'],
    ];
  }
  function figuresData() {
    const g = goal(turn()), ls = levels();
    return { head: ['this turn', ...ls.map(nameOf)], rows: costs(g).map(([name, of]) => [name, ...ls.map(l => { const a = known(turn(), l.name); return a ? Math.round(of(a) * 1000) / 1000 : ''; })]) };
  }
  function drawFigures(ls, as, g) {
    const body = costs(g).map(([name, of, show, gloss]) => {
      const values = as.map(a => a ? of(a) : NaN), most = Math.max(...values.filter(v => !isNaN(v)), 1e-9);
      const rank = name === 'Rank of the answer';
      return el('tr', { class: 'figures' }, el('th', { scope: 'row' }, gloss ? explain(gloss, name) : name), values.map((v, n) => {
        const bar = el('span', { class: 'bar', 'aria-hidden': 'true' });
        bar.style.width = isNaN(v) || rank ? '0' : `${(100 * v / most).toFixed(1)}%`;
        bar.style.background = levelLook(n).colour;
        return el('td', { class: rank && v === 1 ? 'found' : rank && v === 0 ? 'missing' : '' }, el('span', { class: 'value' }, isNaN(v) ? '…' : show(v)), bar);
      }));
    });
    parts.figures.replaceChildren(el('caption', {}, g ? `One question, not an average. The answer: ${g.name}, ${g.judged ? 'judged to answer it' : 'which the reply quotes'}.` : 'One question, not an average.'),
      el('thead', {}, el('tr', {}, el('td', {}), ls.map((l, n) => el('th', { scope: 'col', class: l.name === level ? 'in-use' : '' }, levelHead(l, n))))), el('tbody', {}, body));
  }

  // terms returns the rows of the grid: every learned term that any level lights. Those
  // that the sparsest levels keep come first, so that each column goes dark from below.
  function terms(as) {
    const all = new Map();
    as.forEach((a, n) => { if (a) for (const t of learned(a)) {
      const e = all.get(t.text) || { text: t.text, weights: [], turn: t.turn, reply: t.reply, typed: t.typed };
      e.weights[n] = t.weight;
      all.set(t.text, e);
    } });
    const alive = e => e.weights.reduce((sum, w, n) => sum + (w > 0 ? 2 ** n : 0), 0); // the last level weighs most
    const last = e => e.weights.length - 1; // weights has no entries behind the last level that lights it
    return [...all.values()].sort((a, b) => last(b) - last(a) || alive(b) - alive(a) || Math.max(...b.weights.filter(Boolean)) - Math.max(...a.weights.filter(Boolean)));
  }
  const shown = t => t.startsWith('##') ? '-' + t.slice(2) : t;
  function gridData() {
    const ls = levels(), as = ls.map(l => known(turn(), l.name)), list = terms(as), most = Math.max(...list.flatMap(e => e.weights.filter(Boolean)), 1e-9);
    return { head: ['term', 'from', ...ls.map(nameOf)], rows: list.map(e => [e.text, from(e), ...ls.map((_, n) => e.weights[n] ? Number(e.weights[n].toFixed(3)) : '')]),
      shade: (r, c) => c >= 2 && list[r].weights[c - 2] ? { colour: hue(list[r]), weight: .15 + .75 * list[r].weights[c - 2] / most } : null };
  }
  const from = e => (e.turn < 0 ? 'a marker' : `${e.reply ? 'reply in ' : ''}turn ${e.turn + 1}`) + (e.typed ? '' : ', added');
  const hue = e => e.turn < 0 ? 'var(--h0)' : `var(--h${e.turn % 8 + 1})`;
  let gridOf = '';
  function drawGrid(ls, as, row) {
    const cut = cutAsk() ? new Set(learned(cutOf()).slice(0, keep).map(t => t.text)) : null;
    const of = JSON.stringify([row.i, ls.map(l => l.name), as.map(a => a ? a.terms.length + a.cost.postings : 0), cutLevel, cut ? keep : 0, level]);
    if (of === gridOf && parts.grid.firstChild) return;
    gridOf = of;
    const list = terms(as), most = Math.max(...list.flatMap(e => e.weights.filter(Boolean)), 1e-9), g = goal(row);
    const focused = parts.grid.contains(document.activeElement) && document.activeElement.dataset.term, scrolled = parts.grid.firstChild?.scrollTop;
    parts.grid.replaceChildren(grid({
      label: 'Terms by level. Up and down go from term to term.', corner: `${list.length} terms`,
      heads: ls.map((l, n) => el('th', { scope: 'col', class: l.name === level ? 'in-use' : '' }, levelHead(l, n))),
      above: g ? [['Rank of the answer', as.map(a => a ? rankText(rankOf(a, g)) : '…')]] : [],
      rows: list.map(e => ({ text: shown(e.text), added: !e.typed, chip: e.turn < 0 ? '·' : e.turn + 1 + (e.reply ? '”' : ''), spoken: `from ${from(e)}`, hue: hue(e), key: shown(e.text), turn: String(looked),
        cells: ls.map((l, n) => e.weights[n] ? { weight: e.weights[n], shade: e.weights[n] / most, cut: cut && l.name === cutLevel && !cut.has(e.text) } : null) })),
    }).box);
    if (!parts.gridNote.firstChild) parts.gridNote.append('Each row is a term of this turn’s query, each column a level; the darker a cell, the heavier the term, in the colour of the turn that it comes from. Terms that the sparsest level keeps stand first; italics were ', explain('added term', 'added'), ' by the encoder, and a hyphen begins a ', explain('piece'), ' inside a word.');
    if (scrolled) parts.grid.firstChild.scrollTop = scrolled;
    if (focused) [...parts.grid.querySelectorAll('.row-term')].find(b => b.dataset.term === focused)?.focus({ preventScroll: true });
  }

  function moved(a, against) {
    return a.results.slice(0, 5).map((r, k) => {
      const was = against && against !== a ? against.results.slice(0, 10).findIndex(o => o.id === r.id) : k;
      return { ...r, mark: was < 0 ? 'new' : was > k ? `▲${was - k}` : was < k ? `▼${k - was}` : '' };
    });
  }
  function resultsData() {
    const ls = levels();
    return { head: ['rank', ...ls.map(nameOf)], rows: Array.from({ length: 10 }, (_, k) => [k + 1, ...ls.map(l => known(turn(), l.name)?.results[k]?.title || '')]) };
  }
  function drawResults(ls, as, g) {
    const now = as[ls.findIndex(l => l.name === level)];
    parts.results.replaceChildren(el('thead', {}, el('tr', {}, ls.map((l, n) => el('th', { scope: 'col', class: l.name === level ? 'in-use' : '' }, levelHead(l, n))))),
      el('tbody', {}, el('tr', {}, as.map(a => el('td', {}, a ? el('ol', { class: 'ranks' }, moved(a, now).map(r => el('li', { class: (g?.ids.includes(r.id) ? 'gold' : '') + (r.mark ? ' moved' : '') }, el('span', { dir: 'auto' }, r.title || r.id), ' ', el('span', { class: 'move', 'aria-hidden': 'true' }, r.mark),
        el('span', { class: 'vh' }, (g?.ids.includes(r.id) ? ' answers the question;' : '') + (r.mark === 'new' ? ' new' : r.mark ? ` ${r.mark[0] === '▲' ? 'up' : 'down'} by ${r.mark.slice(1)}` : ''))))) : '…')))));
  }

  // ---- Charts. ----

  const charts = {};
  function put(id, place, panel, looks) {
    const text = JSON.stringify(panel);
    if (!charts[id]) { charts[id] = chart(panel, looks); charts[id].text = text; place.append(charts[id].box); return; }
    if (charts[id].text !== text) { charts[id].text = text; charts[id].set(panel, off); }
  }
  let off = new Set();

  function drawCut(ls, row, g) {
    const a = cutOf(), n = a ? learned(a).length : 0, p = parts;
    p.slider.max = Math.max(n, 1);
    p.slider.disabled = n < 2;
    const k = keep && keep < n ? keep : n;
    p.slider.value = k;
    p.slider.setAttribute('aria-valuetext', `${k} of ${n} terms`);
    p.cutName.textContent = `${k} of ${n} terms`;
    const c = cutAsk(), cutA = c ? answers.get(c) : a;
    const ten = x => x.results.slice(0, 10).map(r => r.id);
    const read = [['Rank of the answer', cutA && g ? rankText(rankOf(cutA, g)) : '…'], ['FLOPS', cutA ? `${flops(cutA).toFixed(2)}${a && cutA !== a && flops(cutA) ? ` (${(flops(a) / flops(cutA)).toFixed(1)}× fewer)` : ''}` : '…'],
      ['Postings', cutA ? cutA.cost.postings.toLocaleString('en') : '…'], ['First ten kept', cutA && a ? `${ten(cutA).filter(id => ten(a).includes(id)).length} of ${ten(a).length}` : '…']];
    p.cutRead.replaceChildren(...read.filter(([name]) => g || name !== 'Rank of the answer').map(([name, value]) => el('div', {}, el('dt', {}, name === 'FLOPS' ? explain('FLOPS') : name), el('dd', {}, value))));
    if (!a) return;
    const sweep = [...steps(n).map(s => [s, answers.get(askOf(row, cutLevel, cutTo(a, s)))]), [n, a]].filter(([, x]) => x).sort((x, y) => x[0] - y[0]);
    const i = ls.findIndex(l => l.name === cutLevel), name = `${nameOf(ls[i])}, cut`;
    const own = (of, some = () => true) => ls.map(l => [l, known(row, l.name)]).filter(([, x]) => x && some(x)).map(([l, x]) => ({ name: `${nameOf(l)} as trained`, kind: 'mark', points: [{ x: learned(x).length, y: of(x) }] }));
    const looks = series => { const j = ls.findIndex(l => series.startsWith(nameOf(l) + ' as') || series === `${nameOf(l)}, cut`); return series.endsWith(', cut') ? { ...levelLook(j), shape: 0, colour: 'var(--accent)', dash: [] } : levelLook(j); };
    const here = cutA && cutA !== a ? (of) => [{ name: 'here', kind: 'mark', strong: true, points: [{ x: k, y: of(cutA) }] }] : () => [];
    put('cut flops', p.cutCharts, { title: 'FLOPS of this question', x: 'learned terms kept', zero: true, whole: true, series: [{ name, kind: 'curve', points: sweep.map(([x, y]) => ({ x, y: flops(y) })) }, ...own(flops), ...here(flops)] }, s => s === 'here' ? { colour: 'var(--ink)', shape: 7, dash: [] } : looks(s));
    if (g) {
      const rank = x => rankOf(x, g) || 101;
      put('cut rank', p.cutCharts, { title: 'Rank of the article that answers', x: 'learned terms kept', log_y: true, whole: true, show: v => v > 100 ? '>\u200a100' : String(v), series: [{ name, kind: 'curve', points: sweep.map(([x, y]) => ({ x, y: rank(y) })) }, ...own(rank), ...here(rank)] }, s => s === 'here' ? { colour: 'var(--ink)', shape: 7, dash: [] } : looks(s));
    }
    if (charts['cut rank']) charts['cut rank'].box.hidden = !g;
  }

  const perTurn = [['Learned terms', a => learned(a).length, 'terms', v => String(Math.round(v))], ['FLOPS of the question', flops, 'flops', null]];
  function drawTurns(ls) {
    const looks = name => levelLook(ls.findIndex(l => nameOf(l) === name));
    if (parts.legend.dataset.of !== ls.map(nameOf).join()) {
      parts.legend.dataset.of = ls.map(nameOf).join();
      off = new Set();
      parts.legend.replaceChildren(legend(ls.map(nameOf), looks, new Set(), o => { off = o; for (const [, , id] of perTurn) charts[id].set(panelOf(id), off); }));
    }
    const panelOf = id => {
      const [title, of, , show] = perTurn.find(p => p[2] === id);
      return { title, x: 'turn', zero: true, whole: true, names: rows.map(r => String(r.i + 1)), show, series: ls.map(l => ({ name: nameOf(l), kind: 'curve', strong: l.name === level, points: rows.map((r, x) => ({ x, a: known(r, l.name) })).filter(p => p.a).map(p => ({ x: p.x, y: of(p.a) })) })) };
    };
    for (const [, , id] of perTurn) put(id, parts.turns, panelOf(id), looks);
    const data = turnsData();
    parts.table.replaceChildren(el('thead', {}, el('tr', {}, data.head.map(h => el('th', { scope: 'col' }, h)))), el('tbody', {}, data.rows.map(r => el('tr', {}, el('th', { scope: 'row' }, r[0]), r.slice(1).map(c => el('td', {}, c === '' ? '…' : number(c)))))));
  }
  function turnsData() {
    const ls = levels();
    return { head: ['turn', ...perTurn.flatMap(([t]) => ls.map(l => `${t}, ${nameOf(l)}`))], rows: rows.map(r => [`Turn ${r.i + 1}`, ...perTurn.flatMap(([, of]) => ls.map(l => { const a = known(r, l.name); return a ? Math.round(of(a) * 1000) / 1000 : ''; }))]) };
  }

  // ---- Time: medians of repeated runs, measured when asked for. ----

  const runs = 15;
  let timed = null, timing = false;
  function drawTime() {
    if (!parts) return;
    const ls = levels();
    const button = el('button', { type: 'button', class: 'plain', disabled: timing, onclick: measureTime }, timing ? 'Measuring' : timed ? 'Measure again' : 'Measure on this device');
    const out = [el('h4', {}, 'Time'), el('p', { class: 'note' }, `One reading says little: what else the device does is in it. Measured are ${runs} runs of each level in turn; shown are the median and the middle half. Postings, above, do not depend on the device.`), button];
    if (timed) {
      const q = (list, f) => { const s = [...list].sort((a, b) => a - b); return s[Math.round(f * (s.length - 1))]; };
      const data = { head: ['milliseconds', ...ls.map(nameOf)], rows: [['encode', 'encode_ms'], ['search', 'search_ms']].map(([name, k]) => [name, ...ls.map(l => { const t = timed[l.name].map(c => c[k]); return `${q(t, .5).toFixed(2)} (${q(t, .25).toFixed(2)} to ${q(t, .75).toFixed(2)})`; })]) };
      out.push(el('div', { class: 'chart-head' }, el('p', { class: 'note' }, `Turn ${timed.turn + 1}, ${runs} runs each: median (quarter to three quarters)`), save(() => 'Time by level', () => data)),
        region('Time by level', el('table', {}, el('thead', {}, el('tr', {}, data.head.map(h => el('th', { scope: 'col' }, h)))), el('tbody', {}, data.rows.map(r => el('tr', {}, el('th', { scope: 'row' }, r[0]), r.slice(1).map(c => el('td', {}, c))))))));
    }
    parts.time.replaceChildren(...out);
  }
  async function measureTime() {
    const row = turn(), ls = levels(), got = { turn: row.i };
    timing = true;
    drawTime();
    try {
      for (const l of ls) { got[l.name] = []; await parley.probe(askOf(row, l.name)); } // warm
      for (let n = 0; n < runs; n++) for (const l of ls) got[l.name].push(whole(await parley.probe(askOf(row, l.name)), 0).cost);
      timed = got;
    } catch (e) { parley.say(e.message); }
    timing = false;
    drawTime();
    parts.time.querySelector('button').focus({ preventScroll: true });
  }

  // ---- What the page calls. ----

  function show(handed, at, inUse) {
    rows = JSON.parse(handed).map(([i, question, ask, from, gold, reply, replyTitle]) => ({ i: Number(i), question, ask: JSON.parse(ask), from: Number(from), gold: gold ? gold.split(' ') : [], reply, replyTitle }));
    if (at !== looked) keep = 0;
    looked = at;
    level = inUse;
    const place = document.getElementById('dial');
    if (!place) return;
    if (!root || root.parentNode !== place) { make(); place.replaceChildren(root); }
    draw();
    tend();
  }
  // forget drops what a worker, or a collection, that is gone has answered.
  function forget() { answers = new Map(); timed = null; }

  document.head.append(el('link', { rel: 'stylesheet', integrity: '{{dial.css integrity}}', href: parley.at('{{dial.css}}') }));
  const [about, integrity] = ['{{levels.json}}', '{{levels.json integrity}}'];
  fetch(parley.url(about), { integrity }).then(r => r.json()).then(f => { figures = f; draw(); }, () => {});
  parley.panels.dial = { show, forget };
})();
