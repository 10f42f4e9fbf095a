// Conversational search over a folder that `parley build` wrote, as an ES module: in a
// page, in a worker, and in Node 20 or later. parley.d.ts describes what it exports;
// site/parleyjs is the package.
//
// Each Parley has workers of its own, which are the page's: worker.js answers, and
// files-worker.js, which is started when it is first needed, reads documents. parley.json
// names them, with the SHA-256 that each must have.
'use strict';

const { ParleyError, platform } = Programs;
const API = 1; // of parley.json: a folder with another number is of another version

const failure = f => new ParleyError(f.stage || 'open', f.file || '', f.stage === 'support' ? f.message : Programs.explain(f), { cause: f });

// A page's policy may forbid workers: some browsers throw then, others end the worker
// without a word.
const forbidden = why => ({ stage: 'support', message: `the worker could not be started${why ? `: ${why}` : ''}. A content security policy has to allow worker-src blob: and script-src 'wasm-unsafe-eval', and one of trusted types the policy parley.js` });
const { worker } = platform;
platform.worker = script => {
  try {
    return worker(script);
  } catch (e) {
    throw failure(forbidden(e.message));
  }
};

// abortable passes a promise on, unless signal comes first.
function abortable(promise, signal) {
  if (!signal) return promise;
  return new Promise((done, fail) => {
    const stop = () => fail(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    promise.then(done, fail).finally(() => signal.removeEventListener('abort', stop));
  });
}

// ---- The folder. ----

async function baseOf(base) {
  const built = /^(.*\/)app\/parley-api\.[^/]*$/.exec(import.meta.url); // this script, where a folder has it
  if (base === undefined && !built) throw new ParleyError('open', '', 'load needs {base}, the address of a folder that `parley build` wrote');
  let address = String(base ?? built[1]);
  if (Node.here) address = await Node.address(address);
  const from = globalThis.document?.baseURI ?? globalThis.location?.href;
  let url;
  try {
    url = new URL(address, from?.startsWith('blob:') ? undefined : from);
  } catch (e) {
    throw new ParleyError('open', '', `base, ${JSON.stringify(address)}, is no address here; give an absolute one`, { cause: e });
  }
  if (!url.pathname.endsWith('/')) url.pathname = url.pathname.replace(/[^/]*\.html?$/, '').replace(/([^/])$/, '$1/');
  url.search = url.hash = '';
  return url.href;
}

// describe reads parley.json.
async function describe(base, integrity, signal) {
  const address = base + 'parley.json', file = 'parley.json';
  const help = `is ${base} a folder that \`parley build\` wrote?`;
  let res;
  try {
    res = await platform.fetch(address, { cache: 'no-cache', signal, ...integrity && { integrity } });
  } catch (e) {
    signal?.throwIfAborted();
    throw new ParleyError('download', file, `${address} did not come (${e.message})${integrity ? '; or it is not what `integrity` says' : ''}; ${help}`, { cause: e });
  }
  if (!res.ok) {
    const older = (await platform.fetch(base + 'site.json', { signal }).catch(() => null))?.ok;
    throw older ? new ParleyError('version', file, `${base} was built before there was parley.js: build the folder again with \`parley build\``)
      : new ParleyError('download', file, `the server answered ${res.status} ${res.statusText} for ${address}; ${help}`);
  }
  let d;
  try {
    d = JSON.parse(await res.text());
  } catch (e) {
    signal?.throwIfAborted();
    throw new ParleyError('open', file, `${address} is not JSON (${res.headers.get('content-type') || 'of no type'}): the server may answer with a page of its own where a file is missing; ${help}`, { cause: e });
  }
  if (!(d?.api >= 1) || !d.search) throw new ParleyError('open', file, `${address} is not of a folder that \`parley build\` wrote; ${help}`);
  if (d.api !== API)
    throw new ParleyError('version', file, d.api > API
      ? `this parley.js is older than ${base}: it knows version ${API} of its files, and they are of version ${d.api}; update the package`
      : `${base} is older than this parley.js: its files are of version ${d.api}, and it needs version ${API}; build the folder again with \`parley build\``);
  return d;
}

// ---- Answers. ----

// indices returns a function from offsets in text's UTF-8, as the programs count, to
// offsets in a JavaScript string.
function indices(text) {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length === text.length) return n => n;
  const decoder = new TextDecoder();
  return n => decoder.decode(bytes.subarray(0, n)).length;
}

