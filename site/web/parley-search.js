// <parley-search>: conversational search in the pages of any site. The folder that has this
// script was written by `parley build --widget`.
//
//   <script type="module" src="/search/parley-search.js"></script>
//   <parley-search></parley-search>
//
// It is a button that opens a dialog, by Ctrl+K or Cmd+K too; with the attribute "inline",
// the box and its results stand in the page. Other attributes:
//
//   base    the folder of the search; without it, this script's
//   site    what relative links of results begin from; without it, the folder above base
//   lang    en, de, fr, es; without it, that of the element around it
//   theme   light or dark; without it, the visitor's
//   hotkey  another letter than k, or none
//   results how many results are shown, 8 without it
//
// The property labels replaces texts. Styles: the parts button, dialog, box, status,
// progress, reply, results, result, title, excerpt, mark; the variables in the style sheet
// below. Nothing but this script loads before it is opened, and no search before something
// is typed; then it says how much that is.

const texts = {
  en: {
    search: 'Search', placeholder: 'Search or ask', close: 'Close', results: 'Results',
    first: 'The first search loads {size}. What you type stays in this browser.', loading: 'Loading: {done} of {total}', ready: 'Ready.',
    found: '{n} results', one: '1 result', none: 'Nothing was found.', unsure: 'Nothing here seems to answer that. Nearest:',
    phrase: 'No page that was found has {phrase} word for word. Nearest:', spelling: 'Read as {word}.',
    after: 'Read together with: {question}', anew: 'New topic', failed: 'The search did not load. {why}', retry: 'Retry',
    help: 'Type words or a question. “Quotation marks” find a phrase word for word; Enter asks, and the next question may build on the reply.',
  },
  de: {
    search: 'Suche', placeholder: 'Suchen oder fragen', close: 'Schließen', results: 'Ergebnisse',
    first: 'Die erste Suche lädt {size}. Was Sie tippen, bleibt in diesem Browser.', loading: 'Lädt: {done} von {total}', ready: 'Bereit.',
    found: '{n} Ergebnisse', one: '1 Ergebnis', none: 'Nichts gefunden.', unsure: 'Hier scheint das nichts zu beantworten. Am nächsten kommt:',
    phrase: 'Keine gefundene Seite enthält {phrase} wörtlich. Am nächsten kommt:', spelling: 'Gelesen als {word}.',
    after: 'Zusammen gelesen mit: {question}', anew: 'Neues Thema', failed: 'Die Suche wurde nicht geladen. {why}', retry: 'Noch einmal',
    help: 'Wörter oder eine Frage. „Anführungszeichen“ finden eine Wendung wörtlich; Eingabe fragt, und die nächste Frage darf auf die Antwort bauen.',
  },
  fr: {
    search: 'Rechercher', placeholder: 'Chercher ou demander', close: 'Fermer', results: 'Résultats',
    first: 'La première recherche charge {size}. Ce que vous tapez reste dans ce navigateur.', loading: 'Chargement : {done} sur {total}', ready: 'Prêt.',
    found: '{n} résultats', one: '1 résultat', none: 'Rien n’a été trouvé.', unsure: 'Rien ici ne semble y répondre. Le plus proche :',
    phrase: 'Aucune page trouvée ne contient {phrase} mot pour mot. Le plus proche :', spelling: 'Lu comme {word}.',
    after: 'Lu avec : {question}', anew: 'Nouveau sujet', failed: 'La recherche n’a pas été chargée. {why}', retry: 'Réessayer',
    help: 'Des mots ou une question. Les « guillemets » cherchent une expression mot pour mot ; Entrée pose la question, et la suivante peut s’appuyer sur la réponse.',
  },
  es: {
    search: 'Buscar', placeholder: 'Buscar o preguntar', close: 'Cerrar', results: 'Resultados',
    first: 'La primera búsqueda carga {size}. Lo que escribe se queda en este navegador.', loading: 'Cargando: {done} de {total}', ready: 'Listo.',
    found: '{n} resultados', one: '1 resultado', none: 'No se encontró nada.', unsure: 'Nada aquí parece responder a eso. Lo más cercano:',
    phrase: 'Ninguna página encontrada contiene {phrase} palabra por palabra. Lo más cercano:', spelling: 'Leído como {word}.',
    after: 'Leído junto con: {question}', anew: 'Tema nuevo', failed: 'La búsqueda no se cargó. {why}', retry: 'Reintentar',
    help: 'Palabras o una pregunta. Las «comillas» buscan una frase palabra por palabra; Intro pregunta, y la pregunta siguiente puede apoyarse en la respuesta.',
  },
};

