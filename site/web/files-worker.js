// The Web Worker for a visitor's own files: documents become collections, files of
// conversations become conversations. It is a second worker with a program of its own,
// files.wasm (wasm/files, where the calls are described), so that no answer waits for
// it; it is started when it is first needed. How files are fetched and verified and the
// program is started is worker.js's.
//
// The page posts {op, id, ...} and gets {op: 'done', id, ...} or {op: 'error', id,
// message}; between them, for a collection,
//
//   {op: 'reading', id, read, files}                 files read so far
//   {op: 'cut', id, passages, total, ...}            all passages, to be kept
//   {op: 'progress', id, done, total, left, vectors} vectors to be kept; left in ms
//   {op: 'built', id, files, done, total}            can be searched so far
//
// and for its dense vectors
//
//   {op: 'loading', id, loaded, total}               bytes of the dense encoder
//   {op: 'progress', id, done, total, left, rate, vectors}  vectors: a list, to be kept
//
// Encoding goes in slices of some milliseconds with the messages in between, so that
// cancelling works at once.
'use strict';
importScripts('../{{worker.js}}');

onmessage = ({ data }) => {
  if (data.op === 'start') { setup = data; return; }
  if (data.op === 'cancel') { cancelled.add(data.id); return; }
  // One after another: there is one desk. What is short may pass an encoding run.
  const job = jobs[data.op];
  const run = () => job(data).then(
    ([reply, transfer]) => postMessage({ op: 'done', id: data.id, ...reply }, transfer || []),
    e => {
      if (e instanceof WebAssembly.RuntimeError) { program = null; encoderIn = null; } // its memory is in no known state
      postMessage({ op: 'error', id: data.id, message: e.message });
    });
  if (['collect', 'extend', 'resume', 'densify'].includes(data.op)) queue = queue.then(run);
  else run();
};

const cancelled = new Set();
let queue = Promise.resolve();
let program = null, encoderIn = null; // promises: of the program, and of it with the encoder

function running() {
  program ??= start().catch(e => { program = null; throw e; });
  return program;
}

// withEncoder gives the program with the encoder's files in it.
function withEncoder() {
  encoderIn ??= (async () => {
    const [p, manifest, cache] = await Promise.all([running(), fetchManifest(), openCache()]);
    const files = manifest.files.filter(f => f.name.startsWith('encoder/'));
    const contents = await Promise.all(files.map(f => obtain(f, cache, () => {})));
    files.forEach((f, i) => ask(p, 'file', contents[i], f.name));
    ask(p, 'open');
    return p;
  })().catch(e => { encoderIn = null; throw e; });
  return encoderIn;
}

// ask calls the program; what it could not do is an Error.
function ask(p, name, input, file) {
  if (input !== undefined && !(input instanceof Uint8Array)) input = new TextEncoder().encode(JSON.stringify(input));
  const [word, body] = p.call(name, input ?? new Uint8Array(0), file);
  const reply = JSON.parse(body);
  if (word === 'error') throw new Error(reply.message);
  return reply;
}

// copy takes a Piece out of the program's memory.
const copy = (p, piece) => p.memory.buffer.slice(piece.at, piece.at + piece.bytes);

// named makes {'index.bin': ArrayBuffer, ...} of pieces.
const named = (p, pieces) => Object.fromEntries(pieces.map(f => [f.name, copy(p, f)]));

const pause = () => new Promise(done => {
  const c = new MessageChannel(); // not setTimeout, which browsers stretch
  c.port1.onmessage = () => { c.port1.close(); done(); };
  c.port2.postMessage(0);
});

