// The Web Worker that answers questions: it fetches the files of the encoder and
// the collection, checks every one, and hands them to worker.wasm (wasm/worker,
// where the calls are described), with kernel.wasm beside it where the browser
// has WebAssembly SIMD. What it says to the page is in shared/message; a body is
// a JSON string. The page begins with
//
//   {op: 'start', manifest, worker, kernel, own}   absolute URLs
//
// own is a visitor's own collection, {index, passages, dense}, or null for the site's; dense
// may be missing.
// {op: 'collection', own, growing} changes to another: a growing one is opened while
// more of it is being encoded, and answered by "grown" instead of "ready".
//
// The manifest is site.json: {files: [{name, path, bytes, sha256}], family}, with
// paths relative to it that change with the contents. Names under encoder/,
// collection/, levels/ and dense/ are for this worker. family, where there is one, is
// shared/family's list; of its levels the default is loaded at start, any other
// when a question first asks for it, and the dense stage when the page says so.
'use strict';

let setup;             // the page's "start"
let engine = null;     // what start() made of the two modules
let ready = false;
let loading = false;
let waiting = [];      // questions that came before the files
let manifest, cache;   // once fetched and opened
const levels = new Map();  // level -> promise that the engine has it
let own = null;        // the visitor's collection that stands in for the site's
let opened = '';       // message.Ready of that collection
let stale = false;     // what was loaded is not what is wanted by now
const given = new Set();   // names of the files that the engine has
let dense = false;         // the page wants the dense stage
let tending = false;       // what it takes is being brought about
let again = false;         // and something has changed since
let abort;                 // AbortController of what is being downloaded for it
const damaged = new Set(); // URLs whose bytes were wrong: HTTP caches are passed by

// own says whose collection a reply is about: the page may have gone on to another.
const post = (op, body, id) => postMessage({ op, id, body, own: !!own });

onmessage = ({ data }) => {
  switch (data.op) {
  case 'start': setup = data; own = data.own || null; load(); break;
  case 'collection': change(data); break;
  case 'retry': if (!ready) load(); break;
  case 'dense':
    dense = data.body === 'on';
    if (!dense) abort?.abort();
    second();
    break;
  case 'ask':
  case 'digest': // for tests: body is an array of conversations
    if (ready) call(data); else waiting.push(data);
  }
};

// change searches in another collection from now on. Its two files are handed over and
// opened within this one call, so no question meets half of it.
function change(data) {
  own = data.own;
  leave();
  const refusal = ready && own ? give() : null;
  if (refusal) {
    own = null;
    leave();
    post('refused', refusal);
  }
  if (!ready || !own) { // load sees to it
    ready = false;
    load();
    return;
  }
  post(data.growing ? 'grown' : 'ready', opened);
  if (dense) second();
}

// leave says that the engine has no collection, or one that is no longer wanted.
function leave() {
  for (const name of ['collection/index.bin', 'collection/passages.bin', vectors]) given.delete(name);
}

// give hands the visitor's own collection to the engine, and returns why it does not
// take it, or null.
function give() {
  try {
    for (const [name, bytes] of [['collection/index.bin', own.index], ['collection/passages.bin', own.passages]]) {
      if (given.has(name)) continue;
      const [word, body] = engine.call('file', new Uint8Array(bytes), name);
      if (word === 'error') return JSON.parse(body).message;
      given.add(name);
    }
    const [word, body] = engine.call('open');
    if (word === 'error') return JSON.parse(body).message;
    opened = body;
    return null;
  } catch (e) { // a trap: see call
    forget();
    return e.message;
  }
}

// call answers one question. A trap, such as memory running out, leaves Go's
// memory in no known state: the engine is then started anew, from files that
// are cached by now.
async function call({ op, body, id }) {
  try {
    await level([JSON.parse(body)].flat()[0]?.level);
  } catch (e) {
    post('error', JSON.stringify({ stage: e.stage || 'ask', file: e.file, message: e.message }), id);
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
    post('error', JSON.stringify({ stage: 'ask', message: `the search program failed and starts anew (${e.message})` }), id);
    restart();
  }
}

