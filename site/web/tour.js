// The tour: a card beside the page that asks, lets the class predict, and shows the result
// on the real page. #tour=NAME.N is the address of view N of a step; "&present" after it
// shows it in large type, for a projector.
'use strict';
(() => {
  const { parley } = window;
  const { el, quiet } = parley.kit;
  const lesson = parley.lesson;
  const { stage } = lesson;
  const html = document.documentElement;
  const key = 'parley.predictions';
  const say = 'predict-option';

  const predictions = () => { try { return JSON.parse(parley.stored('localStorage', key) || '{}'); } catch { return {}; } };
  function keep(step, i) {
    const all = predictions();
    all[step.name] = { question: step.predict.question, said: step.predict.options[i] };
    parley.store('localStorage', key, JSON.stringify(all));
  }

  // ---- Addresses ----

  // views lists all views of the tour in order; the last one is the discussion.
  const views = () => [
    ...lesson.available().flatMap(step => step.views.map((view, i) => ({ step, view, i, address: step.name + (i ? '.' + (i + 1) : '') }))),
    { discussion: true, address: 'discussion' },
  ];
  const href = (v, present = html.classList.contains('presenting')) => v && '#tour=' + v.address + (present ? '&present' : '');

  // ---- The card ----

  let card = null, title, counter, text, back, next, note;
  function make() {
    counter = el('p', { class: 'count' });
    title = el('h2', { id: 'tour-title', tabIndex: -1 });
    text = el('div', { class: 'text' });
    back = el('a', { class: 'back' }, 'Back');
    next = el('a', { class: 'next' });
    note = el('p', { class: 'fine', role: 'status' });
    card = el('aside', { class: 'tour', 'aria-labelledby': 'tour-title' },
      el('div', { class: 'head' }, title, counter), text, note,
      el('p', { class: 'buttons' }, back, next,
        quiet('Present', () => { location.hash = href(at, !html.classList.contains('presenting')); }, { class: 'quiet to-present' }),
        quiet('End', () => end(), { class: 'quiet end', 'aria-label': 'End the tour' })));
    document.querySelector('.skip').after(card);
    document.getElementById('new').addEventListener('click', () => { if (card?.isConnected) end(false); });
  }

  // leave takes the card away; end also brings back what was there before.
  function leave() {
    card.remove();
    card = at = null;
    turns++;
    html.classList.remove('touring');
    html.removeAttribute('data-covered');
  }
  function end(restore = true) {
    leave();
    stage.end(restore !== false);
  }

  // Back and Next stay where they are: a missing one keeps its place.
  function link(a, v) {
    a.toggleAttribute('inert', !v);
    if (v) a.setAttribute('href', href(v)); else a.removeAttribute('href');
  }

  const paragraphs = list => list.map(t => el('p', {}, t));

  function options(step) {
    const said = predictions()[step.name]?.said;
    return el('fieldset', { class: 'predict' }, el('legend', {}, step.predict.question),
      ...step.predict.options.map((o, i) => el('label', {}, el('input', { type: 'radio', name: say, checked: o === said, onchange: () => keep(step, i) }), el('span', {}, o))));
  }

  // verdict compares what the class said with what came true, without praise or blame.
  async function verdict(step) {
    const [right, sentence] = await step.predict.of();
    const said = predictions()[step.name]?.said;
    if (!said) return el('p', { class: 'verdict' }, sentence);
    const came = said === step.predict.options[right];
    return el('p', { class: came ? 'verdict came' : 'verdict' }, el('span', {}, `You said: ${said}. `), `${sentence}`);
  }

  async function discussion() {
    const all = predictions(), rows = [];
    for (const step of lesson.available()) {
      const [, sentence] = await step.predict.of();
      rows.push(el('dt', {}, step.predict.question), el('dd', {}, el('b', {}, all[step.name] ? `You said: ${all[step.name].said}. ` : 'No prediction. '), sentence));
    }
    return [el('dl', {}, rows), el('p', { class: 'choices' },
      el('a', { href: '#handout=lesson' }, 'Worksheet with exercises'),
      quiet('Forget the predictions', () => { parley.store('localStorage', key, ''); draw(); }))];
  }

  // ---- Going through ----

  let at = null, turns = 0;
  async function go(hash) {
    const [name, large] = hash.slice('#tour='.length).split('&');
    const all = views();
    const v = all.find(v => v.address === name || v.address === name.replace(/\.1$/, ''));
    if (!v) return;
    if (!card) make();
    at = v;
    html.classList.add('touring');
    html.classList.toggle('presenting', large === 'present');
    html.classList.add('talking');
    await draw();
  }

  async function draw() {
    const mine = ++turns, all = views(), here = all.findIndex(v => v.address === at.address), v = all[here];
    const steps = lesson.available();
    card.querySelector('.to-present').textContent = html.classList.contains('presenting') ? 'Page' : 'Present';
    title.textContent = v.discussion ? 'What you predicted' : v.step.title;
    counter.textContent = v.discussion ? 'Tour' : `${steps.indexOf(v.step) + 1} of ${steps.length}`;
    counter.setAttribute('aria-label', v.discussion ? 'Tour, the end' : `Tour, step ${steps.indexOf(v.step) + 1} of ${steps.length}`);
    next.textContent = v.view?.predict ? 'Show it' : 'Next';
    link(back, all[here - 1]);
    link(next, all[here + 1]);
    card.dataset.view = v.address; // the address is ahead of what is shown
    text.setAttribute('aria-busy', 'true');
    text.replaceChildren(...paragraphs(['Asking …']));
    title.focus({ preventScroll: true });
    await parley.known; // on a first visit the card is there before the encoder
    await stage.begin(true);
    if (mine !== turns) return;
    note.textContent = lesson.lent && here === 0 ? 'The tour searches the built-in collection; yours comes back at its end.' : '';
    html.toggleAttribute('data-covered', !!v.view?.covered);
    const shown = v.discussion ? Promise.resolve() : stage.show({ text: stage.text(v.view), what: v.view.what, at: v.view.at });
    try {
      const parts = v.discussion ? await discussion() : [
        ...v.i === 1 ? [await verdict(v.step)] : [],
        ...paragraphs(typeof v.view.text === 'function' ? await v.view.text() : v.view.text),
        ...v.view.predict ? [options(v.step)] : [],
      ];
      if (mine !== turns) return;
      text.replaceChildren(...parts);
    } catch (e) {
      if (mine !== turns) return;
      text.replaceChildren(...paragraphs([`The figures of this step are missing: ${e.message}. A level that was never looked at needs the network once.`]));
    }
    text.removeAttribute('aria-busy');
    // Text that does not fit can be scrolled by keyboard.
    if (text.scrollHeight > text.clientHeight + 1) text.tabIndex = 0; else text.removeAttribute('tabindex');
    await shown;
    if (mine === turns) parley.announce(`${title.textContent}. ${text.innerText}`);
  }

  // move goes n views on; the keys of presentations call it (present.js).
  function move(n) {
    // The address is ahead of the card while keys are pressed quickly.
    const all = views(), i = all.findIndex(v => href(v) === location.hash), v = all[(i < 0 ? all.findIndex(v => v.address === at.address) : i) + n];
    if (v) location.hash = href(v);
  }

  // choose presses the option of that number.
  function choose(n) { text.querySelectorAll(`input[name=${say}]`)[n]?.click(); }

  lesson.tour = { go, move, choose, leave, end, get on() { return !!at; }, first: () => { location.hash = href(views()[0]); }, last: () => { location.hash = href(views().at(-1)); }, predictions };
})();
