// The panel of a visitor's own documents: files are read, cut and encoded in a worker
// (files-worker.js), kept in this browser's IndexedDB, and searched in place of the
// site's collection. Nothing is sent anywhere.
'use strict';
(() => {
  const { parley } = window;
  const { el, quiet, sheet, show, live, run, save, count } = parley.kit;
  const $ = id => document.getElementById(id);
  const chosenKey = 'parley.collection';

  // ---- What is kept. IndexedDB, since pages opened from a disk have no OPFS. ----
  //
  // collections: {id, title, created, passages, total, bytes, whole, documents, dense}; dense
  //   is how many passages the dense encoder has read
  // files: key [id, name]: an ArrayBuffer: "index.bin", "passages.bin", "dense.bin"; while
  //   encoding goes on, "all" (passages.bin of all passages) and "vectors/N", N counting
  //   from 0; and "dense/N", lists of ArrayBuffers.

  let opening = null;
  function database() {
    return opening ??= new Promise((done, fail) => {
      const r = indexedDB.open('parley', 1);
      r.onupgradeneeded = () => {
        r.result.createObjectStore('collections', { keyPath: 'id' });
        r.result.createObjectStore('files');
      };
      r.onsuccess = () => done(r.result);
      r.onerror = () => fail(r.error);
      r.onblocked = () => fail(new Error('another tab holds it'));
    });
  }

  // transact runs f over the two stores and waits until it is on the disk.
  async function transact(mode, f) {
    const db = await database();
    return new Promise((done, fail) => {
      const t = db.transaction(['collections', 'files'], mode, { durability: 'strict' });
      const r = f(t.objectStore('collections'), t.objectStore('files'));
      t.oncomplete = () => done(r && r.result);
      t.onabort = t.onerror = () => fail(t.error);
    });
  }

  const range = id => IDBKeyRange.bound([id], [id, []]);

  // Where nothing can be kept (a private window, a full disk), this tab remembers.
  const memory = { collections: new Map(), files: new Map() };
  let forgetful = '';
  async function kept(mode, f, instead) {
    if (!forgetful) {
      try {
        return await transact(mode, f);
      } catch (e) {
        if (mode === 'readonly') throw e;
        forgetful = e && e.name === 'QuotaExceededError' ? 'This browser has no more room' : 'This browser keeps nothing here';
        draw();
      }
    }
    return instead && instead();
  }

  const put = (c, files = {}) => kept('readwrite', (cs, fs) => {
    cs.put(record(c));
    for (const [name, content] of Object.entries(files)) fs.put(content, [c.id, name]);
  }, () => {
    memory.collections.set(c.id, record(c));
    for (const [name, content] of Object.entries(files)) memory.files.set(c.id + '/' + name, content);
  });
  const record = ({ id, title, created, passages, total, bytes, whole, documents, dense }) => ({ id, title, created, passages, total, bytes, whole, documents, dense });

  async function file(id, name) {
    const m = memory.files.get(id + '/' + name);
    if (m) return m;
    return transact('readonly', (cs, fs) => fs.get([id, name])).catch(() => undefined);
  }

  // ---- The list. ----

  const list = []; // records, and beside them job, left, error, notes, reading
  let loaded = null;
  const load = () => loaded ??= transact('readonly', cs => cs.getAll()).then(
    all => { list.push(...all.sort((a, b) => a.created - b.created)); },
    () => { forgetful = 'This browser keeps nothing here'; });

  let current = parley.stored('localStorage', chosenKey) || '';
  const find = id => list.find(c => c.id === id);

  // chosen gives the files of the collection searched in last, for boot.js.
  async function chosen() {
    await load();
    const own = current && find(current) ? await contents(current) : null;
    if (!own) choose('');
    mark();
    return own;
  }

  async function contents(id) {
    const [index, passages, dense] = await Promise.all(['index.bin', 'passages.bin', 'dense.bin'].map(name => file(id, name)));
    return index && passages ? { index, passages, dense } : null;
  }

  function choose(id) {
    current = id;
    parley.store('localStorage', chosenKey, id);
    mark();
  }
  const mark = () => document.documentElement.classList.toggle('own', !!current);

  // search changes what is searched in. Of two that overlap the later one counts.
  let searches = 0;
  async function search(id) {
    const mine = ++searches;
    const own = id ? await contents(id) : null;
    if (mine !== searches || id && !own) return;
    choose(id);
    parley.search(own, false);
    tell(`Searching in ${id ? find(id).title : siteTitle()}.`);
    draw();
  }

  const siteTitle = () => document.documentElement.dataset.collection || 'the built-in collection';

  // refused says that a collection was damaged; the worker has gone back to the site's.
  function refused(why) {
    const c = find(current);
    if (c) c.error = `It could not be opened (${why}).`;
    choose('');
    draw();
    open();
  }

  // ---- Taking files. ----

  // gather makes [{path, file}] of files and of entries of a drop, a folder's in the
  // order of the command line's walk.
  async function gather(given) {
    const out = [];
    const walk = async (entry, path) => {
      if (entry instanceof File) { out.push({ path, file: entry }); return; }
      if (entry.isFile) { out.push({ path, file: await new Promise((ok, no) => entry.file(ok, no)) }); return; }
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((ok, no) => reader.readEntries(ok, no));
        if (!some.length) return;
        for (const e of some) if (!e.name.startsWith('.')) await walk(e, path + '/' + e.name);
      }
    };
    for (const g of given) await walk(g, g.webkitRelativePath || g.name);
    const files = out.filter(f => !f.path.split('/').some(part => part.startsWith('.')));
    const roots = new Set(files.map(f => f.path.split('/')[0]));
    let title = (files[0]?.file.name ?? '').replace(/\.gz$/, '').replace(/\.[^.]+$/, '') + (files.length > 1 ? ' and more' : '');
    if (roots.size === 1 && files.every(f => f.path.includes('/'))) {
      title = [...roots][0];
      for (const f of files) f.path = f.path.slice(title.length + 1);
    }
    const compare = (a, b) => {
      const x = a.path.split('/'), y = b.path.split('/');
      for (let i = 0; i < Math.min(x.length, y.length); i++)
        if (x[i] !== y[i]) return x[i] < y[i] ? -1 : 1;
      return x.length - y.length;
    };
    return { title, files: files.sort(compare) };
  }

  async function take(given) {
    const { title, files } = await gather(given);
    if (!files.length) { tell('There is no file in it.'); return; }
    const base = f => f.path.split('/').pop();
    if (files.some(f => base(f) === 'manifest.json') && files.some(f => base(f) === 'index.bin') || files.length === 1 && /\.zip$/i.test(base(files[0]))) await adopt(title, files);
    else await collect(title, files);
  }

  const fresh = title => {
    const c = { id: crypto.randomUUID ? crypto.randomUUID() : String(Date.now() + Math.random()), title, created: Date.now(), passages: 0, total: 0, bytes: 0, whole: false };
    list.push(c);
    return c;
  };

  // adopt opens a collection that the command line or another page made.
  async function adopt(title, files) {
    const c = fresh(title);
    c.reading = 'Opening';
    draw();
    try {
      const made = await (c.job = run('adopt', { files }));
      Object.assign(c, { title: made.about.title || title, passages: made.passages, total: made.passages, whole: true, bytes: size(made.files), dense: made.files['dense.bin'] ? made.passages : 0 });
      await put(c, made.files);
      persist();
      await finished(c);
    } catch (e) {
      c.error = `It was not opened: ${e.message}.`;
    }
    c.job = c.reading = null;
    draw();
  }

  const size = files => Object.values(files).reduce((n, f) => n + f.byteLength, 0);

  // collect encodes documents.
  function collect(title, files) {
    const c = fresh(title), dense = also.checked && canBeDense();
    c.reading = 'Reading';
    return encode(c, 'collect', { title, files }).then(() => dense && c.whole && densify(c));
  }

  // add encodes further files into a collection; those that it has are encoded anew.
  async function add(c, given) {
    const { files } = await gather(given), own = await contents(c.id);
    if (!files.length || !own) return;
    c.reading = 'Reading';
    c.error = '';
    await encode(c, 'extend', { title: c.title, files, index: own.index, passages: own.passages });
    if (own.dense && c.whole && !c.dense) await densify(c, own);
  }

  // goOn encodes what an earlier visit did not come to.
  async function goOn(c) {
    const passages = await file(c.id, 'all');
    const vectors = [];
    for (let v; (v = await file(c.id, 'vectors/' + vectors.length));) vectors.push(v);
    if (!passages) { c.error = 'What was left to encode is gone.'; draw(); return; }
    c.batches = vectors.length;
    c.error = '';
    return encode(c, 'resume', { title: c.title, passages, vectors });
  }

  // encode runs a job that encodes, and keeps what it has reported.
  async function encode(c, op, body) {
    let writing = Promise.resolve(); // in order
    const keep = (...args) => { writing = writing.then(() => put(...args)).catch(e => { c.error = e.message; }); };
    c.batches ??= 0;
    c.cancelled = false;
    c.job = run(op, body, async m => {
      switch (m.op) {
      case 'reading':
        c.reading = `Reading: ${m.read.toLocaleString('en')} of ${count(m.files, 'file')}`;
        break;
      case 'cut':
        Object.assign(c, { reading: null, whole: false, batches: 0, total: m.total, done: m.kept, left: null, documents: m.documents, notes: m.notes, leftOut: m.left, others: m.others, replaced: m.replaced });
        c.dense = 0;
        keep(c, { all: m.passages });
        writing = writing.then(() => forget(c, 'dense'));
        persist();
        break;
      case 'progress':
        Object.assign(c, { reading: null, done: m.done, total: m.total, left: m.left, rate: m.rate });
        if (m.vectors.byteLength) keep(c, { ['vectors/' + c.batches++]: m.vectors });
        break;
      case 'built':
        await built(c, m, true);
        break;
      }
      draw();
    });
    draw();
    try {
      const m = await c.job;
      await writing;
      await built(c, m, !m.whole);
      c.whole = m.whole;
      await put(c);
      if (c.whole) {
        await forget(c, 'all');
        await forget(c, 'vectors/');
        tell(`${c.title}: all ${count(c.passages, 'passage')} encoded.`);
      }
    } catch (e) {
      await writing;
      if (!c.cancelled) c.error = `${c.whole ? 'Nothing was added' : c.total ? 'It stopped' : 'It was not made'}: ${e.message}.`;
      else if (!c.total) drop(c); // while its files were still being read
    }
    c.job = c.reading = null;
    draw();
  }

  // forget deletes the files whose names begin so.
  function forget(c, begin) {
    for (const key of [...memory.files.keys()]) if (key.startsWith(`${c.id}/${begin}`)) memory.files.delete(key);
    return kept('readwrite', (cs, fs) => { fs.delete(IDBKeyRange.bound([c.id, begin], [c.id, begin + '~'])); });
  }

  // densify has the dense encoder read a collection's passages, or goes on with it; older
  // is what the collection was, where that had such vectors.
  async function densify(c, older) {
    const own = await contents(c.id);
    if (!own || c.job) return;
    let writing = Promise.resolve();
    const vectors = [];
    for (let v; (v = await file(c.id, 'dense/' + vectors.length));) vectors.push(v);
    let slices = vectors.length;
    Object.assign(c, { error: '', cancelled: false, denser: true, done: c.dense || 0, left: null, rate: null });
    c.job = run('densify', { passages: own.passages, vectors: vectors.flat(), older }, m => {
      if (m.op === 'loading') c.reading = `Loading the second encoder: ${megabytes(m.loaded)} of ${megabytes(m.total)}`;
      if (m.op === 'progress') {
        // Only dense.bin makes it whole.
        Object.assign(c, { reading: null, done: m.done, dense: Math.min(m.done, m.total - 1), left: m.left, rate: m.rate });
        if (m.vectors.length) writing = writing.then(() => put(c, { ['dense/' + slices++]: m.vectors })).catch(e => { c.error = e.message; });
      }
      draw();
    });
    draw();
    persist();
    try {
      const m = await c.job;
      await writing;
      if (m.whole) {
        Object.assign(c, { dense: c.passages, bytes: own.index.byteLength + own.passages.byteLength + m.dense.byteLength });
        if (c.rate) parley.store('localStorage', rateKey, `${speed(c.rate)} ${Math.ceil(m.dense.byteLength / c.passages)}`);
        await put(c, { 'dense.bin': m.dense });
        await forget(c, 'dense/');
        if (current === c.id) parley.search(await contents(c.id), true);
        parley.panels.better?.set(true);
        tell(`${c.title}: all ${count(c.passages, 'passage')} read for better answers.`);
      }
    } catch (e) {
      await writing;
      if (!c.cancelled) c.error = `It was not read for better answers: ${e.message}.`;
    }
    c.job = c.reading = null;
    c.denser = false;
    draw();
  }

  // pace is what densify took the last time, for people.
  const rateKey = 'parley.dense.rate';
  const speed = rate => rate < 10 ? rate.toFixed(1) : String(Math.round(rate));
  function pace() {
    const [rate, bytes] = (parley.stored('localStorage', rateKey) || '').split(' ');
    return bytes ? `about ${rate} passages a second, ${bytes} bytes each` : 'slower, and some hundred bytes more for each passage';
  }
  const canBeDense = () => !!parley.about?.dense;

  // built keeps what can be searched by now, and searches in it where that is wanted.
  async function built(c, m, growing) {
    const first = !c.passages;
    Object.assign(c, { passages: m.done, done: m.done, total: m.total, bytes: size(m.files) });
    if (!m.done) return;
    const { 'index.bin': index, 'passages.bin': passages } = m.files;
    await put(c, { 'index.bin': index, 'passages.bin': passages });
    if (first && !document.documentElement.classList.contains('talking')) choose(c.id);
    if (current === c.id) parley.search({ index, passages }, growing && !first);
  }

  async function finished(c) {
    if (!document.documentElement.classList.contains('talking')) await search(c.id);
  }

  // Asks the browser not to throw away what is kept when it runs short of room.
  const persist = () => navigator.storage && navigator.storage.persist && navigator.storage.persist().catch(() => {});

  // ---- What can be done with a collection. ----

  const drop = c => { const i = list.indexOf(c); if (i >= 0) list.splice(i, 1); };

  async function remove(c) {
    if (c.job) c.job.cancel();
    if (current === c.id) await search('');
    drop(c);
    for (const key of [...memory.files.keys()]) if (key.startsWith(c.id + '/')) memory.files.delete(key);
    memory.collections.delete(c.id);
    await kept('readwrite', (cs, fs) => { cs.delete(c.id); fs.delete(range(c.id)); });
    tell(`${c.title} was deleted.`);
    draw();
    dialog.querySelector('h2').focus();
  }

  async function rename(c, title) {
    title = title.trim();
    if (title && title !== c.title) {
      try {
        const { passages } = await run('retitle', { passages: await file(c.id, 'passages.bin'), title });
        c.title = title;
        await put(c, { 'passages.bin': passages });
        if (current === c.id) parley.search(await contents(c.id), true);
        tell(`Renamed to ${title}.`);
      } catch (e) {
        c.error = `It was not renamed: ${e.message}.`;
      }
    }
    c.renaming = false;
    draw();
    const b = dialog.querySelector(`[data-rename="${CSS.escape(c.id)}"]`);
    if (b) b.focus();
  }

  async function exportIt(c) {
    try {
      const { zip } = await run('pack', await contents(c.id));
      save(c.title + '.zip', [zip], 'application/zip');
    } catch (e) {
      c.error = `It was not exported: ${e.message}.`;
      draw();
    }
  }

  // ---- The panel. ----

  let dialog = null, body = null, said = null;
  const also = el('input', { type: 'checkbox', id: 'also-dense' });
  let more = null, adding = null; // the input of files to add, and the collection they go to
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
        collect(name, [{ path: name + '.txt', file: new File([text.value], name + '.txt') }]);
        text.value = '';
        paste.open = false;
        paste.querySelector('summary').focus();
      } }, el('label', { for: 'paste-title' }, 'Title'), title, el('label', { for: 'paste-text' }, 'Text'), text,
      el('button', { class: 'primary', type: 'submit' }, 'Encode')));
    const zone = el('div', { class: 'zone', id: 'zone' },
      el('p', {}, 'Drop files or a folder here, or'),
      el('p', { class: 'choices' }, el('button', { type: 'button', class: 'plain', onclick: () => files.click() }, 'Choose files'), el('button', { type: 'button', class: 'plain', onclick: () => folder.click() }, 'Choose a folder')),
      el('p', { class: 'fine' }, 'Text, Markdown, HTML, CSV, JSON and JSON Lines, each also gzipped. What is dropped here becomes a collection of its own; one made by ', el('code', {}, 'parley index'), ', its folder or its zip file, opens as it is.'),
      el('label', { class: 'also', for: 'also-dense' }, also, el('span', {})),
      files, folder, more);
    body = el('div', { class: 'collections' });
    said = live();
    dialog = sheet('documents-panel', 'Your documents',
      el('p', { class: 'promise' }, el('strong', {}, 'Nothing leaves this computer.'), ' Documents are read and encoded in this tab, and kept in this browser.'),
      zone, paste, body, said);
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

  const megabytes = n => n < 1e5 ? `${Math.ceil(n / 1e3)}\u00a0kB` : `${(n / 1e6).toFixed(1)}\u00a0MB`;

  // draw shows the list. Rows are kept by collection and filled anew, so that what has
  // the focus keeps it.
  const rows = new Map();
  let due = 0;
  function draw() {
    button();
    if (!dialog || due) return;
    due = requestAnimationFrame(() => { due = 0; drawNow(); });
  }

  function drawNow() {
    const items = [{ id: '', title: siteTitle(), site: true }, ...list];
    for (const [id, row] of rows) if (!items.some(c => c.id === id)) { row.root.remove(); rows.delete(id); }
    if (!body.firstChild) body.append(el('h3', { id: 'search-in' }, 'Search in'), el('div', { role: 'radiogroup', 'aria-labelledby': 'search-in' }, el('ul', { role: 'list' })), el('p', { class: 'fine', id: 'forgetful' }));
    body.querySelector('#forgetful').textContent = forgetful ? forgetful + ': your documents last until this tab is closed. Export what you want to keep.' : '';
    const ul = body.querySelector('ul[role=list]');
    also.parentElement.hidden = !canBeDense();
    also.nextSibling.textContent = `Also read them for better answers (${pace()})`;
    items.forEach((c, i) => {
      let row = rows.get(c.id);
      if (!row) rows.set(c.id, row = newRow(c));
      if (ul.children[i] !== row.root) ul.insertBefore(row.root, ul.children[i] || null);
      fill(row, c);
    });
  }

  function newRow(c) {
    const name = 'radio-' + (c.id || 'site');
    const radio = el('input', { type: 'radio', name: 'search-in', id: name, onchange: () => search(c.id) });
    const title = el('label', { for: name, dir: 'auto' });
    const facts = el('p', { class: 'fine facts' });
    const bar = el('progress', { hidden: true, 'aria-label': 'Encoded' });
    const error = el('p', { class: 'error', hidden: true });
    const notes = el('details', { class: 'notes', hidden: true }, el('summary'), el('ul'));
    const acts = el('p', { class: 'acts' });
    const editor = el('form', { class: 'renamer', hidden: true, onsubmit: e => { e.preventDefault(); rename(c, input.value); } });
    const input = el('input', { 'aria-label': 'New name', onkeydown: e => { if (e.key === 'Escape') { e.preventDefault(); e.stopPropagation(); rename(c, c.title); } } });
    editor.append(input, el('button', { type: 'submit', class: 'plain' }, 'Rename'));
    const root = el('li', {}, radio, el('div', {}, el('p', { class: 'name' }, title), editor, facts, bar, error, notes, acts));
    return { root, radio, title, facts, bar, error, notes, acts, editor, input, buttons: '' };
  }

  function fill(row, c) {
    const set = (e, text) => { if (e.textContent !== text) e.textContent = text; };
    set(row.title, c.title);
    row.radio.checked = current === c.id;
    row.radio.disabled = !c.site && !c.passages;
    row.editor.hidden = !c.renaming;
    row.title.parentElement.hidden = !!c.renaming;
    row.bar.hidden = !c.job;
    if (c.job && c.total) { row.bar.max = c.total; row.bar.value = c.done || 0; } else row.bar.removeAttribute('value');
    set(row.facts, facts(c));
    row.error.hidden = !c.error;
    set(row.error, c.error || '');
    const left = (c.leftOut || 0) + (c.others || 0), anew = c.replaced || [];
    row.notes.hidden = !left && !anew.length;
    if (!row.notes.hidden && row.told !== c.notes) {
      row.told = c.notes;
      row.notes.firstChild.textContent = [anew.length && `${anew.length.toLocaleString('en')} replaced`, left && `${left.toLocaleString('en')} left out`].filter(Boolean).join(', ');
      row.notes.lastChild.replaceChildren(...anew.map(id => el('li', {}, `${id} took the place of the one before`)), ...c.notes.map(n => el('li', {}, n)), ...(c.others ? [el('li', {}, `${count(c.others, 'file')} of formats that are not read`)] : []));
    }
    const verbs = c.site ? [] : c.job ? ['Cancel'] : [
      !c.whole && c.total && 'Go on', c.passages && c.whole && 'Add files', c.passages && c.whole && canBeDense() && c.dense !== c.passages && (c.dense ? 'Go on reading for better answers' : 'Read for better answers'), c.passages && c.whole && 'Rename', c.passages && 'Export', 'Delete'].filter(Boolean);
    if (row.buttons !== verbs.join()) {
      row.buttons = verbs.join();
      const does = { Cancel: () => { c.cancelled = true; c.job.cancel(); }, 'Go on': () => goOn(c), 'Add files': () => { adding = c; more.click(); }, 'Read for better answers': () => densify(c), 'Go on reading for better answers': () => densify(c), Export: () => exportIt(c), Delete: () => remove(c),
        Rename: () => { c.renaming = true; row.input.value = c.title; drawNow(); row.input.focus(); row.input.select(); } };
      const had = row.acts.contains(document.activeElement);
      row.acts.replaceChildren(...verbs.map(v => quiet([v, el('span', { class: 'vh' }, ' ' + c.title)], does[v], v === 'Rename' ? { 'data-rename': c.id } : {})));
      if (had && row.acts.firstChild) row.acts.firstChild.focus();
    }
  }

  function facts(c) {
    if (c.site) return 'Built in';
    if (c.reading) return c.reading;
    if (c.job) {
      if (!c.total || c.denser && !c.rate) return 'Waiting';
      if (c.denser) return `${c.done.toLocaleString('en')} of ${count(c.total, 'passage')} read for better answers, ${speed(c.rate)} a second` + (c.left != null ? `, ${duration(c.left)} left` : '');
      return `${(c.done || 0).toLocaleString('en')} of ${count(c.total, 'passage')} encoded` +
        (c.left != null ? `, ${duration(c.left)} left` : '') + (c.passages ? '; can be searched so far' : '');
    }
    if (c.error && !c.passages) return '';
    const day = new Date(c.created).toLocaleDateString(undefined, { dateStyle: 'medium' });
    const dense = !c.dense ? '' : c.dense === c.passages ? ', read for better answers' : `; ${c.dense.toLocaleString('en')} read for better answers`;
    return c.whole ? `${count(c.passages, 'passage')}, ${megabytes(c.bytes)}, ${day}${dense}` : `Stopped after ${c.passages.toLocaleString('en')} of ${count(c.total, 'passage')}`;
  }

  // button shows on the page how far encoding is, the panel being closed.
  function button() {
    const c = list.find(c => c.job);
    const b = $('documents');
    const text = !c ? 'Documents' : c.total ? `Documents ${Math.floor(100 * (c.done || 0) / c.total)}\u00a0%` : 'Documents …';
    if (b.textContent !== text) b.textContent = text;
  }

  async function open(what, given) {
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

  // searchIn searches in the collection of a title, where there is one.
  async function searchIn(title) {
    await load();
    const c = title === siteTitle() ? { id: '' } : list.find(c => c.title === title && c.passages);
    if (c) await search(c.id);
    return !!c;
  }

  parley.panels.documents = { open, over, chosen, refused, searchIn, draw };
})();