function restart() {
  ready = false;
  forget();
  load();
}

function forget() {
  engine = null;
  given.clear();
  levels.clear();
}

// level loads a level of the family, unless the engine has it. What fails is tried
// again at the next question.
function level(name) {
  if (!name) return;
  const files = manifest.files.filter(f => f.name.startsWith(`levels/${name}/`) && !given.has(f.name));
  if (!files.length) return;
  if (!levels.has(name)) {
    // Until all are settled: a file of this attempt that came during the next one would
    // replace, and so undo, what that one has loaded.
    const loaded = Promise.allSettled(files.map(f => hand(f, () => {}))).then(all);
    levels.set(name, loaded);
    loaded.catch(() => {}).finally(() => levels.delete(name));
  }
  return levels.get(name);
}

// all throws the first failure of what Promise.allSettled gave.
function all(results) {
  const failed = results.find(r => r.status === 'rejected');
  if (failed) throw failed.reason;
}

// ---- The dense stage ----

const vectors = 'collection/dense.bin';

// second brings about what the page wants of the dense stage and the collection allows,
// and says how it stands. Questions are answered meanwhile. Whatever changes while it
// waits for files makes it look once more.
async function second() {
  again = true;
  if (tending) return;
  tending = true;
  while (again && ready) {
    again = false;
    try {
      await bring();
    } catch (e) {
      if (again) continue;
      post('dense', JSON.stringify({ state: 'failed', file: e.file, message: e.message }));
      if (e instanceof Failure) continue;
      dense = false; // or it would fail again and again
      restart();
    }
  }
  tending = false;
}

async function bring() {
  if (!dense) {
    for (const name of [...given]) if (name === vectors || name.startsWith('dense/')) given.delete(name);
    post('dense', engine.call('dense', null, 0)[1]);
    return;
  }
  const mine = own;
  const files = manifest.files.filter(f => f.name.startsWith('dense/') || !mine && f.name === vectors);
  if (!files.length || !files.some(f => f.name === vectors) && !mine?.dense) {
    post('dense', JSON.stringify({ state: 'absent', message: 'this collection has no dense vectors' }));
    return;
  }
  const { signal } = abort = new AbortController();
  const count = progress(files, p => { if (!signal.aborted) post('dense', JSON.stringify({ state: 'loading', ...p })); });
  try {
    all(await Promise.allSettled(files.filter(f => !given.has(f.name)).map(f => hand(f, count, null, signal))));
  } finally {
    abort.abort(); // no more progress
  }
  if (again || !ready) return;
  if (mine && !given.has(vectors)) {
    const [word, body] = engine.call('file', new Uint8Array(mine.dense), vectors);
    if (word === 'error') {
      post('dense', JSON.stringify({ state: 'absent', message: JSON.parse(body).message }));
      return;
    }
    given.add(vectors);
  }
  const [word, body] = engine.call('dense', null, 1);
  if (word === 'error') throw Object.assign(new Failure(), JSON.parse(body));
  post('dense', body);
}

