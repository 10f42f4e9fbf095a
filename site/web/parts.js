// What the page shows of a collection in parts (shared/parts), joined to boot.js in sites
// that have one: what a question has fetched, the results that are certain by now, and how
// much of the collection is kept for offline use. parts-worker.js describes the messages.
'use strict';
(() => {
  const { parley } = window;
  const el = (tag, props, ...children) => {
    const e = Object.assign(document.createElement(tag), props);
    e.append(...children);
    return e;
  };
  const size = n => n < 999500 ? `${Math.round(n / 1e3)}\u00a0kB` : `${(n / 1e6).toFixed(n < 99.5e6 ? 1 : 0)}\u00a0MB`;

  // While a question fetches parts: between the conversation and the box.
  const spent = el('p', {}), list = el('ol', {});
  const now = el('section', { className: 'fetching', hidden: true, ariaLabel: 'Results so far' }, spent, list);
  // At rest: under the box, and in the footer.
  const last = el('p', { className: 'hint fetched' });
  const kept = el('span', {}), bar = el('progress', { hidden: true, max: 1, ariaLabel: 'Keeping the collection' });
  const button = el('button', { type: 'button', className: 'quiet', onclick: toggle });
  const all = el('p', { className: 'kept', hidden: true }, kept, ' ', bar, ' ', button);

  const left = parley.pace();
  let visit = 0, before = { id: 0, loaded: 0 }, state = null, told = '';

  function toggle() {
    const on = !state?.keeping;
    if (on) navigator.storage?.persist?.().catch(() => {});
    parley.post({ op: 'keep', body: on ? 'on' : 'off' });
    button.disabled = true; // until the worker has said what it does
    setTimeout(() => { button.disabled = false; }, 3000);
  }

  function fetching(m, id) {
    if (id !== before.id) before = { id, loaded: 0 };
    visit += m.loaded - before.loaded;
    before = { id, ...m };
    now.hidden = id < 0;
    const certain = m.certain || [];
    spent.textContent = `${size(m.loaded)} fetched. ` + (certain.length
      ? `${certain.length} of the best ${m.wanted} are certain:`
      : 'No result is certain yet.');
    if (list.children.length !== certain.length) list.replaceChildren(...certain.map(title => el('li', { dir: 'auto', textContent: title })));
  }

  function done(id) {
    if (id < 0) return; // a panel's own question
    now.hidden = true;
    list.replaceChildren();
    if (id !== before.id) { last.textContent = 'The last question fetched nothing: what it needs is kept.'; return; }
    last.textContent = `The last question fetched ${size(before.loaded)} in ${before.requests} part${before.requests === 1 ? '' : 's'}; all of this visit, ${size(visit)}.`;
  }

  function keep(m) {
    state = m;
    all.hidden = false;
    button.disabled = false;
    const whole = m.kept >= m.total;
    if (!m.keeping) left();
    kept.textContent = whole ? `All ${size(m.total)} of the collection are kept for offline use.`
      : `${size(m.kept)} of the collection’s ${size(m.total)} are kept for offline use${m.keeping ? left(m.kept, m.total) : ''}.` + (m.message ? ` Keeping more stopped: ${m.message}.` : '');
    button.hidden = whole;
    button.textContent = m.keeping ? 'Stop' : m.message ? 'Try again' : 'Keep all for offline';
    bar.hidden = !m.keeping;
    bar.value = m.kept / m.total;
    const text = whole ? 'The whole collection is kept for offline use.' : m.message ? kept.textContent : '';
    if (text && told && text !== told) parley.announce(text);
    told = text || ' ';
  }

  // hear is called for messages of the worker, and reports whether they were for this
  // script alone.
  parley.hear = (op, m) => {
    if (op === 'answer' || op === 'error') { done(m.id); parley.post({ op: 'kept' }); }
    if (op === 'ready') { all.hidden = m.own; last.hidden = m.own; parley.post({ op: 'kept' }); }
    if (op !== 'parts') return false;
    const body = JSON.parse(m.body);
    if ('total' in body) keep(body); else fetching(body, m.id);
    return true;
  };

  document.addEventListener('DOMContentLoaded', () => {
    document.getElementById('app').after(now);
    document.getElementById('hint').after(last);
    document.getElementById('collection').after(all);
  });
})();
