// The panel for a visitor's own documents. Files become collections (encoding.js), which
// are stored in this browser's IndexedDB (collections.js) and searched in place of the
// site's collection. Nothing is sent anywhere.
'use strict';
(() => {
  const { parley } = window;
  const { el, quiet, sheet, show, live, run, count } = parley.kit;
  const $ = id => document.getElementById(id);
  const chosenKey = 'parley.collection';
  const { collections } = parley;
  const { list, load, megabytes, speed } = collections;

  // ---- The collection that is searched. ----

  // current is a collection's id, '' for the site's, or several joined by '+', where
  // 'site' is the site's.
  let current = parley.stored('localStorage', chosenKey) || '';

  const several = id => id.includes('+') ? id.split('+') : null;
  const nameOf = id => id === 'site' ? siteTitle() : collections.find(id)?.title;

  // find returns a collection, or what stands for several.
  function find(id) {
    const ids = several(id);
    if (!ids) return collections.find(id);
    const names = ids.map(nameOf);
    return names.every(Boolean) ? { id, title: names.slice(0, -1).join(', ') + ' and ' + names.at(-1), joined: true } : undefined;
  }

  // contents returns the files to search in. Those of several collections are made when
  // they are needed, so that they have what was added to each.
  async function contents(id) {
    const ids = several(id);
    if (!ids) return collections.contents(id);
    const parts = await Promise.all(ids.map(async id => id === 'site' ? { name: '', site: true } : { name: nameOf(id), ...await collections.contents(id) }));
    if (!parts.every(c => c.site || c.index)) return null;
    try {
      const { files } = await run('join', { list: parts });
      return { index: files['index.bin'], passages: files['passages.bin'], dense: files['dense.bin'] };
    } catch (e) {
      tell(`They cannot be searched together: ${e.message}.`);
      return null;
    }
  }

  // chosen returns the files of the collection that was searched last, for boot.js.
  async function chosen() {
    await load();
    const own = current && find(current) ? await contents(current) : null;
    if (!own) choose('');
    mark();
    return own;
  }

  // While a collection is lent (to the tour), the choice of the visitor stays stored.
  function choose(id, lent) {
    current = id;
    if (!lent) parley.store('localStorage', chosenKey, id);
    mark();
  }
  const mark = () => document.documentElement.classList.toggle('own', !!current);

  // search changes the collection that is searched. Of two overlapping calls, the later
  // one counts.
  let searches = 0;
  async function search(id, lent) {
    const mine = ++searches;
    const own = id ? await contents(id) : null;
    if (mine !== searches || id && !own) return;
    choose(id, lent);
    parley.search(own, false);
    tell(`Searching in ${id ? find(id).title : siteTitle()}.`);
    draw();
  }

  // The panel searches what encoding.js and other tabs have finished so far.
  collections.grown = (c, files, growing, first) => {
    if (c.removed) return;
    if (first && !document.documentElement.classList.contains('talking')) choose(c.id);
    if (current === c.id) parley.search(files, growing);
    else if (!growing || c.whole) again(c);
  };

  // again searches what is chosen as it is now, after a collection in it has changed.
  async function again(c) {
    const mine = searches, id = current;
    if (id !== c.id && !several(id)?.includes(c.id)) return;
    const own = await contents(id);
    if (own && mine === searches && id === current) parley.search(own, true);
  }
  collections.ended = again;
  collections.removed = c => {
    const rest = several(current)?.filter(id => id !== c.id);
    if (current === c.id) search('');
    else if (rest && rest.length < several(current).length) search(rest.length > 1 ? rest.join('+') : rest[0] === 'site' ? '' : rest[0]);
  };
  collections.finished = (c, what) => tell(`${c.title}: ${what}.`);

  const siteTitle = () => document.documentElement.dataset.collection || 'the built-in collection';

  // refused says that a collection is damaged; the worker has returned to the site's.
  function refused(why) {
    const c = find(current);
    if (c) c.error = `It could not be opened (${why}).`;
    choose('');
    draw();
    open();
  }

  // ---- Taking files. ----

  // Folders that are not opened at all; the worker reports what else is left out.
  const unopened = name => /^\.|^(node_modules|bower_components|__pycache__|__MACOSX)$/i.test(name);

  // gather makes [{path, file}] of files and of dropped entries; a folder's files are in
  // the order in which the command line reads them. skipped lists the folders that were
  // left out.
  async function gather(given) {
    const out = [], left = new Set();
    const walk = async (entry, path) => {
      if (entry instanceof File) { out.push({ path, file: entry }); return; }
      if (entry.isFile) { out.push({ path, file: await new Promise((ok, no) => entry.file(ok, no)) }); return; }
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((ok, no) => reader.readEntries(ok, no));
        if (!some.length) return;
        for (const e of some) if (e.isDirectory && unopened(e.name)) left.add(path + '/' + e.name); else await walk(e, path + '/' + e.name);
      }
    };
    for (const g of given) await walk(g, g.webkitRelativePath || g.name);
    const files = out.filter(f => {
      const parts = f.path.split('/'), i = parts.findIndex((part, i) => i > 0 && i < parts.length - 1 && unopened(part));
      if (i > 0) left.add(parts.slice(0, i + 1).join('/'));
      return i < 0;
    });
    const roots = new Set(files.map(f => f.path.split('/')[0]));
    let title = (files[0]?.file.name ?? '').replace(/\.gz$/, '').replace(/\.[^.]+$/, '') + (files.length > 1 ? ' and more' : '');
    if (roots.size === 1 && files.every(f => f.path.includes('/'))) {
      title = [...roots][0];
      for (const f of files) f.path = f.path.slice(title.length + 1);
    }
    const skipped = [...left].map(path => `${path}/: hidden, or a folder of packages`);
    const compare = (a, b) => {
      const x = a.path.split('/'), y = b.path.split('/');
      for (let i = 0; i < Math.min(x.length, y.length); i++)
        if (x[i] !== y[i]) return x[i] < y[i] ? -1 : 1;
      return x.length - y.length;
    };
    return { title, files: files.sort(compare), skipped };
  }

  async function take(given) {
    await collections.settle(); // this also makes room
    const { title, files, skipped } = await gather(given);
    if (!files.length) { tell('There is no file in it.'); return; }
    const base = f => f.path.split('/').pop();
    if (files.some(f => base(f) === 'manifest.json') && files.some(f => base(f) === 'index.bin') || files.length === 1 && /\.zip$/i.test(base(files[0]))) await adopt(title, files);
    else await collections.collect(title, files, also.checked && canBeDense(), skipped);
  }

  async function adopt(title, files) {
    const c = await collections.adopt(title, files);
    if (c.whole && (c.conversation || !document.documentElement.classList.contains('talking'))) await search(c.id);
    if (!c.conversation) return;
    // It was shared with a conversation, whose questions are asked again.
    const { list: [found] } = await run('conversations', { name: 'conversation.json', file: new File([c.conversation], 'conversation.json') });
    c.conversation = '';
    dialog.close();
    parley.call('open', found.text);
  }

  async function add(c, given) {
    const { files, skipped } = await gather(given);
    if (files.length) await collections.add(c, files, skipped);
  }

  const canBeDense = () => !!parley.about?.dense;

  // ---- Actions on a collection. ----

  async function remove(c) {
    searched = current === c.id;
    try {
      await collections.remove(c);
      tell(`${c.title} was deleted.`);
    } catch (e) {
      c.error = `It was not deleted: ${e.message}.`;
    }
    drawNow();
    (undone.hidden ? dialog.querySelector('h2') : undone.querySelector('button')).focus();
  }

  let searched = false; // the collection deleted last was the one searched
  async function undo() {
    try {
      const c = await collections.undo();
      if (searched) await search(c.id);
      tell(`${c.title} is back.`);
      drawNow();
      document.getElementById('radio-' + c.id).focus();
    } catch (e) {
      tell(`It cannot be brought back: ${e.message}.`);
      drawNow();
      dialog.querySelector('h2').focus();
    }
  }

  async function rename(c, title) {
    title = title.trim();
    if (title && title !== c.title) {
      await collections.rename(c, title);
      if (!c.error) tell(`Renamed to ${title}.`);
    }
    c.renaming = false;
    draw();
    const b = dialog.querySelector(`[data-rename="${CSS.escape(c.id)}"]`);
    if (b) b.focus();
  }

  // ---- The panel. ----

  let dialog = null, body = null, said = null, undone = null;
  const also = el('input', { type: 'checkbox', id: 'also-dense' });
  let more = null, adding = null; // the input for files to add, and the collection that they are added to
  const tell = text => { if (dialog && dialog.open) said.textContent = text; else parley.announce(text); };

  function make() {
    const files = el('input', { type: 'file', multiple: true, hidden: true, id: 'pick-files', onchange: picked });
    const folder = el('input', { type: 'file', webkitdirectory: true, hidden: true, id: 'pick-folder', onchange: picked });
    more = el('input', { type: 'file', multiple: true, hidden: true, id: 'pick-more', onchange: () => { const given = [...more.files]; more.value = ''; add(adding, given); } });
    const text = el('textarea', { id: 'paste-text', rows: 5, 'data-plain': '' });
    const title = el('input', { id: 'paste-title', value: 'Pasted text' });
    const paste = el('details', { class: 'paste' }, el('summary', {}, 'Paste text'),
      el('form', { onsubmit: e => {
        e.preventDefault();
        if (!text.value.trim()) { text.focus(); return; }
        const name = title.value.trim() || 'Pasted text';
        collections.collect(name, [{ path: name + '.txt', file: new File([text.value], name + '.txt') }], also.checked && canBeDense());
        text.value = '';
        paste.open = false;
        paste.querySelector('summary').focus();
      } }, el('label', { for: 'paste-title' }, 'Title'), title, el('label', { for: 'paste-text' }, 'Text'), text,
      el('button', { class: 'primary', type: 'submit' }, 'Encode')));
    const zone = el('div', { class: 'zone', id: 'zone' },
      el('p', {}, 'Drop files or a folder here, or'),
      el('p', { class: 'choices' }, el('button', { type: 'button', class: 'plain', onclick: () => files.click() }, 'Choose files'), el('button', { type: 'button', class: 'plain', onclick: () => folder.click() }, 'Choose a folder')),
      el('p', { class: 'fine' }, 'Text, Markdown, HTML, Word (.docx), .odt, PowerPoint (.pptx), Excel (.xlsx), .epub, .eml, .zim of up to 64 MB, PDF, CSV, JSON and JSON Lines, each also gzipped. What is dropped here becomes a collection of its own; one made by ', el('code', {}, 'parley index'), ', its folder or its zip file, opens as it is.'),
      el('label', { class: 'also', for: 'also-dense' }, also, el('span', {})),
      files, folder, more);
    body = el('div', { class: 'collections' });
    said = live();
    undone = el('p', { class: 'undone', hidden: true }, el('span', { dir: 'auto' }), ' ', quiet('Undo', undo));
    dialog = sheet('documents-panel', 'Your documents',
      el('p', { class: 'promise' }, el('strong', {}, 'Nothing leaves this computer.'), el('span', {})),
      zone, paste, body, undone, said);
    dialog.addEventListener('close', collections.settle);
    dialog.addEventListener('dragover', () => zone.classList.add('over'));
    dialog.addEventListener('dragleave', () => zone.classList.remove('over'));
    dialog.addEventListener('drop', () => zone.classList.remove('over'));
  }

  function picked(e) {
    const given = [...e.target.files];
    e.target.value = '';
    take(given);
  }

  function duration(ms) {
    const s = Math.ceil(ms / 1000);
    return s < 100 ? count(s, 'second') : count(Math.ceil(s / 60), 'minute');
  }

  // draw shows the list. Each collection keeps its row, so that the focused element keeps
  // the focus.
  const rows = new Map();
  let due = 0;
  function draw() {
    button();
    if (!dialog || due) return;
    due = requestAnimationFrame(() => { due = 0; drawNow(); });
  }

  function drawNow() {
    const joined = several(current) && find(current);
    const items = [{ id: '', title: siteTitle(), site: true }, ...joined ? [{ ...joined, site: true }] : [], ...list];
    for (const [id, row] of rows) if (!items.some(c => c.id === id)) { row.root.remove(); rows.delete(id); }
    if (!body.firstChild) body.append(el('h3', { id: 'search-in' }, 'Search in'), el('div', { role: 'radiogroup', 'aria-labelledby': 'search-in' }, el('ul', { role: 'list' })), together = choice(), el('p', { class: 'fine', id: 'forgetful' }));
    const { deleted } = collections;
    undone.hidden = !deleted;
    undone.firstChild.textContent = deleted ? `${deleted.title} was deleted.` : '';
    dialog.querySelector('.promise span').textContent = ` Documents are read and encoded in this tab${collections.forgetful ? '' : ', and kept in this browser'}.`;
    body.querySelector('#forgetful').textContent = collections.forgetful ? collections.forgetful + ': your documents last until this tab is closed. Export what you want to keep.' : collections.late;
    drawChoice();
    const ul = body.querySelector('ul[role=list]');
    also.parentElement.hidden = !canBeDense();
    also.nextSibling.textContent = `Also read them for better answers (${collections.pace()})`;
    items.forEach((c, i) => {
      let row = rows.get(c.id);
      if (!row) rows.set(c.id, row = newRow(c));
      if (ul.children[i] !== row.root) ul.insertBefore(row.root, ul.children[i] || null);
      fill(row, c);
    });
  }

  // choice lets a person choose several collections, which are then searched as one.
  let together = null;
  const choice = () => el('form', { class: 'several', onsubmit: e => {
    e.preventDefault();
    const ids = [...together.querySelectorAll('input:checked')].map(i => i.value);
    if (ids.length > 1) search(ids.join('+')); else tell('Choose at least two.');
  } }, el('details', {}, el('summary', {}, 'Search in several at once'),
    el('ul', {}), el('p', { class: 'fine' }, 'One ranking over all of them, as if they were one collection. Each result says where it is from.'),
    el('p', { class: 'acts' }, el('button', { type: 'submit', class: 'plain' }, 'Search in these'))));

  function drawChoice() {
    const whole = list.filter(c => c.passages && c.whole);
    together.hidden = !whole.length;
    const wanted = [['site', siteTitle()], ...whole.map(c => [c.id, c.title])], shown = JSON.stringify(wanted);
    if (together.shown === shown) return;
    together.shown = shown;
    const on = new Set([...together.querySelectorAll('input:checked')].map(i => i.value).concat(several(current) || []));
    together.querySelector('ul').replaceChildren(...wanted.map(([id, title]) => el('li', {}, el('label', { dir: 'auto' }, el('input', { type: 'checkbox', value: id, checked: on.has(id) }), ' ', title))));
  }

  function newRow(c) {
    const name = 'radio-' + (c.id || 'site');
    const radio = el('input', { type: 'radio', name: 'search-in', id: name, onchange: () => search(c.id) });
    const title = el('label', { for: name, dir: 'auto' });
    const facts = el('p', { class: 'fine facts' });
    const bar = el('progress', { hidden: true, 'aria-label': 'Encoded' });
    const error = el('p', { class: 'error', hidden: true });
    const notes = el('details', { class: 'notes', hidden: true }, el('summary'), el('ul'));
    const asks = el('div', { class: 'asks' });
    const acts = el('p', { class: 'acts' });
    const editor = el('form', { class: 'renamer', hidden: true, onsubmit: e => { e.preventDefault(); rename(c, input.value); } });
    const input = el('input', { 'aria-label': 'New name', onkeydown: e => { if (e.key === 'Escape') { e.preventDefault(); e.stopPropagation(); rename(c, c.title); } } });
    editor.append(input, el('button', { type: 'submit', class: 'plain' }, 'Rename'));
    const root = el('li', {}, radio, el('div', {}, el('p', { class: 'name' }, title), editor, facts, bar, error, asks, notes, acts));
    return { root, radio, title, facts, bar, error, asks, notes, acts, editor, input, buttons: '' };
  }

  function fill(row, c) {
    const set = (e, text) => { if (e.textContent !== text) e.textContent = text; };
    set(row.title, c.title);
    row.radio.checked = current === c.id;
    row.radio.disabled = !c.site && !c.passages;
    row.editor.hidden = !c.renaming;
    row.title.parentElement.hidden = !!c.renaming;
    const work = at(c);
    row.bar.hidden = !work;
    if (work?.total) { row.bar.max = work.total; row.bar.value = work.done || 0; } else row.bar.removeAttribute('value');
    set(row.facts, facts(c));
    row.error.hidden = !c.error;
    set(row.error, c.error || '');
    const others = c.others || [], left = (c.leftOut || 0) + others.length, anew = c.replaced || [], how = c.toldOf || [];
    row.notes.hidden = !left && !anew.length && !how.length;
    if (!row.notes.hidden && row.told !== c.notes) {
      row.told = c.notes;
      row.notes.firstChild.textContent = [anew.length && `${anew.length.toLocaleString('en')} replaced`, left && `${left.toLocaleString('en')} left out`, how.length && count(how.length, 'note')].filter(Boolean).join(', ');
      row.notes.lastChild.replaceChildren(...anew.map(id => el('li', {}, `${id} took the place of the one before`)), ...c.notes.map(n => el('li', {}, n)), ...(others.length ? [el('li', {}, `${count(others.length, 'file')} of formats that are not read: ${others.join(', ')}`)] : []), ...how.map(n => el('li', {}, n)));
    }
    const open = at(c) ? [] : (c.asks || []).slice(0, 1); // one after another
    if (row.asked !== open[0]) {
      row.asked = open[0];
      row.asks.replaceChildren(...open.map(a => question(c, a)));
    }
    const verbs = c.site ? [] : c.job || c.reading ? ['Cancel'] : c.elsewhere ? ['Cancel', 'Delete'] : [
      !c.whole && c.total && 'Go on', c.passages && c.whole && 'Add files', c.passages && c.whole && canBeDense() && c.dense !== c.passages && (c.dense ? 'Go on reading for better answers' : 'Read for better answers'), c.passages && c.whole && 'Rename', c.passages && 'Export', 'Delete'].filter(Boolean);
    if (row.buttons !== verbs.join()) {
      row.buttons = verbs.join();
      const does = { Cancel: () => collections.cancel(c), 'Go on': () => collections.goOn(c), 'Add files': () => { adding = c; more.click(); }, 'Read for better answers': () => collections.densify(c), 'Go on reading for better answers': () => collections.densify(c), Export: () => collections.exportIt(c), Delete: () => remove(c),
        Rename: () => { c.renaming = true; row.input.value = c.title; drawNow(); row.input.focus(); row.input.select(); } };
      const had = row.acts.contains(document.activeElement);
      row.acts.replaceChildren(...verbs.map(v => quiet([v, el('span', { class: 'vh' }, ' ' + c.title)], does[v], v === 'Rename' ? { 'data-rename': c.id } : {})));
      if (had && row.acts.firstChild) row.acts.firstChild.focus();
    }
  }

  // question asks a person which columns of a table to use, and shows the table's
  // beginning.
  function question(c, { path, columns, rows }) {
    const choice = (label, first) => {
      const select = el('select', {}, first.map(([value, text]) => el('option', { value }, text)), columns.map((name, i) => el('option', { value: String(i + 1) }, name || `column ${i + 1}`)));
      return [select, el('label', {}, label, ' ', select)];
    };
    const [text, textLabel] = choice('Text', [['*', 'all columns, with their names']]);
    const [title, titleLabel] = choice('Title', [['', 'none']]);
    return el('form', { onsubmit: e => {
      e.preventDefault();
      collections.columns(c, c.asks.find(a => a.path === path), { text: text.value, title: title.value });
    } },
    el('p', {}, `Which column of ${path} holds the text?`),
    el('div', { class: 'preview', tabIndex: 0, role: 'region', 'aria-label': `The beginning of ${path}` }, el('table', {},
      el('thead', {}, el('tr', {}, columns.map(name => el('th', { scope: 'col' }, name)))),
      el('tbody', {}, rows.map(r => el('tr', {}, r.map(cell => el('td', {}, cell))))))),
    el('p', { class: 'acts' }, textLabel, titleLabel, el('button', { type: 'submit', class: 'plain' }, 'Read it')));
  }

  // at returns the object that describes the work on a collection, in this or another tab.
  const at = c => c.job || c.reading ? c : c.elsewhere;

  function facts(c) {
    if (c.joined) return 'Searched together';
    if (c.site) return 'Built in';
    const work = at(c);
    if (work) return (work === c ? '' : 'In another tab: ') + progress(c, work);
    if (c.error && !c.passages) return '';
    const day = new Date(c.created).toLocaleDateString(undefined, { dateStyle: 'medium' });
    const dense = !c.dense ? '' : c.dense === c.passages ? ', read for better answers' : `; ${c.dense.toLocaleString('en')} read for better answers`;
    return c.whole ? `${count(c.passages, 'passage')}, ${megabytes(c.bytes)}, ${day}${dense}` : `Stopped after ${c.passages.toLocaleString('en')} of ${count(c.total, 'passage')}`;
  }

  function progress(c, { reading, done = 0, total, left, rate, denser }) {
    if (reading) return reading;
    if (!total || denser && !rate) return 'Waiting';
    const rest = left != null ? `, ${duration(left)} left` : '';
    if (denser) return `${done.toLocaleString('en')} of ${count(total, 'passage')} read for better answers, ${speed(rate)} a second${rest}`;
    return `${done.toLocaleString('en')} of ${count(total, 'passage')} encoded${rest}${c.passages ? '; can be searched so far' : ''}`;
  }

  // button shows the progress of encoding on the page while the panel is closed.
  function button() {
    const work = list.map(at).find(Boolean);
    const b = $('documents');
    const text = !work ? 'Documents' : work.total ? `Documents ${Math.floor(100 * (work.done || 0) / work.total)}\u00a0%` : 'Documents …';
    if (b.textContent !== text) b.textContent = text;
  }

  async function open(given) {
    await load();
    if (!dialog) make();
    drawNow();
    show(dialog);
    dialog.querySelector('.zone').classList.remove('over');
    if (given) take(given);
  }

  // over opens the panel while files are dragged over the page.
  function over() {
    if (!dialog || !dialog.open) open();
  }

  // searchIn searches in the collection of that title, if there is one.
  async function searchIn(title) {
    await load();
    const c = title === siteTitle() ? { id: '' } : list.find(c => c.title === title && c.passages);
    if (c) await search(c.id);
    return !!c;
  }

  collections.changed = draw;
  parley.panels.documents = { open, over, chosen, refused, search, searchIn, draw };
})();
