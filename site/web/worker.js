// The Web Worker that answers questions: it passes the files of the encoder and the
// collection to worker.wasm (wasm/worker describes the calls). Its messages to the page
// are described in shared/message; a body is a JSON string. The page's "start"
// (download.js) also has
//
//   own    a visitor's own collection, {index, passages, dense}, or null for the site's;
//          dense may be missing
//   level  the level that answers where a question names none; without it, the family's
//          default
//   early  true where a question may be answered by words first
//   tidy   true where no service worker deletes the files of earlier versions
//
// {op: 'collection', own, growing} changes to another collection. A growing one is opened
// while more of it is being encoded, and the reply is "grown" instead of "ready".
//
// The manifest is site.json: {files: [{name, path, bytes, sha256}], family}. Paths are
// relative to it and change with the contents. sent, if it is there, has what a path takes
// on its way: [bytes in Brotli, in gzip]. Names under encoder/, collection/, parts/, levels/
// and dense/ are for this worker. family, if there is one, is shared/family's list. Its
// default level is loaded at the start, any other when a question first asks for it, and
// the dense stage when the page asks for it.
'use strict';

// An Engine is the program with the files that it was given. After a trap it is dropped,
// and a new one is made from files that are in the cache by now.
class Engine {
  given = new Set();  // names of files
  counted = 0;        // bytes of the texts whose words are counted
  levels = new Map(); // level -> promise that it is loaded
  program = null;
  constructor() {
    this.starting = start().then(p => { this.program = p; });
    this.starting.catch(() => {}); // whoever waits for it handles the failure
  }

  // call calls the program and returns the word and the JSON of its reply.
  call(...args) { return this.program.call(...args); }

