// This script does what must work before the page's WebAssembly has loaded, or when it
// cannot load: colours, the question box, the loading line, the worker, the service
// worker. The conversation itself is wasm/ui; the two talk through `parley` below.
'use strict';
(() => {
  const html = document.documentElement;
  const $ = id => document.getElementById(id);
  const url = path => new URL(path, location.href).href;

  // Hosts that send headers forbid framing with them. On other hosts, too, no page may
  // frame this one and make visitors press its buttons unseen: nothing works in a frame
  // before mayBeFramed has said yes.
  if (new URLSearchParams(location.search).has('embed')) html.classList.add('embed');

  // mayBeFramed reports whether `parley build --embed` or `parley serve --embed` named all
  // pages around this one. Firefox tells the nearest one alone.
  async function mayBeFramed() {
    try {
      const allowed = await (await fetch(url('embed.json'), { cache: 'no-store' })).json();
      const around = location.ancestorOrigins ? [...location.ancestorOrigins] : [new URL(document.referrer).origin];
      return around.every(origin => allowed.includes(origin === location.origin ? 'self' : origin));
    } catch {
      return false;
    }
  }
  function refuseFrame() {
    const a = document.createElement('a');
    Object.assign(a, { href: location.href, target: '_blank', rel: 'noopener', textContent: 'Open Parley in a tab of its own' });
    document.body.replaceChildren(a);
  }

  const { scope } = Talks;

  // Storage may be forbidden or full; nothing here depends on it. Items that an earlier
  // version stored for the whole origin are read until there is a newer one.
  const stored = (store, key) => { try { return window[store].getItem(key + scope) ?? window[store].getItem(key); } catch { return null; } };
  const store = (store, key, value) => { try { window[store].setItem(key + scope, value); } catch { /* kept in memory alone */ } };

  // ---- Colours: as the system, light, dark. Set before the first paint. ----

  const themes = ['auto', 'light', 'dark'];
  const themeNames = { auto: 'as the system', light: 'light', dark: 'dark' };
  let theme = stored('localStorage', 'parley.theme');
  if (!themes.includes(theme)) theme = 'auto';
  const paint = { light: '#faf8f4', dark: '#171613' };
  function showTheme() {
    html.dataset.theme = theme;
    for (const m of document.querySelectorAll('meta[name=theme-color]'))
      m.content = paint[theme] || (m.media.includes('dark') ? paint.dark : paint.light);
    const b = $('theme');
    if (b) {
      b.title = 'Colours: ' + themeNames[theme];
      b.setAttribute('aria-label', b.title);
    }
  }
  showTheme();

  // While a conversation is to be restored, the introduction is hidden.
  const conversation = 'parley.conversation';
  if (stored('sessionStorage', conversation) || /^#(tour|present|handout)/.test(location.hash)) html.classList.add('talking');

  // ---- The page's program. Calls are queued until it has started. ----

  let handle = null, know;
  const calls = [];
  function call(...args) { if (handle) handle(...args); else calls.push(args); }

  window.parley = {
    set handle(f) { handle = f; },
    get handle() { return handle; },
    // The program calls started when it can take calls.
    started() {
      window.eval = evaluate;
      for (const c of calls.splice(0)) handle(...c);
      if (wanted) submit();
    },
    post(m) { search.post(m); },
    // Requests of the program (Browser in wasm/ui/page.go).
    ask(id, body) { this.post({ id, op: 'ask', body }); },
    load() { return stored('sessionStorage', conversation); },
    save(text) {
      this.talk = text; // where nothing can be stored
      store('sessionStorage', conversation, text);
      html.classList.toggle('talking', !!text);
      document.title = (text ? Talks.title(text) + ' · ' : '') + siteTitle;
      if (!this.lesson?.on) Talks.keep(text, this.about?.collection).then(showEarlier);
      if (!text) showFound([]);
    },
    focus(id) { $(id)?.focus(); },
    edit(id, text) {
      this.fill(id, text);
      this.focus(id);
      $(id)?.select();
    },
    fill(id, value) { const e = $(id); if (e) e.value = value; },
    lens(rows) { panel('lens').then(l => l.show(rows)).catch(e => say(e.message)); },
    compare(...given) { panel('compare').then(c => c.show(...given), () => {}); },
    dial(...given) { panel('dial').then(d => d.show(...given)).catch(e => say(e.message)); },
    // probe asks the worker for an instrument or the lesson, beside the conversation (a
    // message.Ask as JSON).
    probe(body) { return search.ask(body); },
    dropFragment() { history.replaceState(null, '', location.pathname + location.search); },
    tickAfter(step) { setTimeout(() => call('tick', '', '', step), 1500); },
    announce(text) { $('live').textContent = text; },
    notice(text, button) {
      notice = text ? { kind: 'notice', text, button, act: () => call('act') } : null;
      showStatus();
    },
    // type writes an example's next question into the box, unless a visitor has typed
    // there.
    type(text) {
      const q = $('q');
      if (q.value === shownText) { q.value = shownText = text; grow(); }
    },
    async copy(text) {
      try {
        await navigator.clipboard.writeText(text);
      } catch { // the address is not https
        const t = document.createElement('textarea');
        t.value = text;
        (document.querySelector('dialog[open]') || document.body).append(t);
        t.select();
        const copied = document.execCommand('copy');
        t.remove();
        if (!copied) {
          say('This browser let nothing be copied.');
          return false;
        }
      }
      say('Copied.');
      return true;
    },
    // What the panels (panels.js, documents.js, share.js, better.js, dial.js) need from the page.
    panels: {}, call, say, stored, store, panel, scope, showEarlier, lookForNewer, shared() {}, opened() {},
    known: new Promise(done => { know = done; }), // resolves when about describes the collection that is searched
    site: { manifest: url('site.json'), sha256: html.dataset.site, kernel: [url('{{kernel.wasm}}'), '{{kernel.wasm integrity}}'],
      relaxed: [url('{{kernel-relaxed.wasm}}'), '{{kernel-relaxed.wasm integrity}}'] },
    url: path => url(path),
    at: path => at(path), // address of a file that an element loads
    // search searches in a visitor's own collection, {index, passages, dense}, or, for
    // null, in the site's.
    search(own, growing) { this.post({ op: 'collection', own, growing }); },
    scrollTo(id) {
      const el = $(id);
      if (el) el.scrollIntoView({ block: 'start', behavior: calm() ? 'auto' : 'smooth' });
    },
  };
  const siteTitle = document.title;
  let shownText = '';
  // dropProbes fails the probes that no worker will answer, and drops answers that are of
  // another collection.
  function dropProbes() {
    search.drop(new Error('the search program started anew'));
    window.parley.panels.dial?.forget();
    window.parley.panels.lens?.forget();
  }
  const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

  // ---- The line above the question box. ----

  // Messages of the page's program are shown here too, unless something is loading.
  let state = { kind: '' }, notice = null;
  function status(kind, text, button, act) {
    state = { kind, text, button, act };
    showStatus();
  }
  function showStatus() {
    const urgent = state.kind === 'loading' || state.kind === 'failed';
    const s = notice && !urgent ? notice : state;
    $('status').dataset.state = s.kind;
    $('status-text').textContent = s.text;
    $('progress').hidden = s.kind !== 'loading';
    const b = $('status-button');
    b.hidden = !s.button;
    b.textContent = s.button || '';
    b.onclick = s.act || null;
  }

  const megabytes = n => (n / 1e6).toFixed(1);
  // pace returns a function that says how long a download will take, from how much has come
  // in the last seconds: ", about 2 minutes left". Without a total, it begins anew.
  const pace = window.parley.pace = () => {
    let seen = []; // [time, bytes]
    return (loaded, total) => {
      const now = performance.now();
      if (!total || seen.length && loaded < seen.at(-1)[1]) seen = [];
      if (!total) return '';
      seen.push([now, loaded]);
      while (seen.length > 2 && now - seen[1][0] > 8000) seen.shift();
      const [since, had] = seen[0], left = (total - loaded) / ((loaded - had) / (now - since)) / 1000;
      // A figure that jumps helps nobody: none at first, and round ones.
      return !(now - since > 3000 && left < 36000) ? '' : left > 90 ? `, about ${Math.round(left / 60)} minutes left` : left > 3 ? `, about ${Math.ceil(left / 5) * 5} seconds left` : '';
    };
  };
  const left = pace();
  function progress(loaded, total) {
    const bar = $('progress');
    if (total) { bar.max = total; bar.value = loaded; } else bar.removeAttribute('value');
    const about = left(loaded, total);
    status('loading', total ? `Loading: ${megabytes(loaded)} of ${megabytes(total)} MB${about}` : 'Loading');
  }

  // showFound shows what was found before the encoder was there, below a first question
  // that waits for its answer. It is not that answer, and says so.
  function showFound(results) {
    const box = $('found'), list = box.querySelector('ol');
    box.hidden = !results.length;
    list.replaceChildren(...results.map(r => {
      const item = document.createElement('li'), title = document.createElement(/^https?:/.test(r.url || '') ? 'a' : 'cite'), quote = document.createElement('q');
      Object.assign(title, { textContent: r.title || r.id, dir: 'auto' }, r.url && { href: r.url, target: '_blank', rel: 'noopener noreferrer' });
      const bytes = new TextEncoder().encode(r.text);
      Object.assign(quote, { textContent: new TextDecoder().decode(bytes.subarray(...r.quote)), dir: 'auto' });
      item.append(title, ' ', quote);
      return item;
    }));
    if (results.length) window.parley.announce(`Found by words alone: ${results.map(r => r.title).join(', ')}. The answer follows.`);
  }

  // begin asks for an early answer to the first question of a conversation. A follow-up has
  // none: what it says depends on what was said before.
  function begin(question) {
    if (!search.ready && !html.classList.contains('talking')) search.post({ op: 'early', body: question });
  }

  // ---- Where one was before a reload: the place on the page, and what was open there. ----

  const place = 'parley.place', controls = () => [...document.querySelectorAll('#app [aria-expanded][aria-controls]')];
  const key = b => b.id || b.getAttribute('aria-controls');
  function leavePlace() {
    store('sessionStorage', place, JSON.stringify({ y: scrollY, open: controls().map(b => [key(b), b.getAttribute('aria-expanded')]) }));
  }
  // While turns are asked again after the reload, the page grows; whoever moves meanwhile
  // stays where that leads.
  function comeBack() {
    addEventListener('pagehide', leavePlace);
    let back = null;
    try { back = !location.hash && stored('sessionStorage', conversation) && JSON.parse(stored('sessionStorage', place)); } catch { /* none then */ }
    if (!back) return;
    history.scrollRestoration = 'manual';
    let opened = false;
    const grown = new MutationObserver(() => {
      if (!document.querySelector('#app article') || document.querySelector('#app [aria-busy=true]')) return;
      if (!opened) for (const b of controls()) if (back.open.some(([k, expanded]) => k === key(b) && expanded !== b.getAttribute('aria-expanded'))) b.click();
      opened = true;
      scrollTo(0, back.y);
      if (Math.abs(scrollY - back.y) < 2 && scrollY > 0) grown.disconnect();
    });
    grown.observe($('app'), { childList: true, subtree: true, attributeFilter: ['aria-busy', 'hidden', 'aria-expanded'] });
    for (const e of ['wheel', 'touchmove', 'keydown', 'pointerdown']) addEventListener(e, () => grown.disconnect(), { once: true, passive: true });
  }

  // ---- Earlier conversations (talks.js keeps them, earlier.js lists them). ----

  function showEarlier() {
    const b = $('earlier');
    if (b) b.hidden = !Talks.any() && !window.parley.panels.earlier;
  }

  function failed(f) {
    const text = Programs.explain(f);
    status('failed', text, 'Retry', retry);
    window.parley.announce(text);
    lookForNewer();
  }

  // lookForNewer checks whether a file is missing because another version was published:
  // then the page names another boot.js.
  const me = document.currentScript.getAttribute('src');
  function lookForNewer() {
    fetch(url('index.html'), { cache: 'no-store' }).then(r => r.ok ? r.text() : me).then(page => { if (me && !page.includes(me)) outdated(); }, () => {});
  }

  // outdated says that this tab cannot continue, since it would mix two versions.
  function outdated(text = 'A new version was published since this tab was opened.') {
    status('update', text, 'Reload', () => location.reload());
    window.parley.announce(text);
  }

  // ---- Programs, verified (programs.js). ----

  const fetchPart = ([path, integrity]) => Programs.fetchPart([url(path), integrity]);
  const refresh = path => fetch(url(path), { cache: 'reload' });

  // trust is the only way to set the address of a script (trusted types). It allows this
  // folder's scripts, which carry their integrity, the service worker, and the addresses
  // that programs.js made.
  const rules = { createScriptURL(s) {
    if (s === 'sw.js' || s.startsWith('blob:') || s.startsWith(url('app/'))) return s;
    throw new TypeError(`no script of this page: ${s}`);
  } };
  const trust = Programs.platform.trust = window.trustedTypes?.createPolicy('parley', rules) ?? rules;

  // ---- The worker. ----

  const search = new Programs.Search(hear);
  const startWorker = () => search.start([url('{{worker.js}}'), '{{worker.js integrity}}'], async () => {
    // The visitor's own collection, if it was the last one searched.
    let own = null;
    try {
      // Several collections (documents.js) are joined first, which takes longer.
      const chosen = stored('localStorage', 'parley.collection');
      if (chosen) own = await Promise.race([panel('documents').then(d => d.chosen()), new Promise(f => setTimeout(f, chosen.includes('+') ? 60000 : 5000))]);
    } catch { /* the site's own then */ }
    return { ...window.parley.site, worker: [url('{{worker.wasm}}'), '{{worker.wasm integrity}}'], own, early: true };
  }, window.parleyBefore);

  function hear(op, m) {
    if (window.parley.hear?.(op, m) || m.id < 0) return; // parts.js; probes
    switch (op) {
    case 'progress': {
      const p = JSON.parse(m.body);
      if (state.kind !== 'failed') progress(p.loaded, p.total); // the page's program may have failed
      break;
    }
    case 'ready':
      dropProbes();
      about(JSON.parse(m.body), m.own);
      settle();
      call('ready', m.body);
      break;
    case 'dense': {
      const d = window.parley.dense = JSON.parse(m.body);
      window.parley.panels.better?.draw();
      if (d.state !== 'loading') call('dense', d.state);
      if (d.state === 'on' && keeper) ask(keeper); // one thing less is missing
      if (d.state === 'failed') lookForNewer();
      break;
    }
    case 'grown': // more of a collection that is being encoded
      about(JSON.parse(m.body), m.own);
      if (search.ready && started && state.kind === 'ready') status('ready', resting);
      call('grown', m.body);
      break;
    case 'early':
      if (!search.ready) showFound(JSON.parse(m.body).results || []);
      break;
    case 'refused':
      panel('documents').then(d => d.refused(m.body), () => {});
      break;
    case 'lost':
      call('lost');
      failed(JSON.parse(m.body));
      break;
    case 'failed':
      failed(JSON.parse(m.body));
      break;
    default: // "answer" and "error"
      showFound([]);
      call(op, m.body, '', m.id);
    }
  }

  function retry() {
    progress(0, 0);
    if (!started) startProgram();
    if (!search.retry()) startWorker();
  }

  // settle shows the line's normal state, once both programs run.
  function settle() {
    if (!search.ready || !started) return;
    status('ready', resting);
    registerOnceIdle();
  }

  let resting = '';
  function about(r, own) {
    r = { collection: '', passages: 0, ...r }; // messages leave out empty fields
    window.parley.about = r;
    know();
    if (!own) html.dataset.collection = r.collection;
    suggest(own || !document.querySelector('.examples') ? r.suggested || [] : [], own);
    window.parley.panels.documents?.draw(); // it shows the name of the site's collection
    if (r.dense) panel('better').then(b => b.ready()).catch(e => say(e.message));
    resting = `${r.passages.toLocaleString('en')} passages${r.collection ? ' of ' + r.collection : ''}`;
    if (Programs.slow(r)) resting += `. ${Programs.slow(r)}`;
    const p = $('collection');
    p.textContent = '';
    p.append(`${r.collection}, ${r.passages.toLocaleString('en')} passages. `);
    if (r.attribution) p.append(r.attribution.replace(/\.?$/, '. '));
    if (r.licence) {
      p.append('Text licence: ');
      if (/^https?:/.test(r.licence_url || '')) {
        const a = document.createElement('a');
        a.href = r.licence_url;
        a.target = '_blank';
        a.rel = 'noopener noreferrer license';
        a.textContent = r.licence;
        p.append(a, '.');
      } else p.append(r.licence, '.');
    }
  }

  // suggest shows first questions to a collection that has no examples. Those on view stay
  // while it grows.
  let suggestedOf = null;
  function suggest(questions, own) {
    const list = $('suggested'), of = own && stored('localStorage', 'parley.collection');
    if (of !== suggestedOf || list.children.length < 3) {
      list.replaceChildren(...questions.map(q => {
        const item = document.createElement('li'), b = document.createElement('button');
        Object.assign(b, { type: 'button', dir: 'auto', textContent: q, onclick() { call('ask', q); $('q').focus({ preventScroll: true }); } });
        item.append(b);
        return item;
      }));
    }
    suggestedOf = of;
    list.parentElement.hidden = !list.firstChild;
  }

  // ---- Loaded on demand: one script for each panel, after panels.js. ----

  const at = window.parleyAt || url; // a page in one file finds its parts in its own way
  const scripts = {};
  function script([src, integrity]) {
    return scripts[src] ??= new Promise((done, fail) => {
      const s = document.createElement('script');
      s.integrity = integrity;
      s.crossOrigin = 'anonymous';
      s.src = trust.createScriptURL(at(src));
      s.onload = done;
      s.onerror = () => {
        delete scripts[src];
        s.remove();
        fail({ stage: 'download', file: Programs.nameOf(src), message: 'it did not arrive' });
      };
      document.head.append(s);
    });
  }
  async function panel(name) {
    const charts = ['{{charts.js}}', '{{charts.js integrity}}'];
    const parts = [['{{panels.js}}', '{{panels.js integrity}}'], ...(name === 'dial' || name === 'compare' ? [charts] : []), ...(['dial', 'compare', 'lens', 'lesson'].includes(name) ? [['{{glossary.js}}', '{{glossary.js integrity}}']] : []), {
      documents: ['{{documents.js}}', '{{documents.js integrity}}'],
      reader: ['{{reader.js}}', '{{reader.js integrity}}'],
      share: ['{{share.js}}', '{{share.js integrity}}'],
      earlier: ['{{earlier.js}}', '{{earlier.js integrity}}'],
      better: ['{{better.js}}', '{{better.js integrity}}'],
      dial: ['{{dial.js}}', '{{dial.js integrity}}'],
      compare: ['{{compare.js}}', '{{compare.js integrity}}'],
      lesson: ['{{lesson.js}}', '{{lesson.js integrity}}'],
      lens: ['{{lens.js}}', '{{lens.js integrity}}'],
    }[name]];
    try { // load and verify all of them before the first runs
      await Promise.all(parts.map(p => scripts[p[0]] || fetchPart(p)));
      for (const p of parts) await script(p);
    } catch (e) {
      lookForNewer();
      throw new Error(Programs.explain(e));
    }
    return window.parley.panels[name];
  }
  const open = (name, what) => panel(name).then(p => p.open(what)).catch(e => say(e.message));

  // openLink asks the conversation in the page's address.
  function openLink() {
    if (/^#c=/.test(location.hash)) panel('share').then(p => p.openLink(location.hash)).catch(e => say(e.message));
  }

  // ---- The page's program: ui.wasm. ----

  const evaluate = window.eval;
  let started = false;
  async function startProgram() {
    try {
      if (!whole()) throw new Error('a part is missing');
      const go = new Go();
      const instance = await instantiate(await fetchPart(['{{ui.wasm}}', '{{ui.wasm integrity}}']), go.importObject);
      started = true;
      settle();
      // Vugu evaluates its script when it starts, which the page's policy forbids;
      // vugu-helper.js has loaded that script already.
      window.eval = () => undefined;
      await go.run(instance);
      throw new Error('the program ended');
    } catch (e) {
      handle = null;
      if (started) status('failed', `Something went wrong: ${e.message}. The conversation is kept.`, 'Reload', () => location.reload());
      else if (!whole()) {
        const parts = [...sheets.map(s => s.href), ...[...document.scripts].map(s => s.src)].filter(Boolean);
        status('failed', 'A part of the page did not arrive, or was refused because it is not the one that was published.', 'Reload',
          () => Promise.allSettled(parts.map(refresh)).then(() => location.reload()));
      } else failed(e.stage ? e : { stage: 'open', file: 'ui.wasm', message: e.message });
    }
  }

  // whole reports whether the parts that index.html names are there.
  const sheets = [...document.querySelectorAll('link[rel=stylesheet]')];
  const whole = () => typeof Go !== 'undefined' && window.vuguRender && sheets.every(s => s.sheet);

  async function instantiate(response, imports) {
    if (/^application\/wasm/.test(response.headers.get('content-type')))
      return (await WebAssembly.instantiateStreaming(response, imports)).instance;
    return (await WebAssembly.instantiate(await response.arrayBuffer(), imports)).instance; // for an older host
  }

  // ---- Asking. ----

  let wanted = false; // a question was asked before the program ran
  function submit() {
    const q = $('q');
    const text = q.value;
    wanted = false;
    if (!text.trim()) {
      say('Type a question first.');
      q.focus();
      return;
    }
    if (!handle) {
      wanted = true;
      say(Programs.lacking() || 'Your question will be asked as soon as the page has loaded.');
      return;
    }
    q.value = shownText = '';
    q.dir = 'auto';
    grow();
    $('said').textContent = '';
    begin(text);
    call('ask', text);
    if (matchMedia('(pointer: coarse)').matches) q.blur(); // otherwise the keyboard would cover the reply
  }

  // say shows a hint under the box, and announces it to screen readers.
  function say(text) {
    $('said').textContent = text;
    window.parley.announce(text);
  }

  // grow fits the box to its text, in browsers without field-sizing.
  const grows = CSS.supports('field-sizing', 'content');
  function grow() {
    const q = $('q');
    if (grows) return;
    q.style.height = 'auto';
    if (q.value) q.style.height = q.scrollHeight + 'px'; // up to max-height
  }

  function wire() {
    showTheme();
    $('theme').onclick = () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      store('localStorage', 'parley.theme', theme);
      showTheme();
    };
    $('new').onclick = () => call('new');
    for (const b of document.querySelectorAll('[data-panel]')) b.onclick = () => open(b.dataset.panel);
    document.addEventListener('click', e => {
      const of = e.target.closest('[data-source]');
      if (of) open('reader', of.dataset.source);
    });
    addEventListener('dragover', e => {
      if (!e.dataTransfer.types.includes('Files')) return;
      e.preventDefault(); // otherwise the browser would leave the page for the file
      panel('documents').then(d => d.over(), () => {});
    });
    addEventListener('drop', e => {
      if (!e.dataTransfer.types.includes('Files')) return;
      e.preventDefault();
      // Read the list now: after this event it is empty.
      open('documents', [...e.dataTransfer.items].map(i => i.webkitGetAsEntry?.() || i.getAsFile()).filter(Boolean));
    });
    $('ask').addEventListener('submit', e => { e.preventDefault(); submit(); });
    $('q').addEventListener('input', () => {
      if (!wanted) $('said').textContent = '';
      // Finding the direction of a megabyte of text takes seconds at each layout.
      $('q').dir = $('q').value.length < 20000 ? 'auto' : '';
      grow();
    });
    // The examples' data: each question rewritten to stand alone, and the passages that
    // answer it.
    call('examples', [...document.querySelectorAll('[data-q]')].map(s => [s.textContent.trim(), s.dataset.rewrite, s.dataset.gold].join('\t')).join('\n'));
    // The tour, presentations and handouts have addresses: see lesson.js.
    const lesson = () => { if (/^#(tour|present|handout)/.test(location.hash)) panel('lesson').then(l => l.go()).catch(e => say(e.message)); };
    addEventListener('hashchange', lesson);
    lesson();
    for (const b of document.querySelectorAll('[data-example]'))
      b.onclick = () => {
        const questions = [...b.querySelectorAll('[data-q]')].map(s => s.textContent.trim());
        begin(questions[0]);
        call('play', questions.join('\n'));
      };

    // Enter submits the form of a text field, Shift+Enter begins a line, Escape presses
    // the form's Cancel; not during composition with an input method.
    document.addEventListener('keydown', e => {
      const t = e.target;
      if (e.isComposing || e.keyCode === 229) return;
      if (t.id === 'q' && e.key === 'Escape') call('stop');
      if (!(t instanceof HTMLTextAreaElement) || 'plain' in t.dataset) return;
      if (e.key === 'Enter' && !e.shiftKey) { e.preventDefault(); t.form.requestSubmit(); }
      if (e.key === 'Escape') { const c = t.form.querySelector('[data-cancel]'); if (c) { e.preventDefault(); c.click(); } }
    });
  }

  // ---- The service worker: it makes the page work offline, and loads its next version.
  // ----

  function offline(...text) { $('offline').replaceChildren(...text); }

  function registerOnceIdle() {
    if (registered) return;
    registered = true;
    if (!('serviceWorker' in navigator)) { // over http from another machine, or in a browser that has none
      offline(window.parleyAt ? inOneFile : `It needs the network: this browser keeps no page${isSecureContext ? '' : ' that comes over http'}.`);
      return;
    }
    // After the first load, so that nothing is downloaded twice.
    (window.requestIdleCallback || setTimeout)(register);
  }
  let registered = false;
  const inOneFile = 'All of it is in this one file.';
  async function register() {
    try {
      const reg = await navigator.serviceWorker.register(trust.createScriptURL('sw.js'));
      const watch = sw => {
        if (!sw) return;
        const look = () => {
          if (sw.state === 'installed' && reg.active) offer(sw);
          if (sw.state === 'activated') ask(sw);
        };
        sw.addEventListener('statechange', look);
        look();
      };
      watch(reg.installing);
      watch(reg.waiting);
      if (reg.active) watch(reg.active);
      reg.addEventListener('updatefound', () => watch(reg.installing));
      navigator.serviceWorker.addEventListener('controllerchange', () => outdated('Another tab has changed to a new version.'));
    } catch (e) {
      offline(window.parleyAt ? inOneFile : ''); // in a private window the page works only online
    }
  }

  // ask makes a service worker check that it has every file, and say what the page offers
  // and loads only on request. keep makes it fetch that, too.
  let keeper = null;
  function ask(sw, keep) {
    keeper = sw;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => {
      const ready = 'Ready to work offline.';
      if (!(data.whole ?? data)) offline('It needs the network: some of its files could not be kept.');
      else if (!data.missing?.length) offline(ready);
      else {
        const size = `${data.missing.join(' and ')} (${megabytes(data.bytes)}\u00a0MB)`;
        if (data.keeping) { offline(`${ready} Keeping ${size} as well\u00a0…`); return; }
        const b = document.createElement('button');
        Object.assign(b, { type: 'button', className: 'quiet', textContent: 'Keep them, too', onclick() { b.disabled = true; ask(sw, true); } });
        offline(`${ready.slice(0, -1)}, except for ${size}. ${data.failed ? 'Fetching them failed. ' : ''}`, b);
      }
    };
    sw.postMessage({ op: keep ? 'keep' : 'whole', sparing: !!navigator.connection?.saveData }, [port2]);
  }

  // offer offers the visitor a new version; the conversation is kept.
  function offer(sw) {
    status('update', 'A new version is ready.', 'Reload', () => {
      if (sw.state !== 'installed') { location.reload(); return; } // another tab has changed to it
      sw.addEventListener('statechange', () => { if (sw.state === 'activated') location.reload(); });
      sw.postMessage({ op: 'activate' });
    });
  }

  document.addEventListener('DOMContentLoaded', async () => {
    if (window.top !== window && !await mayBeFramed()) {
      refuseFrame();
      return;
    }
    wire();
    showEarlier();
    comeBack();
    const lacking = Programs.lacking();
    if (lacking) {
      status('failed', lacking);
      window.parley.announce(lacking);
      return;
    }
    // A keyboard that comes up by itself would cover half of a small screen.
    if (window.top === window && !location.hash && !matchMedia('(pointer: coarse)').matches && document.activeElement === document.body) $('q').focus({ preventScroll: true });
    progress(0, 0);
    startWorker();
    startProgram();
    openLink();
    addEventListener('hashchange', openLink);
  });
})();