const jobs = {
  // collect reads documents, [{path, file}], and encodes them.
  async collect({ id, title, files }) {
    const p = await withEncoder();
    ask(p, 'begin', { title });
    const cut = await read(p, id, files);
    const all = copy(p, ask(p, 'passages'));
    postMessage({ op: 'cut', id, passages: all, ...cut, kept: 0, replaced: [] }, [all]);
    return encodeAll(p, id);
  },

  // extend adds documents to a collection, index.bin and passages.bin. Those of an id
  // that it has take the older ones' place.
  async extend({ id, title, files, index, passages }) {
    const p = await withEncoder();
    ask(p, 'begin', { title });
    const cut = await read(p, id, files);
    ask(p, 'file', new Uint8Array(index), 'collection/index.bin'); // no other job comes in between
    ask(p, 'file', new Uint8Array(passages), 'collection/passages.bin');
    const e = ask(p, 'extend');
    const vectors = copy(p, e.vectors), all = copy(p, ask(p, 'passages'));
    postMessage({ op: 'cut', id, passages: all, ...cut, total: cut.total + e.kept, kept: e.kept, replaced: e.replaced.slice(0, 200) }, [all]);
    return encodeAll(p, id, [vectors]);
  },

  // resume goes on with passages of which the first have vectors.
  async resume({ id, title, passages, vectors }) {
    const p = await withEncoder();
    ask(p, 'begin', { title });
    ask(p, 'file', new Uint8Array(passages), 'passages');
    for (const v of vectors) ask(p, 'file', new Uint8Array(v), 'vectors');
    return encodeAll(p, id);
  },

  // adopt checks a collection made elsewhere: files is [{path, file}].
  async adopt({ files }) {
    const p = await withEncoder();
    for (const { path, file } of files)
      ask(p, 'file', new Uint8Array(await file.arrayBuffer()), 'collection/' + path.split('/').pop());
    const a = ask(p, 'adopt');
    const made = named(p, a.files);
    return [{ files: made, about: a.about, passages: a.passages }, Object.values(made)];
  },

  // densify makes the dense vectors of passages (passages.bin), of which the first were
  // made before: vectors is a list of what "progress" gave. older, where it is given, is a
  // collection that holds some of the passages, with dense vectors.
  async densify({ id, passages, vectors, older }) {
    const p = await withEncoder();
    const [manifest, cache] = await Promise.all([fetchManifest(), openCache()]);
    const files = manifest.files.filter(f => f.name.startsWith('dense/'));
    if (!files.length) throw new Error('this page has no dense encoder');
    const count = progress(files, ({ loaded, total }) => postMessage({ op: 'loading', id, loaded, total }));
    const contents = await Promise.all(files.map(f => obtain(f, cache, count)));
    if (cancelled.delete(id)) throw new Error('cancelled');
    files.forEach((f, i) => ask(p, 'file', contents[i], f.name));
    ask(p, 'file', new Uint8Array(passages), 'collection/passages.bin');
    if (older) {
      ask(p, 'file', new Uint8Array(older.passages), 'older/passages.bin');
      ask(p, 'file', new Uint8Array(older.dense), 'older/dense.bin');
    }
    ask(p, 'dense', {});
    for (const v of vectors) ask(p, 'file', new Uint8Array(v), 'dense');
    const begin = performance.now();
    let first = -1, kept = [], saved = begin;
    for (;;) {
      const slice = ask(p, 'embed', { ms: 30 });
      if (first < 0) first = vectors.length || older ? slice.done : 0; // what is at hand already says nothing of the rate
      if (slice.vectors) kept.push(copy(p, slice.vectors));
      const whole = slice.done === slice.total, stop = cancelled.has(id), t = performance.now();
      if (whole || stop || t - saved > 400) {
        const fresh = slice.done - first, rate = fresh / (t - begin) * 1000;
        postMessage({ op: 'progress', id, done: slice.done, total: slice.total, rate, left: fresh ? (slice.total - slice.done) / rate * 1000 : null, vectors: kept }, kept);
        kept = [];
        saved = t;
      }
      if (whole) {
        const dense = copy(p, ask(p, 'vectors', {}));
        cancelled.delete(id);
        return [{ dense, whole }, [dense]];
      }
      if (cancelled.delete(id)) return [{ whole }];
      await pause();
    }
  },

  async pack({ index, passages, dense }) {
    const p = await running();
    ask(p, 'file', new Uint8Array(index), 'collection/index.bin');
    ask(p, 'file', new Uint8Array(passages), 'collection/passages.bin');
    if (dense) ask(p, 'file', new Uint8Array(dense), 'collection/dense.bin');
    const zip = copy(p, ask(p, 'pack'));
    return [{ zip }, [zip]];
  },

  async retitle({ passages, title }) {
    const p = await running();
    ask(p, 'file', new Uint8Array(passages), 'collection/passages.bin');
    const fresh = copy(p, ask(p, 'retitle', { title }));
    return [{ passages: fresh }, [fresh]];
  },

  async conversations({ name, file }) {
    const p = await running();
    ask(p, 'file', new Uint8Array(await file.arrayBuffer()), 'conversation/' + name);
    return [{ list: ask(p, 'conversations', { name }) }];
  },

  async transcript({ form, conversation }) {
    const p = await running();
    const piece = ask(p, 'transcript', { form, conversation });
    return [{ name: piece.name, text: new TextDecoder().decode(copy(p, piece)) }];
  },
};