  // ask is call, but throws a Failure where the program returns an error.
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
let own = null;        // the visitor's collection that is searched in place of the site's
let ready = false;     // engine has opened the collection that is wanted
let opened = '';       // message.Ready of the visitor's collection
let loading = false;
const waiting = [];    // questions that arrived before the files

// own says whose collection a reply is about, since the page may have changed to another.
const post = (op, body, id) => postMessage({ op, id, body, own: !!own });

onmessage = ({ data }) => {
  switch (data.op) {
  case 'start': setup = data; own = data.own || null; load(); break;
  case 'collection': change(data); break;
  case 'retry': if (!ready) load(); break;
  case 'dense': second.want(data.body === 'on'); break;
  case 'early': early.ask(data); break;
  case 'ask':
  case 'digest': // for tests: body is an array of conversations
    if (ready) call(data); else waiting.push(data);
  }
};

// ---- Which collection ----

const vectors = 'collection/dense.bin', reader = 'dense/reader.safetensors';

// change makes another collection the one that is searched. Its two files are passed and
// opened within this one call, so no question sees only one of them.
function change(data) {
  own = data.own;
  leave();
  if (ready && own) openOwn();
  if (!ready || !own) { // load does the rest
    ready = false;
    load();
    return;
  }
  post(data.growing ? 'grown' : 'ready', opened);
  second.look();
}

// leave notes that the engine has no collection, or one that is no longer wanted.
function leave() {
  for (const name of engine?.given || []) if (/^(collection|parts)\//.test(name)) engine.given.delete(name);
}

// openOwn passes the visitor's own collection to the engine. Where it is damaged, the
// site's collection takes its place, and the page is told why.
function openOwn() {
  try {
    for (const [name, bytes] of [['collection/index.bin', own.index], ['collection/passages.bin', own.passages]])
      if (!engine.given.has(name)) engine.take(name, new Uint8Array(bytes));
    opened = engine.ask('open', null, 1);
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
  if (!ready) { // it failed and is starting again, while the level was loaded
    waiting.push({ op, body, id });
    return;
  }
  const to = engine, mine = own;
  try {
    let word, reply;
    while ([word, reply] = engine.call(op, new TextEncoder().encode(body)), word === 'lacking') {
      try {
        await fetchParts(JSON.parse(reply), id); // parts-worker.js
      } catch (e) {
        if (!(e instanceof Failure)) throw e;
        [word, reply] = ['error', JSON.stringify({ stage: e.stage, file: e.file, message: e.message })];
        break;
      }
      if (to !== engine || mine !== own || !ready) { // another collection, or a new start
        waiting.push({ op, body, id });
        if (ready) for (const q of waiting.splice(0)) call(q);
        return;
      }
    }
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

// level loads a level of the family, unless the engine has it. After a failure, the next
// question tries again.
function level(name) {
  if (!name) return;
  const { given, levels } = engine;
  const files = site.manifest.files.filter(f => f.name.startsWith(`levels/${name}/`) && !given.has(f.name));
  if (!files.length) return;
  if (!levels.has(name)) {
    // Wait until all are settled: a file of this attempt that arrived during the next one
    // would replace a loaded one, and so undo it.
    const loaded = handAll(files, () => {});
    levels.set(name, loaded);
    loaded.catch(() => {}).finally(() => levels.delete(name));
  }
  return levels.get(name);
}

// warm answers a made-up question a few times before the first real one: browsers compile
// WebAssembly well only after it has run for a while.
function warm(times) {
  if (!ready || times === 0) return;
  try {
    engine.call('ask', new TextEncoder().encode('{"turns":[{"question":"which tower is the tallest in the world?"}]}'));
  } catch { /* the next question will say so */ }
  setTimeout(warm, 0, times - 1);
}

// ---- Loading ----

// load gives the engine what it lacks for the collection that is wanted, and opens that
// collection.
async function load() {
  if (loading) return;
  loading = true;
  try {
    while (!await attempt(own)); // another one may be wanted by the time it is there
    ready = true;
    post('ready', opened);
    for (const q of waiting.splice(0)) call(q);
    second.look();
    setTimeout(warm, 0, 4);
    if (setup.tidy) tidy().catch(() => {}); // what is left over costs room alone
  } catch (e) {
    if (!(e instanceof Failure) || !engine?.program) engine = null;
    post('failed', JSON.stringify({ stage: e.stage || 'open', file: e.file, message: e.message }));
  } finally {
    loading = false;
  }
}

// attempt loads the files of a collection, and opens the collection that is wanted then.
// It returns false where that is another one whose files are not there.
async function attempt(mine) {
  engine ??= new Engine();
  early.begun = performance.now();
  const { manifest } = await openSite();
  const family = manifest.family && { ...manifest.family, default: setup.level || manifest.family.default };
  if (setup.level && !family?.levels.some(l => l.name === setup.level))
    throw new Failure('open', 'site.json', `it has no level ${JSON.stringify(setup.level)}; ${family ? `its levels are ${family.levels.map(l => l.name).join(', ')}` : 'it has a single encoder, without levels'}`);
  const first = new RegExp(`^(encoder|collection|parts|levels/${family?.default})/`);
  const files = manifest.files.filter(f => first.test(f.name) && f.name !== vectors && !(mine && /^(collection|parts)\//.test(f.name)));
  const counted = [...files], count = progress(counted, p => post('progress', JSON.stringify(p)), engine.given);
  // Of a first visit, the program comes first, then the texts, then all else. That tells how
  // fast the line is, and the page's program is not kept waiting.
  const texts = setup.early && files.find(f => f.name === early.texts && !engine.given.has(f.name));
  const before = texts && !await site.cache?.match(address(texts)).catch(() => null) ? [texts] : [];
  if (before.length) await Promise.allSettled([engine.starting]);
  const loads = [handAll(before, early.counting(count))];
  await Promise.allSettled(loads);
  if (before.length && early.slow()) await early.bring(counted, count);
  loads.push(handAll(files.filter(f => !before.includes(f)), count));
  await Promise.allSettled(loads); // a failure must not hide that the other goes on
  await Promise.all(loads);
  await engine.starting;
  if (family) engine.ask('file', new TextEncoder().encode(JSON.stringify(family)), 'family.json');
  if (own !== mine) { // changed meanwhile
    leave();
    if (!own) return false;
  }
  if (own) {
    openOwn();
    return !!own;
  }
  try {
    opened = engine.ask('open', null, 0);
  } catch (e) {
    engine.given.delete(e.file);
    throw e;
  }
  return true;
}

// tidy deletes the files of earlier versions from the cache.
async function tidy() {
  const { manifest, cache } = site, wanted = new Set(manifest.files.map(address)), data = new URL('data/', setup.manifest).href;
  for (const { url } of await cache?.keys() ?? []) if (url.startsWith(data) && !wanted.has(url)) await cache.delete(url);
}

// discard deletes a file that turned out to be wrong.
async function discard(f) {
  damaged.add(address(f));
  await site.cache?.delete(address(f));
}

// ---- An answer before the encoder is there ----

// patience is how long program and texts may take before the line counts as slow, in
// milliseconds. Then the words are counted in the texts while these come, and are not
// loaded: a browser counts faster than a slow line brings them.
const patience = 4000;

const early = {
  texts: 'collection/passages.bin',
  words: 'collection/words.bin',
  begun: 0,
  question: null,
  there: false,

  slow() { return performance.now() - this.begun >= patience; },

  ask(question) {
    this.question = question;
    this.answer();
  },

  // counting is count for the texts, whose words it has counted.
  counting: count => (f, n, bytes) => {
    count(f, n);
    if (!bytes || !engine?.program || !early.slow() || n < engine.counted + (n < bytes.length ? 1 << 18 : 1)) return;
    try {
      engine.ask('texts', bytes.subarray(engine.counted, n));
      engine.counted = n;
    } catch {
      engine.counted = Infinity; // bring finds out
    }
  },

  // bring gives the engine the collection's words, counted or else loaded, before all that
  // is not there yet.
  async bring(counted, count) {
    const f = site.manifest.files.find(f => f.name === this.words);
    if (!f || !engine.given.has(this.texts)) return;
    try {
      const bytes = await this.made(f);
      if (bytes) {
        counted.splice(counted.indexOf(f), 1); // it need not come
        engine.take(f.name, bytes);
        site.cache?.put(address(f), new Response(bytes, { headers: { 'Content-Type': 'application/octet-stream' } })).catch(() => {});
      } else await handAll([f], count);
      this.there = true;
      this.answer();
    } catch { /* then the first answer is the encoder's, or says why there is none */ }
  },

  // made returns the file of words as the texts give it, or null where they give another:
  // words may have been weighed in another way.
  async made(f) {
    try {
      const { at, bytes } = JSON.parse(engine.ask('words'));
      const made = new Uint8Array(engine.program.memory.buffer, at, bytes).slice();
      return await matches(made, f) ? made : null;
    } catch (e) {
      if (e instanceof Failure) return null;
      throw e;
    }
  },

  answer() {
    if (!this.there || !this.question || ready || own || !engine?.program) return;
    const { id, body } = this.question;
    this.question = null;
    try {
      const [word, reply] = engine.call('early', new TextEncoder().encode(body));
      if (word === 'early') post(word, reply, id);
    } catch { /* the load that is under way meets the same failure, and says so */ }
  },
};

// handAll passes the files that the engine does not have yet. Where one file fails the
// others still arrive, so that a retry has to load only that one.
async function handAll(files, count, signal) {
  const to = engine;
  const results = await Promise.allSettled(files.filter(f => !to.given.has(f.name)).map(f => hand(to, f, count, signal)));
  const failed = results.find(r => r.status === 'rejected');
  if (failed) throw failed.reason;
}

// hand obtains a file and passes it to an engine.
async function hand(to, f, count, signal) {
  const bytes = await obtain(f, count, signal);
  await to.starting;
  if (to !== engine) throw new Failure('open', f.name, 'the search program starts anew');
  if (f.name === vectors && (own || !ready)) return; // they belong to another collection by now
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

// second brings the dense stage into the state that the page wants and the collection
// allows, and reports the state. Meanwhile questions are answered. Where something changes
// while it waits for files, it starts again.
const second = {
  wanted: false,
  busy: false,  // work is under way
  again: false, // something has changed since it began
  download: new AbortController(),

  want(on) {
    this.wanted = on;
    if (!on) this.download.abort();
    this.settle();
  },

  // look is called when the collection has changed.
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
        this.wanted = false; // otherwise it would fail again and again
        restart();
      }
    }
    this.busy = false;
  },

  drop() {
    for (const name of [...engine.given]) if (name === vectors || name.startsWith('dense/')) engine.given.delete(name);
    return engine.call('dense', null, 0)[1];
  },

  // bring loads the stage, and returns its state: a message.DenseState, or null where
  // something has changed meanwhile.
  async bring() {
    const mine = own, { manifest } = site;
    const files = manifest.files.filter(f => f.name.startsWith('dense/') || !mine && f.name === vectors);
    if (!files.length || !files.some(f => f.name === vectors) && !mine?.dense)
      return JSON.stringify({ state: 'absent', message: 'this collection has no dense vectors' });
    const { signal } = this.download = new AbortController();
    const count = progress(files, p => { if (!signal.aborted) post('dense', JSON.stringify({ state: 'loading', ...p })); }, engine.given);
    const optional = files.filter(f => f.name === reader);
    let lost; // why there is no reader: without it, the other stages answer
    try {
      await handAll(files.filter(f => f.name !== reader), count, signal);
      await handAll(optional, count, signal).catch(e => {
        if (!(e instanceof Failure)) throw e;
        lost = e;
      });
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
    const state = engine.ask('dense', null, 1);
    return lost ? JSON.stringify({ ...JSON.parse(state), file: lost.file, message: lost.message }) : state;
  },
};