// hand obtains a file and gives it to the engine, or to the one that is starting.
async function hand(f, count, starting, signal) {
  const bytes = await obtain(f, cache, count, signal);
  const to = await starting || engine;
  if (!to) throw new Failure('open', f.name, 'the search program starts anew');
  if (f.name === vectors && (own || !ready)) return; // they are of another collection by now
  given.add(f.name);
  const [word, body] = to.call('file', bytes, f.name);
  if (word !== 'error') return;
  const failure = JSON.parse(body);
  const wrong = manifest.files.find(g => g.name === failure.file) || f;
  given.delete(wrong.name);
  damaged.add(address(wrong));
  if (cache) await cache.delete(address(wrong));
  throw Object.assign(new Failure(), failure);
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

// A Failure is message.Failure.
class Failure extends Error {
  constructor(stage, file, message) {
    super(message);
    Object.assign(this, { stage, file });
  }
}

// load brings the engine all files that it doesn't have yet. Where one fails the
// others still arrive, so that a retry has only that one to fetch.
async function load() {
  if (loading) return;
  loading = true;
  stale = false;
  try {
    [manifest, cache] = await Promise.all([fetchManifest(), openCache()]);
    const first = new RegExp(`^(encoder|collection|levels/${manifest.family?.default})/`);
    const mine = own;
    const files = manifest.files.filter(f => first.test(f.name) && f.name !== vectors && !(mine && f.name.startsWith('collection/')));
    const count = progress(files);
    const starting = engine ? null : start();
    starting?.catch(() => {}); // seen below, but perhaps later
    const results = await Promise.allSettled(files.filter(f => !given.has(f.name)).map(f => hand(f, count, starting)));
    if (starting) engine = await starting;
    all(results);
    let word, body;
    if (manifest.family) [word, body] = engine.call('file', new TextEncoder().encode(JSON.stringify(manifest.family)), 'family.json');
    if (own !== mine) { // changed meanwhile
      leave();
      stale = !own;
      if (stale) return;
    }
    const refusal = word !== 'error' && own && give();
    if (refusal) { // damaged where it was kept: the site's own then
      own = null;
      leave();
      post('refused', refusal);
      stale = true;
      return;
    }
    if (word !== 'error') [word, body] = own ? ['ready', opened] : engine.call('open');
    if (word === 'error') {
      given.delete(JSON.parse(body).file);
      post('failed', body);
      return;
    }
    ready = true;
    post('ready', body);
    for (const q of waiting.splice(0)) call(q);
    if (dense) second();
    setTimeout(warm, 0, 4);
  } catch (e) {
    if (!(e instanceof Failure)) forget(); // a trap: see call
    post('failed', JSON.stringify({ stage: e.stage || 'open', file: e.file, message: e.message }));
  } finally {
    loading = false;
    if (stale) load();
  }
}

// ---- Files ----

const address = f => new URL(f.path, setup.manifest).href;

async function request(url, file, options) {
  let res;
  try {
    res = await fetch(url, options);
  } catch (e) {
    throw new Failure('download', file, `the network failed (${e.message})`);
  }
  if (!res.ok) throw new Failure('download', file, `the server answered ${res.status} ${res.statusText}`);
  return res;
}

async function fetchManifest() {
  const file = setup.manifest.split('/').pop();
  const res = await request(setup.manifest, file, { cache: damaged.has(setup.manifest) ? 'reload' : 'no-cache' });
  try {
    const m = await res.json();
    if (Array.isArray(m.files)) return m;
  } catch { /* said below */ }
  damaged.add(setup.manifest);
  throw new Failure('open', file, 'this is no list of files');
}

// The cache is shared with the service worker. Where storage is forbidden or
// full, files are fetched on every visit.
const openCache = () => self.caches ? caches.open('parley-files').catch(() => null) : null;

// progress counts bytes over all files and tells of them, not more often than
// anyone could see. The total is the manifest's: what HTTP says counts
// compressed bytes.
function progress(files, say = p => post('progress', JSON.stringify(p))) {
  const loaded = new Map(files.map(f => [f.name, given.has(f.name) ? f.bytes : 0]));
  const sum = numbers => [...numbers].reduce((a, b) => a + b, 0);
  const total = sum(files.map(f => f.bytes));
  let last = -Infinity, due, file;
  const tell = () => {
    due = undefined;
    last = performance.now();
    say({ loaded: sum(loaded.values()), total, file });
  };
  return (f, n) => {
    loaded.set(f.name, Math.min(n, f.bytes));
    file = f.name;
    if (sum(loaded.values()) < total) { // in a while, so that a download that halts is shown where it halts
      due ??= setTimeout(tell, last + 40 - performance.now());
      return;
    }
    clearTimeout(due);
    tell();
  };
}

// obtain returns a file's verified bytes, from the cache or the network. A cached
// copy that is damaged is thrown away and fetched again; a download that is
// damaged is a failure, and a retry passes by the browser's own cache.
async function obtain(f, cache, count, signal) {
  const url = address(f);
  const kept = cache && await cache.match(url).catch(() => null);
  if (kept) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    if (await matches(bytes, f)) {
      count(f, bytes.length);
      return bytes;
    }
    await cache.delete(url);
  }
  const bytes = await download(url, f, count, signal);
  if (!await matches(bytes, f)) {
    damaged.add(url);
    throw new Failure('verify', f.name, `${bytes.length} bytes came whose SHA-256 is not that of the published file of ${f.bytes}`);
  }
  damaged.delete(url);
  if (cache) await cache.put(url, new Response(bytes, { headers: { 'Content-Type': 'application/octet-stream' } })).catch(() => {});
  return bytes;
}