// resultOf makes a Result of a message.Result, whose empty fields are left out.
function resultOf(r) {
  const { doc = 0, id = '', title = '', text = '', url = '', score = 0, quote = [0, 0], marks = [], no_figure = false, dense = 0, rule = 0, read = 0, parts } = r;
  const at = indices(text);
  let span = [at(quote[0]), at(quote[1])];
  if (span[0] < 0 || span[1] > text.length || span[0] >= span[1]) span = [0, Math.min(text.length, 300)];
  return {
    doc, id, title, text, url, score, dense, rule, read,
    quote: text.slice(...span).trim(), span, marks: marks.map(m => m.map(at)), noFigure: no_figure,
    ...parts && { parts: parts.map(({ term = 0, query = 0, doc = 0 }) => ({ term, query, doc })) },
  };
}

function answerOf(question, a) {
  const results = (a.results || []).map(resultOf), { cost = {} } = a;
  const source = a.doubt ? null : results[a.reply || 0] ?? results[0] ?? null;
  return {
    question, reply: source?.quote ?? '', source, doubt: a.doubt || '', confidence: a.answers || 0, results,
    terms: (a.terms || []).map(({ text = '', weight = 0, turn = 0, reply = false, typed = false, word = false }) => ({ text, weight, turn, reply, typed, word })),
    cost: {
      encode: cost.encode_ms || 0, search: cost.search_ms || 0, read: cost.read_ms || 0, dense: cost.dense_ms || 0, reader: cost.reader_ms || 0,
      lists: cost.lists || 0, postings: cost.postings || 0,
    },
    read: a.read || [], alone: !!a.alone, begins: !!a.begins, stage: a.stage || '', spelling: a.spelling || [], completed: !!a.completed,
    tokens: a.tokens || 0, dropped: !!a.dropped, cut: !!a.cut,
  };
}

// ---- A conversation. ----

// Longer questions and earlier turns could not reach the encoder.
const maxTurns = 200;

// sent is what the worker is told of a turn.
const sent = ({ question, reply, title, begins }) => ({ question, reply, title, begins });

class Conversation {
  #parley;
  #turns;
  #last = Promise.resolve();

  constructor(parley, { turns = [], ...options }) {
    this.#parley = parley;
    this.options = options;
    this.#turns = turns.map(({ question, reply = '', title = '', begins = false }) => ({ question, reply, title, begins, answer: null }));
  }

