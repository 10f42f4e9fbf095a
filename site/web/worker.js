// The Web Worker that answers questions: it hands the files of the encoder and the
// collection to worker.wasm (wasm/worker, where the calls are described). What it says to
// the page is in shared/message; a body is a JSON string. The page's "start" (download.js)
// has besides
//
//   own   a visitor's own collection, {index, passages, dense}, or null for the site's;
//         dense may be missing
//
// {op: 'collection', own, growing} changes to another: a growing one is opened while
// more of it is being encoded, and answered by "grown" instead of "ready".
//
// The manifest is site.json: {files: [{name, path, bytes, sha256}], family}, with
// paths relative to it that change with the contents. Names under encoder/,
// collection/, levels/ and dense/ are for this worker. family, where there is one, is
// shared/family's list; of its levels the default is loaded at start, any other
// when a question first asks for it, and the dense stage when the page says so.
'use strict';

// An Engine is the program with the files that it was given. At a trap it is dropped as a
// whole, and another takes its place, from files that are cached by now.
class Engine {
  given = new Set();  // names of files
  levels = new Map(); // level -> promise that it has come
  program = null;
  constructor() {
    this.starting = start().then(p => { this.program = p; });
    this.starting.catch(() => {}); // seen by who waits for it
  }

  // call calls the program and returns the word and the JSON of its reply.
  call(...args) { return this.program.call(...args); }

  // ask is call, but what the program refuses is a Failure.
  ask(...args) {
    const [word, body] = this.call(...args);
    if (word === 'error') throw Object.assign(new Failure(), JSON.parse(body));
    return body;
  }

  take(name, bytes) {
    this.given.add(name);
    try {
      this.ask('file', bytes, name);
    } catch (e) {
      this.given.delete(name);
      throw e;
    }
  }
}

let engine = null;     // an Engine, once the first load has begun
let own = null;        // the visitor's collection that stands in for the site's
let ready = false;     // engine has opened the collection that is wanted
let opened = '';       // message.Ready of the visitor's collection
let loading = false;
const waiting = [];    // questions that came before the files

// own says whose collection a reply is about: the page may have gone on to another.
const post = (op, body, id) => postMessage({ op, id, body, own: !!own });

onmessage = ({ data }) => {
  switch (data.op) {
  case 'start': setup = data; own = data.own || null; load(); break;
  case 'collection': change(data); break;
  case 'retry': if (!ready) load(); break;
  case 'dense': second.want(data.body === 'on'); break;
  case 'ask':
  case 'digest': // for tests: body is an array of conversations
    if (ready) call(data); else waiting.push(data);
  }
};

// ---- Which collection ----

const vectors = 'collection/dense.bin';

// change searches in another collection from now on. Its two files are handed over and
// opened within this one call, so no question meets half of it.
function change(data) {
  own = data.own;
  leave();
  if (ready && own) openOwn();
  if (!ready || !own) { // load sees to it
    ready = false;
    load();
    return;
  }
  post(data.growing ? 'grown' : 'ready', opened);
  second.look();
}

// leave says that the engine has no collection, or one that is no longer wanted.
function leave() {
  for (const name of ['collection/index.bin', 'collection/passages.bin', vectors]) engine?.given.delete(name);
}

// openOwn hands the visitor's own collection to the engine. Where it is damaged, the
// site's takes its place, and the page is told why.
function openOwn() {
  try {
    for (const [name, bytes] of [['collection/index.bin', own.index], ['collection/passages.bin', own.passages]])
      if (!engine.given.has(name)) engine.take(name, new Uint8Array(bytes));
    opened = engine.ask('open');
  } catch (e) {
    if (e instanceof Trap) engine = null;
    own = null;
    leave();
    post('refused', e instanceof Trap ? `the search program failed while it was reading it: ${e.message}` : e.message);
  }
}

// ---- Questions ----

// call answers one question.
async function call({ op, body, id }) {
  try {
    await level([JSON.parse(body)].flat()[0]?.level);
  } catch (e) {
    post('error', JSON.stringify({ stage: e.stage || 'ask', file: e.file, message: e.message }), id);
    if (e instanceof Trap) restart();
    return;
  }
  if (!ready) { // it failed, and starts anew, while the level was loaded
    waiting.push({ op, body, id });
    return;
  }
  try {
    const [word, reply] = engine.call(op, new TextEncoder().encode(body));
    post(word, reply, id);
  } catch (e) {
    post('error', JSON.stringify({ stage: 'ask', message: `the search program failed at this question and starts anew (${e.message})` }), id);
    restart();
  }
}

function restart() {
  ready = false;
  engine = null;
  load();
}

// level loads a level of the family, unless the engine has it. What fails is tried
// again at the next question.
function level(name) {
  if (!name) return;
  const { given, levels } = engine;
  const files = site.manifest.files.filter(f => f.name.startsWith(`levels/${name}/`) && !given.has(f.name));
  if (!files.length) return;
  if (!levels.has(name)) {
    // Until all are settled: a file of this attempt that came during the next one would
    // replace, and so undo, what that one has loaded.
    const loaded = handAll(files, () => {});
    levels.set(name, loaded);
    loaded.catch(() => {}).finally(() => levels.delete(name));
  }
  return levels.get(name);
}

