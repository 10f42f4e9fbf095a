// What the tour and presentations show: a conversation, and one thing of one of its turns,
// in view. The page's program shows it (wasm/ui/show.go); this script waits for it and
// scrolls there. What a visitor had before comes back at the end.
'use strict';
(() => {
  const { parley } = window;
  const lesson = parley.lesson ??= {};
  const html = document.documentElement;
  const key = 'parley.before';

  // text returns a conversation in the form of a link (shared/link); only its last
  // question is read in a way of its own.
  const text = ({ ask, read }) => ['parley 1', ...ask.map(q => '? ' + q), ...read && ask.length > 1 ? ['read ' + read] : []].join('\n');

  // saved returns the visitor's present conversation in that form, "" for none.
  const saved = () => parley.talk ?? (parley.load() || '');

  const until = (done, mine) => new Promise(ok => {
    const look = () => {
      if (mine !== views) ok(false);
      else if (done()) ok(true);
      else setTimeout(look, 60);
    };
    look();
  });

  // ---- Before and after ----

  let before = '';

  // begin remembers the visitor's conversation, collection and second stage. builtIn: the
  // lesson's questions are about the built-in collection, and are answered by the sparse
  // stage alone.
  async function begin(builtIn) {
    if (!lesson.on) {
      lesson.on = true;
      // After a reload in the middle, the conversation before is the one that was stored.
      before = parley.stored('sessionStorage', key) || saved() || '-';
      parley.store('sessionStorage', key, before);
    }
    if (!builtIn) return;
    if (parley.dense?.state === 'on') {
      lesson.dense = true;
      parley.post({ op: 'dense', body: 'off' });
    }
    const own = parley.stored('localStorage', 'parley.collection');
    if (own && !lesson.lent) {
      lesson.lent = own;
      lending = lend();
    }
    await lending;
  }

  // lend has the built-in collection searched for a while.
  let lending = null;
  async function lend() {
    await parley.known;
    const was = parley.about;
    await (await parley.panel('documents')).search('', true);
    for (let n = 0; n < 400 && (parley.about === was || parley.about.collection !== html.dataset.collection); n++) await new Promise(f => setTimeout(f, 50));
  }

  // end brings back what was there. The lesson's conversation stays where the visitor had
  // none, and can be brought back where he had one.
  async function end(restore = true) {
    views++;
    now = null;
    lesson.on = false;
    html.classList.remove('touring', 'presenting');
    delete html.dataset.show;
    parley.call('show', '', '', 0);
    parley.store('sessionStorage', key, '');
    parley.dropFragment();
    const { lent } = lesson;
    lesson.lent = null;
    if (lent) await (await parley.panel('documents')).search(lent);
    if (lesson.dense) parley.post({ op: 'dense', body: 'on' });
    lesson.dense = false;
    if (restore && before !== '-' && before !== saved()) parley.call('open', before);
    if (!saved()) html.classList.remove('talking');
    document.getElementById('q').focus({ preventScroll: true });
  }

  // ---- Views ----

  const busy = () => document.querySelector('#app [aria-busy=true], #app .waiting:not([hidden])') || [...document.querySelectorAll('#dial .value')].some(v => v.textContent === '…');
  const places = {
    turn: '.turn.on-show',
    vector: '.turn.on-show .panel:not([hidden])',
    results: '.turn.on-show .results:not([hidden])',
    compare: '#instrument .compare',
    dial: '#dial:not([hidden]) > *',
  };

  // show brings about a view, {text, what, turn, at}, and returns whether it is still
  // wanted when it is there.
  let views = 0;
  async function show(view) {
    const mine = ++views;
    now = null;
    html.dataset.show = view.what;
    parley.call('show', view.text || '', view.what, view.turn || 0);
    const there = () => document.querySelector(places[view.what]) && !busy();
    if (!await until(there, mine)) return false;
    await new Promise(requestAnimationFrame);
    if (mine !== views) return false;
    now = view;
    bring();
    return true;
  }

  // bring scrolls to what is shown; after a change of the window's size it stands
  // elsewhere, so it is brought back.
  let now = null, late = 0;
  function bring() {
    const of = now && places[now.what];
    const place = of && (now.at && document.querySelector(`${of} ${now.at}`) || document.querySelector(of));
    place?.scrollIntoView({ block: 'start', behavior: 'instant' });
  }
  addEventListener('resize', () => {
    clearTimeout(late);
    late = setTimeout(bring, 100);
  });

  lesson.stage = { text, saved, begin, end, show };
})();
