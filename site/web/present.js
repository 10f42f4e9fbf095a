// Presentation: one thing at a time in large type, without a question box, moved by the
// arrow keys. #present=WHAT.TURN&c=DATA is the address of what is shown; DATA is the
// conversation, as in a link to it (shared/link). In a frame (?embed) it stands alone.
'use strict';
(() => {
  const { parley } = window;
  const { el, quiet } = parley.kit;
  const lesson = parley.lesson;
  const { stage } = lesson;
  const html = document.documentElement;
  const names = { turn: 'Question and reply', vector: 'What the encoder saw', results: 'Results', compare: 'Compare ways to read it', dial: 'How sparse?' };

  const questions = (text = stage.saved()) => text.split('\n').filter(l => l.startsWith('? ')).map(l => l.slice(2));

  // slides lists what can be shown of the conversation: each turn, then the instruments
  // for the newest.
  function slides() {
    const n = questions().length, all = [];
    for (let turn = 1; turn <= n; turn++) for (const what of ['turn', 'vector', 'results']) all.push({ what, turn });
    if (n) all.push({ what: 'compare', turn: n });
    if (n && parley.about?.levels?.length > 1) all.push({ what: 'dial', turn: n });
    return all;
  }

  let bar = null, back, next, menu, at = null, fragment = '', of = '';
  function make() {
    back = quiet('Back', () => move(-1), { class: 'quiet back' });
    next = quiet('Next', () => move(1), { class: 'quiet next' });
    menu = el('select', { id: 'slide', 'aria-label': 'What is shown', onchange: () => to(slides()[menu.selectedIndex]) });
    bar = el('nav', { class: 'slides', 'aria-label': 'Presentation' }, back, menu, next,
      quiet('Full screen', full, { class: 'quiet full', hidden: !document.fullscreenEnabled }),
      quiet('End', end, { class: 'quiet end', 'aria-label': 'End the presentation' }),
      el('a', { class: 'outside', href: location.href, target: '_blank', rel: 'noopener' }, 'Open in Parley'));
    document.querySelector('main').after(bar);
  }
  function full() {
    if (document.fullscreenElement) document.exitFullscreen(); else html.requestFullscreen().catch(() => {});
  }
  // leave takes the presentation away; end also brings back what was there before.
  function leave() {
    bar.remove();
    bar = at = null;
    of = fragment = '';
    if (document.fullscreenElement) document.exitFullscreen();
    html.classList.remove('presenting');
  }
  function end() {
    leave();
    stage.end();
  }

  const address = s => `#present=${s.what}.${s.turn}` + (fragment ? '&' + fragment : '');
  const same = (a, b) => a.what === b.what && a.turn === b.turn;
  function to(s) { if (s) location.hash = address(s); }
  // The address is ahead of what is shown while keys are pressed quickly.
  function move(n) {
    const all = slides(), i = all.findIndex(s => location.hash.startsWith(`#present=${s.what}.${s.turn}`) && !/^\d/.test(location.hash.slice(`#present=${s.what}.${s.turn}`.length)));
    to(all[(i < 0 ? all.findIndex(s => same(s, at)) : i) + n]);
  }

  async function go(hash) {
    const [, what, turn, c] = /^#present(?:=(\w+)(?:\.(\d+))?)?(?:&(c=[\w-]*))?/.exec(hash);
    const share = await parley.panel('share');
    await parley.known;
    await stage.begin(false);
    let text = '';
    if (c && c !== fragment) {
      try { text = await share.unpack('#' + c); } catch (e) { parley.say(`The address cannot be opened: ${e.message}.`); lesson.stage.end(); return; }
      fragment = c;
      // The page's program stores a conversation as soon as it has it.
      parley.call('show', text, 'turn', 1);
      const wanted = questions(text).join('\n');
      for (let n = 0; n < 200 && questions().join('\n') !== wanted; n++) await new Promise(f => setTimeout(f, 30));
      of = stage.saved();
    } else if (!c || of !== stage.saved()) {
      of = stage.saved();
      fragment = of ? await share.fragment(of).then(f => f.slice(1), () => '') : '';
    }
    const all = slides();
    if (!all.length) {
      parley.say('There is no conversation to present yet.');
      stage.end();
      return;
    }
    const wanted = { what: names[what] ? what : 'turn', turn: Math.min(Math.max(1, +turn || 1), questions().length) };
    const first = !bar;
    if (!bar) make();
    at = wanted;
    if (!all.some(s => same(s, at))) all.push(at); // an instrument for an earlier turn
    html.classList.add('presenting', 'talking');
    if (location.hash !== address(at)) history.replaceState(null, '', location.pathname + location.search + address(at));
    const asked = questions();
    menu.replaceChildren(...all.map(s => el('option', { selected: same(s, at) }, `${names[s.what]}, turn ${s.turn}: ${asked[s.turn - 1].slice(0, 40)}`)));
    const i = all.findIndex(s => same(s, at));
    back.disabled = i === 0;
    next.disabled = i === all.length - 1;
    bar.querySelector('.outside').href = location.href.replace(/[?]embed[^#]*/, '');
    if (first) next.focus({ preventScroll: true });
    if (await stage.show(at)) parley.announce(`${i + 1} of ${all.length}. ${names[at.what]}, turn ${at.turn}: ${asked[at.turn - 1]}`);
  }

  // Keys are the page's own where something has the focus that needs them.
  document.addEventListener('keydown', e => {
    if (!html.classList.contains('presenting') && !lesson.tour.on || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
    const t = e.target;
    if (t.closest('input:not([type=radio]), textarea, select, dialog')) return;
    if (lesson.tour.on && /^[1-9]$/.test(e.key)) { lesson.tour.choose(e.key - 1); return; }
    if (!html.classList.contains('presenting') || t.closest('[type=radio], [role=region], [role=slider], [data-term], .words, blockquote, .excerpt') && /^Arrow/.test(e.key)) return;
    const tour = lesson.tour.on, all = slides();
    const act = {
      ArrowRight: () => tour ? lesson.tour.move(1) : move(1),
      PageDown: () => tour ? lesson.tour.move(1) : move(1),
      ArrowLeft: () => tour ? lesson.tour.move(-1) : move(-1),
      PageUp: () => tour ? lesson.tour.move(-1) : move(-1),
      Home: () => tour ? lesson.tour.first() : to(all[0]),
      End: () => tour ? lesson.tour.last() : to(all.at(-1)),
      Escape: () => tour ? lesson.tour.end() : end(),
      f: full,
    }[e.key];
    if (!act) return;
    e.preventDefault();
    act();
  });

  lesson.present = { go, leave, end, get on() { return !!at; } };
})();