  get turns() { return this.#turns.map(t => ({ ...t })); }

  // ask waits for the questions before it, whose replies are read with this one.
  ask(question, options = {}) {
    const asked = this.#last.then(async () => {
      options.signal?.throwIfAborted();
      question = String(question).trim();
      if (!question) throw new ParleyError('ask', '', 'the question is empty');
      const answer = await this.#request(this.#turns, question, { ...this.options, ...options });
      if (options.signal?.aborted) return answer; // nobody waits for it
      this.#turns.push({ question, reply: answer.reply, title: answer.source?.title ?? '', begins: answer.begins, answer });
      return answer;
    });
    this.#last = asked.catch(() => {});
    return abortable(asked, options.signal);
  }

  async #request(before, question, { k = 10, level = '', read = '', stage = '', explain = false, weights, signal }) {
    const turns = [...before.slice(-maxTurns + 1).map(sent), { question }];
    const from = before.length + 1 - turns.length;
    const body = { turns, k, level, read, stage, explain, ...weights && { weights } };
    const a = answerOf(question, await this.#parley._ask(body, signal));
    for (const t of a.terms) if (t.turn >= 0) t.turn += from;
    a.read = a.read.map(i => i + from);
    return a;
  }

  #turn(i) {
    const n = this.#turns.length, at = i ?? n - 1;
    if (!this.#turns[at]) throw new RangeError(n ? `there is no turn ${i}; the turns are 0 to ${n - 1}` : 'nothing was asked yet');
    return at;
  }

  // probe asks the question of a turn again, in another way, without changing the
  // conversation. Turns that are left out keep their numbers.
  async probe({ turn, leaveOut = [], ...options } = {}) {
    const at = this.#turn(turn), t = this.#turns[at];
    const before = this.#turns.slice(0, at).map((t, i) => leaveOut.includes(i) ? { question: '', reply: '', title: '', begins: t.begins } : t);
    // What was completed is completed again: with the turns before it, it would be read as it was typed.
    const read = at > 0 && t.answer && !t.answer.completed ? t.answer.alone ? 'alone' : 'together' : '';
    return abortable(this.#request(before, t.question, { ...this.options, read, ...options }), options.signal);
  }

  explain(turn, options) { return this.probe({ ...options, turn, explain: true }); }

  leaveOut(turns, options) { return this.probe({ ...options, leaveOut: [turns].flat() }); }

  // choose makes another result the reply, which later questions build on.
  choose(result, turn) {
    const t = this.#turns[this.#turn(turn)];
    const r = t.answer?.results.find(r => r.id === (result?.id ?? result));
    if (!r) throw new RangeError(`the turn has no result ${JSON.stringify(result?.id ?? result)}`);
    t.reply = r.quote;
    t.title = r.title;
  }

  undo() {
    const t = this.#turns.pop();
    return t && { ...t };
  }

  toJSON() { return { turns: this.#turns.map(sent) }; }
}

// ---- Documents. ----

// webURL completes a document's address, which may be relative to the page.
function webURL(url) {
  try {
    return url && new URL(url, globalThis.document?.baseURI).href;
  } catch {
    return undefined;
  }
}

// documentsOf returns [{path, file, columns}] for what index takes. Texts become one file
// of JSON Lines.
function documentsOf(documents) {
  const files = [], records = [];
  for (const [i, d] of [documents].flat().entries()) {
    const wrong = why => new TypeError(`document ${i}: ${why}; wanted a string, a File, {text, id, title, url} or {path, file}`);
    if (typeof d === 'string') records.push({ _id: `text-${i + 1}`, text: d });
    else if (d instanceof Blob) files.push({ path: d.webkitRelativePath || d.name || `document-${i + 1}.txt`, file: d });
    else if (d?.file instanceof Blob) files.push({ path: String(d.path || d.file.name || `document-${i + 1}.txt`), file: d.file, ...d.columns && { columns: d.columns } });
    else if (typeof d?.text === 'string') records.push({ _id: String(d.id ?? `text-${i + 1}`), title: d.title, text: d.text, url: webURL(d.url) });
    else throw wrong(`it is ${d === null ? 'null' : typeof d}`);
  }
  if (!files.length && !records.length) throw new TypeError('there are no documents to index');
  // A File does not reach a worker of Node as it is.
  for (const f of files) f.file = f.file.slice();
  if (records.length) files.push({ path: 'texts.jsonl', file: new Blob([records.map(r => JSON.stringify(r)).join('\n')]) });
  return files;
}

// A Collection is what index made: its files, which can be searched, kept and exported.
class Collection {
  #parley;
  _saved = null; // {name, revision} of what save kept
  constructor(parley, { title, passages, documents = 0, notes = [], files }) {
    this.#parley = parley;
    Object.assign(this, { title, passages, documents, notes, files });
  }

  // bytes returns a zip file, which open and the command line read.
  async bytes({ signal } = {}) { return new Uint8Array((await this.#parley._job('pack', this.files, signal)).zip); }

  // add returns a collection that has further documents. They replace those of the same
  // ids. save replaces what it kept of this one.
  async add(documents, options = {}) {
    const { index, passages } = this.files;
    const more = await this.#parley._collect('extend', documents, { index, passages }, { title: this.title, ...options });
    more._saved = this._saved;
    return more;
  }
}

// filesOf names the files of a worker's reply as the workers ask for them.
const filesOf = f => ({ index: f['index.bin'], passages: f['passages.bin'], ...f['dense.bin'] && { dense: f['dense.bin'] } });

// ---- Storage. ----

const store = 'collections';

function database() {
  return new Promise((done, fail) => {
    const none = (why, cause) => fail(new ParleyError('storage', '', `collections cannot be kept here: ${why}; collection.bytes() gives a file that can be kept elsewhere`, { cause }));
    if (!globalThis.indexedDB) return none(Node.here ? 'Node has no IndexedDB' : 'this browser has no IndexedDB, or forbids it');
    let r;
    try {
      r = indexedDB.open('parley.js', 1);
    } catch (e) {
      return none(e.message, e);
    }
    r.onupgradeneeded = () => r.result.createObjectStore(store);
    r.onsuccess = () => done(r.result);
    r.onerror = () => none(r.error.message, r.error);
    r.onblocked = () => none('another tab uses an older version of it');
  });
}

async function transact(mode, f) {
  const db = await database();
  try {
    return await new Promise((done, fail) => {
      const t = db.transaction(store, mode);
      let value;
      t.oncomplete = () => done(value);
      t.onabort = t.onerror = () => fail(t.parleyError ?? new ParleyError('storage', '', `nothing was kept: ${t.error?.name === 'QuotaExceededError' ? 'there is no room for it' : t.error?.message}`, { cause: t.error }));
      const say = v => { value = v; };
      f(t.objectStore(store), say, e => { t.parleyError = e; t.abort(); });
    });
  } finally {
    db.close();
  }
}

// ---- Parley. ----

class Parley {
  #base;
  #folder;
  #options;
  #own = null;         // the Collection that is searched
  #search;
  #desk;
  #started = null;     // a promise: the worker answers
  #settle = null;      // {done, fail} of what waits for "ready"
  #switching = Promise.resolve();
  #line = Promise.resolve();
  #closed = null;
  #heard = false;      // a worker has run
  #dense = null;       // {done, fail, onprogress} of better
  #onprogress = null;
  about = null;

  static async load({ base, signal, onprogress, level, collection, integrity } = {}) {
    signal?.throwIfAborted();
    const lacking = Programs.lacking();
    if (lacking) throw new ParleyError('support', '', lacking);
    if (Node.here) await Node.adapt(platform);
    const p = new Parley();
    p.#base = await baseOf(base);
    p.#folder = await describe(p.#base, integrity, signal);
    p.#options = { level };
    p.#search = new Programs.Search((op, m) => p.#hear(op, m));
    const { files } = p.#folder;
    if (files) p.#desk = new Jobs.Desk({ script: p.#part(files.script), setup: { ...p.#site(), worker: p.#part(files.program), pdfium: p.#part(files.pdfium) } });
    p.#onprogress = onprogress;
    try {
      if (collection) p.#own = await p.open(collection, { signal });
      await abortable(p.#start(), signal);
    } catch (e) {
      p.close();
      throw e;
    }
    p.#onprogress = null;
    return p;
  }

  // size returns the bytes that a first question loads, as the host sends them.
  static async size({ base, signal, integrity } = {}) {
    if (Node.here) await Node.adapt(platform);
    return (await describe(await baseOf(base), integrity, signal)).first;
  }

  get levels() { return (this.about.levels || []).map(l => ({ ...l })); }
  get collection() { return this.#own; }

  // warnings are what a visitor should know, in whole sentences.
  get warnings() { return [Programs.slow(this.about)].filter(Boolean); }

  #part = ([path, integrity]) => [this.#base + path, integrity];
  #site() {
    const [path, sha256] = this.#folder.site;
    return { manifest: this.#base + path, sha256, kernel: this.#part(this.#folder.kernel), relaxed: this.#folder.relaxed && this.#part(this.#folder.relaxed) };
  }

  // #start starts the worker; after it has failed, once more.
  #start() {
    this.#started ??= new Promise((done, fail) => {
      this.#settle = { done, fail };
      this.#search.end();
      const { search } = this.#folder;
      this.#search.start(this.#part(search.script), async () => ({
        ...this.#site(), worker: this.#part(search.program), level: this.#options.level, own: this.#own?.files ?? null, tidy: !globalThis.navigator?.serviceWorker?.controller,
      }));
    });
    this.#started.catch(() => { this.#started = null; });
    return this.#started;
  }

  #fail(e) {
    this.#started = null;
    this.#settle?.fail(e);
    this.#dense?.fail(e);
    this.#settle = this.#dense = null;
    this.#search?.drop(e);
  }

  #hear(op, { id, body, own }) {
    if (this.#closed) this.#search.end(); // it started meanwhile
    if (this.#closed || id < 0) return; // Search answers what ask asked
    const m = op === 'refused' ? null : JSON.parse(body);
    this.#heard ||= op !== 'lost';
    switch (op) {
    case 'progress':
      this.#onprogress?.({ phase: 'load', done: m.loaded || 0, total: m.total || 0, file: m.file || '' });
      return;
    case 'ready':
      if (!own) this.#own = null;
      this.about = aboutOf(m);
      this.#settle?.done(this.about);
      this.#settle = null;
      return;
    case 'refused':
      this.#settle?.fail(new ParleyError('open', '', `the collection was refused: ${body}`));
      this.#settle = null;
      return;
    case 'failed':
    case 'lost':
      this.#search.end();
      this.#fail(failure(op === 'lost' && !this.#heard && !Node.here ? forbidden() : m));
      return;
    case 'dense':
      this.#hearDense(m);
    }
  }

  // _ask is for Conversation: it asks one question at a time, so that one whose signal is
  // aborted while it waits costs nothing.
  _ask(ask, signal) {
    const asked = this.#line.then(async () => {
      signal?.throwIfAborted();
      this.#open();
      await this.#start();
      return this.#search.ask(JSON.stringify(ask)).catch(e => {
        throw e instanceof ParleyError ? e : new ParleyError(e.stage || 'ask', e.file || '', e.message, { cause: e });
      });
    });
    this.#line = asked.catch(() => {});
    return asked;
  }

  #open() { if (this.#closed) throw this.#closed; }

  conversation(options = {}) {
    this.#open();
    return new Conversation(this, options);
  }

  // search makes a collection the one that is searched, null the folder's own.
  search(collection, { signal } = {}) {
    const switched = this.#switching.then(async () => {
      signal?.throwIfAborted();
      this.#open();
      const own = collection && await this.open(collection, { signal });
      await this.#start();
      this.#own = own;
      return new Promise((done, fail) => {
        this.#settle = { done, fail };
        this.#search.post({ op: 'collection', own: own?.files ?? null, growing: false });
      });
    });
    this.#switching = switched.catch(() => {});
    return abortable(switched, signal);
  }

  // better loads the second stage, or releases it. Of several calls, the last one counts.
  async better(on = true, { signal, onprogress } = {}) {
    signal?.throwIfAborted();
    this.#open();
    await abortable(this.#start(), signal);
    this.#dense?.fail(new ParleyError('open', '', 'better was called once more before this was done'));
    const stage = new Promise((done, fail) => {
      this.#dense = { done, fail, onprogress, on };
      this.#search.post({ op: 'dense', body: on ? 'on' : 'off' });
    });
    signal?.addEventListener('abort', () => { if (this.#dense?.on) this.#search.post({ op: 'dense', body: 'off' }); }, { once: true });
    return abortable(stage, signal);
  }

  #hearDense(m) {
    const wait = this.#dense;
    if (!wait) return;
    if (m.state === 'loading') {
      wait.onprogress?.({ phase: 'load', done: m.loaded || 0, total: m.total || 0, file: m.file || '' });
      return;
    }
    this.#dense = null;
    if (m.state === 'on' || m.state === 'off') wait.done(m.state);
    else wait.fail(new ParleyError('open', m.file || '', `the second stage is not there: ${m.message}`));
  }

  // ---- Documents. ----

  index(documents, options = {}) { return this._collect('collect', documents, {}, options); }

  async _collect(op, documents, older, { title = 'Documents', signal, onprogress } = {}) {
    this.#open();
    signal?.throwIfAborted();
    const files = documentsOf(documents);
    let cut = {}, asks = [];
    const r = await this._job(op, { title, files, ...older }, signal, m => {
      if (m.op === 'reading') onprogress?.({ phase: 'read', done: m.read, total: m.files });
      if (m.op === 'progress') onprogress?.({ phase: 'encode', done: m.done, total: m.total, left: m.left ?? undefined });
      if (m.op === 'asked') asks = m.asks;
      if (m.op === 'cut') cut = m;
    });
    return new Collection(this, {
      title, passages: r.done, documents: cut.documents ?? 0, files: filesOf(r.files),
      notes: [...cut.notes ?? [], ...(cut.others ?? []).map(o => `${o}: this format is not read`), ...asks.map(a => `${a.path}: it cannot be told which column holds the text; give {path, file, columns: {text, title}}`)],
    });
  }

  async _job(op, body, signal, told) {
    if (!this.#desk) throw new ParleyError('support', '', 'this folder was built with --widget, and has no program that reads documents; build it without');
    const job = this.#desk.run(op, body, told);
    const stop = () => job.cancel();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return await abortable(job, signal);
    } catch (e) {
      job.catch(() => {});
      if (e === signal?.reason || e instanceof ParleyError) throw e;
      throw new ParleyError(e.stage || 'index', '', e.message, { cause: e });
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  // open returns the Collection that was saved under a name, or is in a file's bytes.
  async open(collection, { signal } = {}) {
    if (collection instanceof Collection) return collection;
    if (typeof collection === 'string') return this.#restore(collection);
    const file = collection instanceof Blob ? collection.slice() : new Blob([collection]);
    const r = await this._job('adopt', { files: [{ path: 'collection.zip', file }] }, signal);
    return new Collection(this, { title: r.about.title || '', passages: r.passages, notes: r.told, files: filesOf(r.files) });
  }

  // ---- Collections that the browser keeps. ----

  // Two tabs may keep collections of one name. Each remembers which state it has seen, and
  // replaces no other.
  #key = name => [new URL(this.#base).pathname, name];

  async save(collection, name = collection.title, { replace = false } = {}) {
    const key = this.#key(name), seen = collection._saved?.name === name ? collection._saved.revision : 0;
    const revision = await transact('readwrite', (s, say, refuse) => {
      s.get(key).onsuccess = e => {
        const there = e.target.result;
        if (there && !replace && there.revision !== seen) {
          refuse(new ParleyError('storage', '', seen ? `another tab has saved ${JSON.stringify(name)} since it was opened here: open it again, or save with {replace: true}`
            : `a collection ${JSON.stringify(name)} is kept already: open it, choose another name, or save with {replace: true}`));
          return;
        }
        const { title, passages, documents, notes, files } = collection, revision = (there?.revision ?? 0) + 1;
        s.put({ name, revision, title, passages, documents, notes, files }, key);
        say(revision);
      };
    });
    collection._saved = { name, revision };
  }

  async saved() {
    const list = await transact('readonly', (s, say) => {
      s.getAll(IDBKeyRange.bound(this.#key(''), [...this.#key('\uffff')])).onsuccess = e => say(e.target.result);
    });
    return list.map(({ name, title, passages, documents }) => ({ name, title, passages, documents }));
  }

  async #restore(name) {
    const r = await transact('readonly', (s, say) => { s.get(this.#key(name)).onsuccess = e => say(e.target.result); });
    if (!r) throw new ParleyError('storage', '', `no collection ${JSON.stringify(name)} is kept here`);
    return Object.assign(new Collection(this, r), { _saved: { name, revision: r.revision } });
  }

  async forget(name) { await transact('readwrite', s => { s.delete(this.#key(name)); }); }

  close() {
    if (this.#closed) return;
    this.#closed = new ParleyError('closed', '', 'this Parley was closed');
    this.#search?.end();
    this.#desk?.close('this Parley was closed');
    this.#fail(this.#closed);
  }
}

const aboutOf = ({ collection = '', passages = 0, encoder = '', licence = '', licence_url = '', attribution = '', simd = false, memory = 0, levels = [], level = '', suggested = [], dense }) => ({
  collection, passages, encoder, licence, licenceURL: licence_url, attribution, simd, memory, level, suggested,
  levels: levels.map(({ name, title = name, flops = 0, questions = 0, ratio = 0 }) => ({ name, title, flops, questions, ratio })),
  better: dense ? { title: dense.title, bytes: dense.bytes } : null,
});

// The module starts workers alone, of scripts that it has verified.
if (globalThis.trustedTypes) {
  const rules = { createScriptURL(s) {
    if (s.startsWith('blob:')) return s;
    throw new TypeError(`no script of parley.js: ${s}`);
  } };
  try {
    platform.trust = globalThis.trustedTypes.createPolicy('parley.js', rules);
  } catch { /* what starts a worker says so (forbidden) */ }
}

export { Parley, ParleyError };