async function download(url, f, count, signal) {
  const res = await request(url, f.name, { signal, cache: damaged.has(url) ? 'reload' : 'default' });
  const bytes = new Uint8Array(f.bytes);
  let n = 0;
  count(f, 0);
  try {
    for (const reader = res.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (n + value.length > bytes.length) { // too long: wrong, whatever follows
        reader.cancel();
        return value;
      }
      bytes.set(value, n);
      n += value.length;
      count(f, n);
    }
  } catch (e) {
    throw new Failure('download', f.name, `the connection broke off after ${n} of ${f.bytes} bytes (${e.message})`);
  }
  return bytes.subarray(0, n);
}

async function matches(bytes, f) {
  if (bytes.length !== f.bytes) return false;
  const digest = self.crypto.subtle ? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)) : sha256(bytes);
  return [...digest].map(b => b.toString(16).padStart(2, '0')).join('') === f.sha256.toLowerCase();
}

// sha256 is FIPS 180-4, for pages served over plain http from another machine
// (a classroom's server), where browsers withhold crypto.subtle.
function sha256(message) {
  const isPrime = n => { for (let d = 2; d * d <= n; d++) if (n % d === 0) return false; return true; };
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (isPrime(n)) primes.push(n);
  const fraction = x => Math.floor((x - Math.floor(x)) * 2 ** 32);
  const k = Uint32Array.from(primes, p => fraction(Math.cbrt(p)));
  const h = Uint32Array.from(primes.slice(0, 8), p => fraction(Math.sqrt(p)));
  const padded = new Uint8Array(((message.length + 8 >> 6) + 1) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  const w = new Uint32Array(64);
  const rotate = (x, n) => x >>> n | x << 32 - n;
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >>> 3) + (rotate(b, 17) ^ rotate(b, 19) ^ b >>> 10);
    }
    let [a, b, c, d, e, f, g, s] = h;
    for (let i = 0; i < 64; i++) {
      const t = s + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (e & f ^ ~e & g) + k[i] + w[i] | 0;
      const u = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + (a & b ^ a & c ^ b & c) | 0;
      s = g; g = f; f = e; e = d + t | 0; d = c; c = b; b = a; a = t + u | 0;
    }
    [a, b, c, d, e, f, g, s].forEach((x, i) => { h[i] += x; });
  }
  const out = new DataView(new ArrayBuffer(32));
  h.forEach((x, i) => out.setUint32(4 * i, x));
  return new Uint8Array(out.buffer);
}

// ---- WebAssembly ----

async function compile(url) {
  const file = url.split('/').pop();
  const res = await request(url, file, damaged.has(url) ? { cache: 'reload' } : {});
  damaged.add(url); // unless it compiles
  let module;
  try {
    module = await WebAssembly.compileStreaming(res.clone());
  } catch {
    let bytes;
    try {
      bytes = await res.arrayBuffer();
    } catch (e) {
      throw new Failure('download', file, `the connection broke off (${e.message})`);
    }
    try { // a server that sends another type than application/wasm
      module = await WebAssembly.compile(bytes);
    } catch (e) {
      throw new Failure('open', file, e.message);
    }
  }
  damaged.delete(url);
  return module;
}

