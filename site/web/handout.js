// Handouts, to be printed or saved as PDF by the browser: #handout of the conversation,
// #handout=lesson of the whole lesson, a worksheet with exercises and, where wanted, the
// answers. They are asked of the models when they are opened.
'use strict';
(() => {
  const { parley } = window;
  const { el, quiet } = parley.kit;
  const lesson = parley.lesson;
  const { probe, learned, words, number } = lesson.figures;
  const html = document.documentElement;
  const shownTerms = 16, shownResults = 5;

  let sheet = null, before = '', writes = 0;

  const bar = (width, kind) => {
    const ns = 'http://www.w3.org/2000/svg', svg = document.createElementNS(ns, 'svg'), r = document.createElementNS(ns, 'rect');
    for (const [k, v] of Object.entries({ viewBox: '0 0 100 8', preserveAspectRatio: 'none', class: 'gauge ' + kind, 'aria-hidden': 'true' })) svg.setAttribute(k, v);
    for (const [k, v] of Object.entries({ x: .5, y: .5, width: Math.max(1, width * 99), height: 7 })) r.setAttribute(k, v);
    svg.append(r);
    return svg;
  };
  const text = t => t.text.startsWith('##') ? '-' + t.text.slice(2) : t.text;
  const from = t => (t.turn ?? 0) < 0 ? 'marker' : `turn ${(t.turn ?? 0) + 1}${t.reply ? ', reply' : ''}`;

  function termTable(name, all, show) {
    if (!all.length) return [];
    const top = Math.max(...all.map(t => t.weight)), some = all.slice(0, shownTerms);
    return [el('table', { class: 'weights' },
      el('caption', {}, `${name}${all.length > some.length ? `, the heaviest ${some.length} of ${all.length}` : `, ${all.length}`}`),
      el('thead', { class: 'vh' }, el('tr', {}, ...['Term', 'Weight', 'Bar', 'From', 'Kind'].map(h => el('th', { scope: 'col' }, h)))),
      el('tbody', {}, ...some.map(t => el('tr', {}, el('th', { scope: 'row', dir: 'auto' }, show(t)), el('td', { class: 'weight' }, t.weight.toFixed(2)),
        el('td', { class: 'gauge-cell' }, bar(t.weight / top, t.typed ? 'typed' : 'added')), el('td', {}, from(t)), el('td', {}, t.word ? '' : t.typed ? 'typed' : 'added')))))];
  }

  const glossary = () => el('section', { class: 'words' }, el('h2', {}, 'Words'), window.parleyGlossary.list(['sparse vector', 'learned term', 'added term', 'exact word', 'postings', 'FLOPS']));

  const about = () => {
    const a = parley.about;
    return `${a.collection}, ${number(a.passages)} passages.` + (a.licence ? ` Text licence: ${a.licence}.` : '');
  };
  const today = () => new Date().toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });

  // ---- Of the conversation ----

  const spelling = a => (a.spelling || []).map(s => `Read as “${s.read}”. `).join('');

  async function ofConversation() {
    const { conversation } = await parley.panel('share');
    const { turns, encoder } = await conversation();
    if (!turns.length) return [el('h1', {}, 'A conversation'), el('p', {}, 'There is no conversation yet. Ask a question first.')];
    const level = parley.about.levels?.find(l => l.name === encoder);
    const parts = [el('h1', { dir: 'auto' }, turns[0].question), el('p', { class: 'facts' }, `A conversation of ${turns.length} ${turns.length === 1 ? 'turn' : 'turns'}, read by Parley on ${today()}${level ? `, level “${level.title}”` : ''}. ${about()}`)];
    for (const [i, t] of turns.entries()) {
      const asked = turns.slice(Math.max(0, i - 199), i).map(u => ({ question: u.question, reply: u.reply }));
      const a = await probe({ turns: [...asked, { question: t.question }], k: shownResults, level: level?.name || '', read: t.read || '' });
      const first = i - asked.length; // the turn that the worker counts as 0
      for (const u of a.terms || []) if ((u.turn ?? 0) >= 0) u.turn = (u.turn ?? 0) + first;
      const read = (a.read || []).map(j => j + first).filter(j => j !== i).map(j => j + 1);
      parts.push(el('section', { class: 'of-turn' },
        el('h2', { dir: 'auto' }, el('span', { class: 'turn-number' }, String(i + 1)), ' ' + t.question),
        t.reply ? el('blockquote', {}, el('p', { dir: 'auto' }, `“${t.reply}”`)) : el('p', {}, 'Nothing is quoted.'),
        t.reply ? el('p', { class: 'source' }, '— ', el('b', {}, t.title), t.url ? ` ${t.url}` : '', t.chosen ? ' (chosen by the reader)' : '') : null,
        el('p', { class: 'facts' }, `${spelling(a)}${i === 0 ? '' : a.alone ? 'Read alone. ' : read.length ? `Read with turn ${read.join(', ')}. ` : ''}${learned(a).length} learned terms and ${words(a).length} exact words touched ${number(a.cost.postings)} postings.`),
        el('div', { class: 'tables' }, ...termTable('Learned terms', learned(a), text), ...termTable('Exact words', words(a), t => `“${t.text}”`)),
        (a.results || []).length ? el('p', { class: 'found-first' }, el('b', {}, 'Found first: '), a.results.slice(0, shownResults).map((r, n) => `${n + 1}. ${r.title || r.id} (${r.score.toFixed(1)})`).join('; ') + '.') : null));
    }
    return [...parts, el('p', { class: 'facts' }, 'Solid bars stand for what was typed, open ones for what the encoder added. Bars of one table have one scale.'), glossary()];
  }

  // ---- Of the lesson ----

  const lines = n => Array.from({ length: n }, () => el('div', { class: 'write', 'aria-hidden': 'true' }));

  async function ofLesson(answers) {
    const said = lesson.tour.predictions();
    const parts = [el('h1', {}, 'A search that reads conversations'),
      el('p', { class: 'facts' }, `Worksheet to Parley’s tour (${location.href.replace(/[?#].*/s, '')}#tour=${lesson.steps[0].name}). ${about()}`)];
    for (const [n, step] of lesson.available().entries()) {
      const [right, sentence] = await step.predict.of();
      parts.push(el('section', { class: 'of-step' }, el('h2', {}, `${n + 1}. ${step.title}`),
        el('p', { class: 'facts' }, 'Asked: ', step.views[0].ask.map(q => `“${q}”`).join(' ')),
        ...(await content(step.views[0])).map(t => el('p', {}, t)),
        el('p', { class: 'asked' }, el('b', {}, step.predict.question)),
        el('ul', { class: 'boxes' }, ...step.predict.options.map((o, i) => el('li', {}, el('span', { class: answers && i === right ? 'box ticked' : 'box', 'aria-hidden': 'true' }), o + (said[step.name]?.said === o ? ' (predicted)' : '')))),
        ...answers ? [el('p', {}, el('b', {}, 'What the page shows: '), sentence, ' ', (await Promise.all(step.views.slice(1).map(content))).flat().join(' '))] : [el('p', { class: 'asked' }, 'What the page showed, in your own words:'), ...lines(3)]));
    }
    parts.push(el('h2', { class: answers ? null : 'begin' }, 'Exercises'));
    for (const [n, e] of lesson.exercises.entries())
      parts.push(el('section', { class: 'of-step' }, el('h3', {}, `${n + 1}. ${e.title}`), ...e.text.map(t => el('p', {}, t)), ...answers ? (await e.answer()).map((t, i) => el('p', {}, el('b', {}, i ? '' : 'Answer: '), t)) : lines(4)));
    return [...parts, glossary()];
  }
  const content = async view => typeof view.text === 'function' ? view.text() : view.text;

  // ---- The sheet ----

  async function go(hash) {
    await parley.known;
    const ofAll = hash.startsWith('#handout=lesson');
    if (!sheet) {
      before = lesson.tour.on || lesson.present.on ? lesson.last : '';
      sheet = el('section', { class: 'handout', role: 'main', 'aria-labelledby': 'handout-title' });
      document.querySelector('main').after(sheet);
    }
    html.classList.add('handing');
    const mine = ++writes;
    const paper = el('article', { class: 'leaf' }, el('p', {}, 'Asking …'));
    const printer = el('button', { type: 'button', class: 'primary', disabled: true, onclick: () => print() }, 'Print or save as PDF');
    sheet.replaceChildren(
      el('p', { class: 'handout-bar' }, printer,
        ...ofAll ? [el('label', {}, el('input', { type: 'checkbox', id: 'with-answers', checked: hash.endsWith('answers'), onchange: e => { location.hash = 'handout=lesson' + (e.target.checked ? '&answers' : ''); } }), ' With answers')] : [],
        el('a', { href: ofAll ? '#handout' : '#handout=lesson' }, ofAll ? 'This conversation instead' : 'The lesson instead'),
        quiet('Close', close)),
      paper);
    document.title = document.title.replace(/^(Handout: )?/, 'Handout: ');
    try {
      if (ofAll) await lesson.stage.begin(true);
      const parts = ofAll ? await ofLesson(hash.endsWith('answers')) : await ofConversation();
      if (mine !== writes) return;
      paper.replaceChildren(...parts.flat());
      Object.assign(paper.querySelector('h1'), { id: 'handout-title', tabIndex: -1 }).focus({ preventScroll: true });
      scrollTo({ top: 0, behavior: 'instant' });
      printer.disabled = false;
    } catch (e) {
      if (mine === writes) paper.replaceChildren(el('h1', { id: 'handout-title' }, 'The handout could not be written'), el('p', {}, `${e.message}. What was never looked at needs the network once.`));
    }
  }

  function close() {
    if (before) { location.hash = before; return; }
    leave();
    if (lesson.on) { lesson.stage.end(); return; }
    parley.dropFragment();
    if (!lesson.stage.saved()) html.classList.remove('talking');
  }
  function leave() {
    if (!sheet) return;
    sheet.remove();
    sheet = null;
    writes++;
    html.classList.remove('handing');
    document.title = document.title.replace(/^Handout: /, '');
  }

  lesson.handout = { go, leave };
})();