const sheet = `
:host { --_ink: var(--parley-ink, #1f1d1a); --_paper: var(--parley-paper, #fff); --_soft: var(--parley-soft, #6b665e); --_line: var(--parley-line, #d9d4ca);
  --_accent: var(--parley-accent, #1f5f8b); --_mark: var(--parley-mark, #fdeeb8); --_radius: var(--parley-radius, 8px);
  font: var(--parley-font, 1rem/1.45 system-ui, sans-serif); color: var(--_ink); }
:host([inline]) { display: block; }
:host([hidden]) { display: none; }
@media (prefers-color-scheme: dark) { :host(:not([theme=light])) { --_ink: var(--parley-ink, #ece8e0); --_paper: var(--parley-paper, #201e1b); --_soft: var(--parley-soft, #a8a299);
  --_line: var(--parley-line, #4a463f); --_accent: var(--parley-accent, #8fc7ee); --_mark: var(--parley-mark, #5a4a12); } }
:host([theme=dark]) { --_ink: var(--parley-ink, #ece8e0); --_paper: var(--parley-paper, #201e1b); --_soft: var(--parley-soft, #a8a299);
  --_line: var(--parley-line, #4a463f); --_accent: var(--parley-accent, #8fc7ee); --_mark: var(--parley-mark, #5a4a12); }
* { box-sizing: border-box; }
button { font: inherit; color: inherit; background: var(--_paper); border: 1px solid var(--_line); border-radius: var(--_radius); padding: .4em .8em; cursor: pointer; min-height: 2.4em; }
kbd { font: inherit; font-size: .8em; color: var(--_soft); margin-inline-start: .6em; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
dialog { color: var(--_ink); background: var(--_paper); border: 1px solid var(--_line); border-radius: var(--_radius); padding: 1rem;
  width: min(var(--parley-width, 42rem), calc(100vw - 1.5rem)); max-height: calc(100dvh - 3rem); margin: 1.5rem auto auto; overflow: auto; }
dialog::backdrop { background: rgb(0 0 0 / .45); }
.panel { background: var(--_paper); }
form { display: flex; gap: .5rem; margin: 0; }
input { flex: 1; min-width: 0; font: inherit; font-size: max(1em, 16px); color: inherit; background: var(--_paper); border: 1px solid var(--_soft); border-radius: var(--_radius); padding: .5em .7em; }
p { margin: .6rem 0; }
.soft { color: var(--_soft); font-size: .9em; }
progress { width: 100%; accent-color: var(--_accent); }
blockquote { margin: .8rem 0; padding-inline-start: .8rem; border-inline-start: 3px solid var(--_accent); }
ul { list-style: none; margin: .4rem 0 0; padding: 0; }
li { border-top: 1px solid var(--_line); }
li > a, li > div { display: block; padding: .6rem .3rem; color: inherit; text-decoration: none; }
li > a:hover .title, li > a:focus .title { text-decoration: underline; }
.title { color: var(--_accent); font-weight: 600; overflow-wrap: anywhere; }
.excerpt { display: block; font-size: .92em; overflow-wrap: anywhere; }
mark { background: var(--_mark); color: inherit; border-radius: 2px; }
.context { display: flex; gap: .6rem; align-items: baseline; flex-wrap: wrap; }
.context button { min-height: 0; padding: .1em .6em; font-size: .9em; }
[hidden] { display: none !important; }
@media (max-width: 26rem) { button kbd { display: none; } }
`;

// el returns an element; children are elements and text.
function el(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key in e && key !== 'part' && key !== 'role') e[key] = value; else e.setAttribute(key, value);
  }
  e.append(...children);
  return e;
}

const plain = s => s.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();

