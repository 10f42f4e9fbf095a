// The panel of earlier conversations, which talks.js keeps in this browser.
'use strict';
(() => {
  const { parley } = window;
  const { el, quiet, sheet, show, live, count } = parley.kit;

  const told = live();
  const rows = el('ul', { role: 'list', class: 'talks' });
  const find = el('input', { type: 'search', 'aria-label': 'Find in these conversations', placeholder: 'Find', oninput: draw });
  const none = el('p', { class: 'fine' });
  const kept = el('input', { type: 'checkbox', onchange: choose });
  const all = quiet('', clear);
  const d = sheet('earlier-sheet', 'Earlier conversations', find, rows, none,
    el('label', { class: 'also' }, kept, el('span', {}, 'Keep conversations in this browser')),
    el('p', { class: 'fine' }, 'They stay on this device. Whoever uses this browser can read them.'), all, told);
  let sure = false; // "Delete all" was pressed once

  const plain = text => text.toLowerCase().replaceAll('\\n', ' ');
  const date = at => new Date(at).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });

  function draw() {
    const list = Talks.list(), wanted = find.value.trim().toLowerCase();
    const found = list.filter(t => plain(t.text).includes(wanted));
    kept.checked = Talks.keeps();
    find.hidden = list.length < 8;
    all.hidden = list.length < 2;
    all.textContent = sure ? `Really delete all ${list.length}?` : 'Delete all';
    none.hidden = found.length > 0;
    none.textContent = !kept.checked ? 'None are kept.' : list.length ? 'None of them has these words.' : 'There are none yet.';
    rows.replaceChildren(...found.map(t => {
      const title = Talks.title(t.text), here = Talks.isOpen(t.id);
      const about = [count(Talks.count(t.text), 'question'), date(t.at), t.of && t.of !== parley.about?.collection ? `about ${t.of}` : '', here ? 'open in this tab' : ''];
      return el('li', {},
        el('button', { type: 'button', class: 'talk', dir: 'auto', onclick: () => open(t, here) }, title),
        el('span', { class: 'fine' }, about.filter(Boolean).join(' · ')),
        quiet('Delete', () => remove(t, title), { 'aria-label': `Delete “${title}”` }));
    }));
    parley.showEarlier();
  }

  function open(t, here) {
    d.close();
    if (here) return;
    Talks.opens(t.id);
    parley.call('open', t.text);
  }

  function remove(t, title) {
    const at = [...rows.children].findIndex(r => r.contains(document.activeElement));
    Talks.remove(t.id);
    sure = false;
    draw();
    told.textContent = `Deleted: ${title}.`;
    (rows.children[Math.min(at, rows.children.length - 1)]?.querySelector('.quiet') || kept).focus();
  }

  function clear() {
    if (sure) Talks.clear();
    sure = !sure;
    draw();
    if (!sure) {
      told.textContent = 'All conversations were deleted.';
      kept.focus();
    }
  }

  // What is kept is deleted with the wish to keep nothing.
  function choose() {
    Talks.choose(kept.checked);
    sure = false;
    draw();
    told.textContent = kept.checked ? 'From now on, conversations are kept.' : 'Nothing is kept any more, and what was kept is deleted.';
  }

  parley.panels.earlier = {
    draw,
    open() {
      sure = false;
      find.value = '';
      draw();
      show(d);
    },
  };
  addEventListener('storage', () => { if (d.open) draw(); });
})();