// simd: a module whose one function is a v128 constant and drop.
const simd = WebAssembly.validate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0,
  10, 23, 1, 21, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 26, 11));

// start instantiates the two modules. Go imports the kernel's functions and the
// kernel imports Go's memory: a cycle, cut by functions that find the kernel
// when they are called.
async function start() {
  const [worker, kernel] = await Promise.all([compile(setup.worker), simd ? compile(setup.kernel) : null]);
  let go, ops;
  const imports = { kernel: {}, wasi_snapshot_preview1: wasi(() => new DataView(go.memory.buffer)) };
  for (const { module, name } of WebAssembly.Module.imports(worker)) {
    if (module === 'kernel') imports.kernel[name] = (...args) => ops[name](...args);
    else imports[module][name] ??= () => 52; // ENOSYS
  }
  go = (await WebAssembly.instantiate(worker, imports)).exports;
  go._initialize();
  // call hands contents and, behind them, a file's name over, or a number, and returns
  // the word and the JSON of the reply.
  const call = (name, contents, more) => {
    const title = new TextEncoder().encode(contents ? more : '');
    if (contents) {
      const at = go.reserve(contents.length + title.length) >>> 0;
      if (!at) throw new Error(`no room for ${contents.length} bytes`);
      const inbox = new Uint8Array(go.memory.buffer, at);
      inbox.set(contents);
      inbox.set(title, contents.length);
    }
    const reply = BigInt.asUintN(64, go[name](contents ? title.length : more));
    const text = new TextDecoder().decode(new Uint8Array(go.memory.buffer, Number(reply >> 32n), Number(reply & 0xffffffffn)));
    const line = text.indexOf('\n');
    return [text.slice(0, line), text.slice(line + 1)];
  };
  if (kernel) {
    ops = (await WebAssembly.instantiate(kernel, { env: { memory: go.memory } })).exports;
    const [word, body] = call('simd', null, 1);
    if (word === 'error') throw Object.assign(new Failure(), JSON.parse(body));
  }
  return { call, memory: go.memory };
}

// wasi is what Go's runtime needs of the system: clocks, random numbers, and a
// console for its last words. It finds no arguments, environment or files.
function wasi(view) {
  let line = '';
  const zero = (a, b) => { view().setUint32(a, 0, true); view().setUint32(b, 0, true); return 0; };
  return {
    args_sizes_get: zero,
    environ_sizes_get: zero,
    args_get: () => 0,
    environ_get: () => 0,
    fd_prestat_get: () => 8, // EBADF: there are no directories
    clock_time_get(id, precision, at) {
      const ms = performance.now() + (id === 0 ? performance.timeOrigin : 0);
      view().setBigUint64(at, BigInt(Math.round(ms * 1e6)), true);
      return 0;
    },
    random_get(at, n) {
      for (let done = 0; done < n; done += 65536)
        crypto.getRandomValues(new Uint8Array(view().buffer, at + done, Math.min(65536, n - done)));
      return 0;
    },
    fd_write(fd, vectors, n, written) {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const at = view().getUint32(vectors + 8 * i, true), length = view().getUint32(vectors + 8 * i + 4, true);
        line += new TextDecoder().decode(new Uint8Array(view().buffer, at, length));
        sum += length;
      }
      const lines = line.split('\n');
      line = lines.pop();
      if (lines.length) console.error(lines.join('\n'));
      view().setUint32(written, sum, true);
      return 0;
    },
    poll_oneoff(subscriptions, events, n, count) { // a sleep, over at once
      view().setUint32(count, 0, true);
      return 0;
    },
    sched_yield: () => 0,
    proc_exit(code) { throw new Error(`exit code ${code}`); },
  };
}