// read reads and cuts documents, and says what came of it.
async function read(p, id, files) {
  const notes = [];
  let documents = 0, total = 0, others = 0, done = 0, told = 0;
  for (const { path, file } of files) {
    if (cancelled.has(id)) throw new Error('cancelled');
    try {
      const r = ask(p, 'file', new Uint8Array(await file.arrayBuffer()), 'document/' + path);
      documents += r.documents;
      total += r.passages;
      if (r.other) others++; else notes.push(...r.notes);
    } catch (e) {
      if (e instanceof WebAssembly.RuntimeError) throw e;
      notes.push(`${path}: ${e.message}`);
    }
    done++;
    if (performance.now() - told > 100) {
      told = performance.now();
      postMessage({ op: 'reading', id, read: done, files: files.length });
    }
    await pause();
  }
  if (!documents) throw new Error('no text was found. ' + (notes[0] || (others ? `${others} ${others === 1 ? 'file is' : 'files are'} of formats that are not read` : '')));
  return { documents, total, notes: notes.slice(0, 200), left: notes.length, others };
}

// encodeAll encodes what is cut; kept are vectors that are there already. While it goes on, it shows what can be searched: soon
// at first, then more seldom, for it takes time that grows with the collection.
async function encodeAll(p, id, kept = []) {
  const begin = performance.now();
  let first = -1, saved = begin, shown = begin, every = 500;
  const tell = progress => {
    first = first < 0 ? progress.done : first;
    const fresh = progress.done - first;
    const left = fresh ? (performance.now() - begin) / fresh * (progress.total - progress.done) : null;
    const vectors = new Uint8Array(kept.reduce((n, v) => n + v.byteLength, 0));
    let at = 0;
    for (const v of kept) { vectors.set(new Uint8Array(v), at); at += v.byteLength; }
    kept = [];
    saved = performance.now();
    postMessage({ op: 'progress', id, done: progress.done, total: progress.total, left, rate: fresh / (performance.now() - begin) * 1000, vectors: vectors.buffer }, [vectors.buffer]);
  };
  const show = () => {
    const t = performance.now();
    const b = ask(p, 'build');
    const files = named(p, b.files);
    shown = performance.now();
    every = Math.max(every * 1.5, 20 * (shown - t));
    return { files, done: b.done, total: b.total };
  };
  for (;;) {
    const progress = ask(p, 'encode', { ms: 30 });
    if (progress.vectors) kept.push(copy(p, progress.vectors));
    const whole = progress.done === progress.total, stop = cancelled.has(id);
    if (whole || stop || performance.now() - saved > 400) tell(progress);
    if (whole || stop) {
      cancelled.delete(id);
      const last = show();
      return [{ ...last, whole, seconds: (performance.now() - begin) / 1000 }, Object.values(last.files)];
    }
    if (performance.now() - shown > every) {
      const sofar = show();
      postMessage({ op: 'built', id, ...sofar }, Object.values(sofar.files));
    }
    await pause();
  }
}