// warm answers a question that no one asked, a few times, before the first real
// one: browsers compile WebAssembly well only once it has run for a while.
function warm(times) {
  if (!ready || times === 0) return;
  try {
    engine.call('ask', new TextEncoder().encode('{"turns":[{"question":"which tower is the tallest in the world?"}]}'));
  } catch { /* the next question will say so */ }
  setTimeout(warm, 0, times - 1);
}

// ---- Loading ----

// load brings the engine what it lacks for the collection that is wanted, and opens that.
async function load() {
  if (loading) return;
  loading = true;
  try {
    while (!await attempt(own)); // another may be wanted when it is there
    ready = true;
    post('ready', opened);
    for (const q of waiting.splice(0)) call(q);
    second.look();
    setTimeout(warm, 0, 4);
  } catch (e) {
    if (!(e instanceof Failure) || !engine?.program) engine = null;
    post('failed', JSON.stringify({ stage: e.stage || 'open', file: e.file, message: e.message }));
  } finally {
    loading = false;
  }
}

// attempt loads what a collection takes, and opens the one that is wanted then; false
// where that is another one, whose files are not there.
async function attempt(mine) {
  engine ??= new Engine();
  const { manifest } = await openSite();
  const first = new RegExp(`^(encoder|collection|levels/${manifest.family?.default})/`);
  const files = manifest.files.filter(f => first.test(f.name) && f.name !== vectors && !(mine && f.name.startsWith('collection/')));
  await handAll(files, progress(files, p => post('progress', JSON.stringify(p)), engine.given));
  await engine.starting;
  if (manifest.family) engine.ask('file', new TextEncoder().encode(JSON.stringify(manifest.family)), 'family.json');
  if (own !== mine) { // changed meanwhile
    leave();
    if (!own) return false;
  }
  if (own) {
    openOwn();
    return !!own;
  }
  try {
    opened = engine.ask('open');
  } catch (e) {
    engine.given.delete(e.file);
    throw e;
  }
  return true;
}

// handAll hands over what the engine does not have yet. Where one file fails the others
// still arrive, so that a retry has only that one to fetch.
async function handAll(files, count, signal) {
  const to = engine;
  const results = await Promise.allSettled(files.filter(f => !to.given.has(f.name)).map(f => hand(to, f, count, signal)));
  const failed = results.find(r => r.status === 'rejected');
  if (failed) throw failed.reason;
}

// hand obtains a file and gives it to an engine.
async function hand(to, f, count, signal) {
  const bytes = await obtain(f, count, signal);
  await to.starting;
  if (to !== engine) throw new Failure('open', f.name, 'the search program starts anew');
  if (f.name === vectors && (own || !ready)) return; // they are of another collection by now
  try {
    to.take(f.name, bytes);
  } catch (e) {
    if (!(e instanceof Failure)) throw new Trap(`the search program failed at ${f.name} (${e.message})`);
    const wrong = site.manifest.files.find(g => g.name === e.file) || f;
    to.given.delete(wrong.name);
    await discard(wrong);
    throw e;
  }
}

// ---- The dense stage ----

// second brings about what the page wants of the dense stage and the collection allows,
// and says how it stands. Questions are answered meanwhile. Whatever changes while it
// waits for files makes it look once more.
const second = {
  wanted: false,
  busy: false,  // what it takes is being brought about
  again: false, // and something has changed since
  download: new AbortController(),

  want(on) {
    this.wanted = on;
    if (!on) this.download.abort();
    this.settle();
  },

  // look is for a collection that has changed.
  look() { if (this.wanted) this.settle(); },

  async settle() {
    this.again = true;
    if (this.busy) return;
    this.busy = true;
    while (this.again && ready) {
      this.again = false;
      try {
        const state = await (this.wanted ? this.bring() : this.drop());
        if (state) post('dense', state);
      } catch (e) {
        if (this.again) continue;
        post('dense', JSON.stringify({ state: 'failed', file: e.file, message: e.message }));
        if (e instanceof Failure) continue;
        this.wanted = false; // or it would fail again and again
        restart();
      }
    }
    this.busy = false;
  },

  drop() {
    for (const name of [...engine.given]) if (name === vectors || name.startsWith('dense/')) engine.given.delete(name);
    return engine.call('dense', null, 0)[1];
  },

  // bring loads the stage, and returns how it stands: a message.DenseState, or null where
  // something has changed meanwhile.
  async bring() {
    const mine = own, { manifest } = site;
    const files = manifest.files.filter(f => f.name.startsWith('dense/') || !mine && f.name === vectors);
    if (!files.length || !files.some(f => f.name === vectors) && !mine?.dense)
      return JSON.stringify({ state: 'absent', message: 'this collection has no dense vectors' });
    const { signal } = this.download = new AbortController();
    const count = progress(files, p => { if (!signal.aborted) post('dense', JSON.stringify({ state: 'loading', ...p })); }, engine.given);
    try {
      await handAll(files, count, signal);
    } finally {
      this.download.abort(); // no more progress
    }
    if (this.again || !ready) return null;
    if (mine && !engine.given.has(vectors)) {
      try {
        engine.take(vectors, new Uint8Array(mine.dense));
      } catch (e) {
        if (!(e instanceof Failure)) throw e;
        return JSON.stringify({ state: 'absent', message: e.message });
      }
    }
    return engine.ask('dense', null, 1);
  },
};