// phrasesOf returns what stands in quotation marks.
const phrasesOf = q => [...q.matchAll(/["“„«»”]([^"“”„«»]+)["”“«»]/g)].map(m => m[1].trim()).filter(Boolean);

// namesOf returns what a page or a section may be called: its title and, of a signature
// ("class ropes.Rope(length)"), the name with and without its module.
function namesOf(title) {
  const bare = title.replace(/\s*[(<[].*$/s, ''), name = bare.split(/\s+/).at(-1);
  return [title, bare, ...(/[\w$](\.|::|#)[A-Za-z_$]/.test(name) ? [name, name.split(/\.|::|#/).at(-1)] : [])].map(plain).filter(Boolean);
}

// sentence makes a whole sentence of an error's message.
const sentence = s => s.replace(/^./, c => c.toUpperCase()).replace(/[^.?!]$/, '$&.');

// arrange puts first the pages and sections whose name is what was typed, and, where there
// are phrases, leaves only results that have them word for word; whole says whether any has.
function arrange(typed, results) {
  const name = plain(typed), phrases = phrasesOf(typed).map(plain);
  const having = results.filter(r => phrases.every(p => ` ${plain(`${r.title} ${r.text}`)} `.includes(` ${p} `)));
  const rank = r => {
    const parts = r.title.split(' > ');
    return plain(r.title) === name ? 2 : namesOf(parts.at(-1)).includes(name) || plain(parts[0]) === name ? 1 : 0;
  };
  return { whole: having.length > 0, results: (having.length ? having : results).map((r, i) => [r, rank(r), i]).sort((a, b) => b[1] - a[1] || a[2] - b[2]).map(([r]) => r) };
}

let opened = null; // the element whose dialog is open

class ParleySearch extends HTMLElement {
  static observedAttributes = ['lang', 'inline'];
  #labels = {};
  #ui = null;
  #parley = null;       // a promise
  #missed = 0;          // how often parley.js did not come
  #conversation = null;
  #asked = 0;
  #due = 0;
  #stop = new AbortController();

  constructor() {
    super();
    this.attachShadow({ mode: 'open', delegatesFocus: true });
    const style = new CSSStyleSheet();
    style.replaceSync(sheet);
    this.shadowRoot.adoptedStyleSheets = [style];
  }

  get labels() { return { ...texts[this.#language()], ...this.#labels }; }
  set labels(l) { this.#labels = { ...l }; this.#draw(); }

  get base() { return new URL(this.getAttribute('base') || new URL('.', import.meta.url), document.baseURI).href.replace(/\/?$/, '/'); }
  get site() { return new URL(this.getAttribute('site') || '..', this.hasAttribute('site') ? document.baseURI : this.base).href; }

  #language() {
    const lang = (this.closest('[lang]') || document.documentElement).lang.toLowerCase().split('-')[0];
    return texts[lang] ? lang : 'en';
  }

  connectedCallback() {
    this.#stop = new AbortController();
    this.#draw();
    const key = (this.getAttribute('hotkey') || 'k').toLowerCase();
    addEventListener('keydown', e => {
      if (!(e.ctrlKey || e.metaKey) || e.altKey || e.shiftKey || e.key.toLowerCase() !== key || e.defaultPrevented) return;
      e.preventDefault(); // otherwise it would be the browser's own search
      this.open();
    }, { signal: this.#stop.signal });
  }

  disconnectedCallback() {
    this.#stop.abort();
    clearTimeout(this.#due);
    this.#parley?.then(p => p.close(), () => {});
    this.#parley = this.#conversation = null;
  }

  attributeChangedCallback() { if (this.isConnected) this.#draw(); }

  // say fills in a text's {names}.
  #say(label, values = {}) { return this.labels[label].replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all); }

  #megabytes(n) {
    return (n / 1e6).toLocaleString(this.#language(), { maximumFractionDigits: 1, minimumFractionDigits: 1 }) + '\u00a0MB';
  }

  #draw() {
    const inline = this.hasAttribute('inline'), l = this.labels;
    const box = el('input', { type: 'search', part: 'box', placeholder: l.placeholder, autocomplete: 'off', spellcheck: false, enterKeyHint: 'search', 'aria-label': l.placeholder, 'aria-describedby': 'help', 'aria-controls': 'results' });
    const ui = this.#ui = {
      box,
      form: el('form', { role: 'search' }, box),
      status: el('p', { part: 'status', class: 'soft', role: 'status', 'aria-live': 'polite' }),
      progress: el('progress', { part: 'progress', max: 1, hidden: true, 'aria-label': l.search }),
      retry: el('button', { type: 'button', hidden: true, textContent: l.retry, onclick: () => this.#ask(false) }),
      context: el('p', { class: 'soft context', hidden: true }),
      reply: el('blockquote', { part: 'reply', hidden: true }),
      results: el('ul', { part: 'results', id: 'results', role: 'list', 'aria-label': l.results }),
      help: el('p', { class: 'soft', id: 'help', textContent: l.help }),
    };
    ui.form.addEventListener('submit', e => { e.preventDefault(); this.#ask(true); });
    box.addEventListener('input', () => this.#typed());
    const panel = el('div', { class: 'panel' }, ui.form, ui.context, ui.status, ui.progress, ui.retry, ui.reply, ui.results, ui.help);
    panel.addEventListener('keydown', e => this.#move(e));
    this.shadowRoot.replaceChildren();
    if (inline) {
      box.addEventListener('focus', () => this.#announce(), { once: true });
      this.shadowRoot.append(panel);
      return;
    }
    ui.form.append(el('button', { type: 'button', textContent: l.close, onclick: () => ui.dialog.close() }));
    ui.dialog = el('dialog', { part: 'dialog', 'aria-label': l.search }, panel);
    ui.dialog.addEventListener('close', () => { opened = null; });
    ui.dialog.addEventListener('pointerdown', e => {
      const r = ui.dialog.getBoundingClientRect();
      if (e.target === ui.dialog && (e.clientX < r.left || e.clientX > r.right || e.clientY < r.top || e.clientY > r.bottom)) ui.dialog.close();
    });
    const key = this.getAttribute('hotkey') || 'k';
    const button = el('button', { type: 'button', part: 'button', 'aria-haspopup': 'dialog', onclick: () => this.open() }, l.search);
    if (key !== 'none') {
      button.append(el('kbd', { 'aria-hidden': 'true', textContent: `${/Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl '}${key.toUpperCase()}` }));
      button.setAttribute('aria-keyshortcuts', `Control+${key.toUpperCase()} Meta+${key.toUpperCase()}`);
    }
    this.shadowRoot.append(button, ui.dialog);
  }

  open() {
    const { dialog, box } = this.#ui;
    if (dialog && !dialog.open && !opened) {
      opened = this;
      dialog.showModal();
    }
    if (opened && opened !== this) return;
    box.focus();
    box.select();
    this.#announce();
  }

  close() { this.#ui.dialog?.close(); }

  // announce says what a first search loads, before it does.
  async #announce() {
    if (this.#parley) return;
    try {
      const bytes = await (await this.#api()).size({ base: this.base });
      const { status, retry } = this.#ui;
      if (!this.#parley && retry.hidden) status.textContent = this.#say('first', { size: this.#megabytes(bytes) }); // a failure stands
    } catch (e) {
      this.#failed(e);
    }
  }

  // api loads parley.js. Some browsers remember that a module did not come, so it is
  // asked for by another address then.
  async #api() {
    try {
      return (await import(`./{{parley-api.js}}${this.#missed ? `?${this.#missed}` : ''}`)).Parley;
    } catch {
      this.#missed++;
      throw new Error('A part of it did not come. Perhaps the site was built anew since this page was loaded; then a reload helps.');
    }
  }

  #failed(e) {
    const { status, retry, progress } = this.#ui;
    status.textContent = this.#say('failed', { why: sentence(e.message) });
    progress.hidden = true;
    retry.hidden = false;
  }

  #load() {
    return this.#parley ??= (async () => {
      const { status, progress, retry } = this.#ui;
      retry.hidden = true;
      const p = await (await this.#api()).load({ base: this.base, signal: this.#stop.signal, onprogress: ({ done, total }) => {
        Object.assign(progress, { hidden: false, max: total || 1, value: done });
        status.textContent = this.#say('loading', { done: this.#megabytes(done), total: this.#megabytes(total) });
      } });
      progress.hidden = true;
      status.textContent = [this.labels.ready, ...p.warnings].join(' ');
      this.#conversation = p.conversation({ k: 100 });
      return p;
    })().catch(e => { this.#parley = null; throw e; });
  }

  // typed searches while a visitor types, beside the conversation.
  #typed() {
    clearTimeout(this.#due);
    if (this.#ui.box.value.trim().length < 2) {
      this.#asked++;
      this.#show(null);
      return;
    }
    this.#due = setTimeout(() => this.#ask(false), this.#parley ? 200 : 0);
  }

  // ask asks what is in the box. Enter makes it a turn of the conversation.
  async #ask(turn) {
    clearTimeout(this.#due);
    const typed = this.#ui.box.value.trim(), mine = ++this.#asked;
    if (!typed) return;
    try {
      const p = await this.#load();
      if (mine !== this.#asked) return;
      const c = turn ? this.#conversation : p.conversation({ k: 100, ...this.#conversation.toJSON() });
      const question = typed.replace(/["“”„«»]/g, ' ').trim() || typed;
      const answer = await c.ask(question);
      if (mine === this.#asked) this.#show(answer, typed, turn);
    } catch (e) {
      if (mine === this.#asked && !this.#stop.signal.aborted) this.#failed(e);
    }
  }

  #show(answer, typed = '', turn = false) {
    const { status, reply, results, context, help, box } = this.#ui;
    for (const e of [reply, results, context]) e.replaceChildren();
    reply.hidden = context.hidden = true;
    help.hidden = !!answer;
    if (!answer) {
      if (this.#conversation) status.textContent = '';
      return;
    }
    const { whole, results: list } = arrange(typed, answer.results);
    const phrases = phrasesOf(typed);
    const says = answer.spelling.map(s => this.#say('spelling', { word: s.read }));
    const shown = once(list, r => r.url || r.id).slice(0, Number(this.getAttribute('results')) || 8);
    if (!shown.length) says.push(this.labels.none);
    else if (phrases.length && !whole) says.push(this.#say('phrase', { phrase: phrases.map(p => `“${p}”`).join(', ') }));
    else if (answer.doubt && !phrases.length) says.push(this.labels.unsure);
    else says.push(shown.length === 1 ? this.labels.one : this.#say('found', { n: shown.length }));
    status.textContent = says.join(' ');

    const before = this.#conversation.turns.slice(0, turn ? -1 : undefined).filter((_, i) => answer.read.includes(i)).at(-1);
    if (before) {
      context.hidden = false;
      context.append(el('span', { textContent: this.#say('after', { question: before.question }) }), el('button', { type: 'button', textContent: this.labels.anew, onclick: () => {
        while (this.#conversation.undo());
        box.focus();
        this.#ask(false);
      } }));
    }
    if (turn && answer.source && !phrases.length) {
      reply.hidden = false;
      reply.append(answer.reply, ' ', this.#link(answer.source, el('span', { class: 'title', textContent: answer.source.title })));
    }
    for (const r of shown) results.append(el('li', {}, this.#link(r, el('span', { class: 'title', part: 'title', textContent: r.title }), excerpt(r), 'result')));
    if (turn) box.select();
  }

  // link makes a link of a result that has an address: one of the site's own pages, mostly.
  #link(r, ...children) {
    const part = typeof children.at(-1) === 'string' ? children.pop() : '';
    let url = null;
    try {
      url = r.url && new URL(r.url, this.site);
    } catch { /* not an address */ }
    if (!url || !/^https?:$/.test(url.protocol)) return el('div', part ? { part } : {}, ...children);
    const a = el('a', { href: url.href, ...part && { part } }, ...children);
    a.addEventListener('click', () => this.#ui.dialog?.close()); // it may lead to a place of this page
    return a;
  }

  // move moves between the box and the results.
  #move(e) {
    if (!['ArrowDown', 'ArrowUp'].includes(e.key) || e.ctrlKey || e.metaKey || e.altKey) return;
    const stops = [this.#ui.box, ...this.#ui.results.querySelectorAll('a')];
    const at = stops.indexOf(this.shadowRoot.activeElement);
    if (at < 0) return;
    e.preventDefault();
    stops[Math.max(0, Math.min(stops.length - 1, at + (e.key === 'ArrowDown' ? 1 : -1)))].focus();
  }
}

// once leaves out what has the key of something before it.
function once(list, key) {
  const seen = new Set();
  return list.filter(r => !seen.has(key(r)) && seen.add(key(r)));
}

// excerpt is the text around a result's best sentence, with its words marked.
function excerpt({ text, span, marks }, size = 220) {
  let start = text.length > size ? Math.max(0, Math.min(span[0], text.length - size)) : 0;
  if (start > 0 && start < span[0]) start = text.indexOf(' ', start) + 1;
  let end = Math.min(text.length, start + size);
  if (end < text.length) end = Math.max(text.lastIndexOf(' ', end), start + size / 2);
  const out = el('span', { class: 'excerpt', part: 'excerpt' }, start > 0 ? '… ' : '');
  let at = start;
  for (const [a, b] of marks) {
    if (a < at || b > end) continue;
    out.append(text.slice(at, a), el('mark', { part: 'mark', textContent: text.slice(a, b) }));
    at = b;
  }
  out.append(text.slice(at, end), end < text.length ? ' …' : '');
  return out;
}

customElements.get('parley-search') ?? customElements.define('parley-search', ParleySearch);

export { ParleySearch, arrange };
