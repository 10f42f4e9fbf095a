// The Web Worker for a visitor's own files: it makes collections of documents, and reads
// conversations from files. It is a second worker with a program of its own, files.wasm
// (wasm/files describes the calls), so that no answer waits for it. The page starts it
// when it is first needed.
//
// The page posts {op, id, ...} and gets {op: 'done', id, ...} or {op: 'error', id,
// message, stage, trap}; after a trap the worker can no longer be used. Before that, for a
// collection, it gets
//
//   {op: 'reading', id, read, files, page, pages} files read so far; pages of a PDF
//   {op: 'asked', id, asks}                       tables whose columns a person must name:
//                                                 {path, columns, rows}
//   {op: 'cut', id, passages, total, ...}         all passages, to be stored
//   {op: 'resumed', id, done, total}              how far an earlier run's vectors can be used
//   {op: 'progress', id, done, total, left, rate} left in ms, rate in passages a second
//   {op: 'batch', id, first, count, vectors}      vectors to be stored
//   {op: 'built', id, files, done, total}         what can be searched so far
//
// and for its dense vectors "resumed", "progress", "batch" and
//
//   {op: 'loading', id, loaded, total}            bytes of the dense encoder
//
// Encoding runs in slices of some milliseconds and handles messages in between, so that
// cancelling works immediately.
'use strict';

onmessage = ({ data }) => {
  if (data.op === 'start') { setup = data; return; }
  if (data.op === 'cancel') { cancelled.add(data.id); return; }
  // Jobs run one after another, since the program has one desk. A short job may run during
  // encoding.
  const job = jobs[data.op];
  const run = () => job(data).then(
    ([reply, transfer]) => postMessage({ op: 'done', id: data.id, ...reply }, transfer || []),
    e => postMessage({ op: 'error', id: data.id, message: e.message, stage: e.stage, trap: e instanceof Trap }));
  if (['collect', 'extend', 'resume', 'densify'].includes(data.op)) queue = queue.then(run);
  else run();
};

const cancelled = new Set();
let queue = Promise.resolve();
let program = null, encoderIn = null; // promises: the program, and the program with the encoder

function running() {
  program ??= start().catch(e => { program = null; throw e; });
  return program;
}

// withEncoder returns the program with the encoder's files loaded.
function withEncoder() {
  encoderIn ??= (async () => {
    const [p, { manifest }] = await Promise.all([running(), openSite()]);
    const files = manifest.files.filter(f => f.name.startsWith('encoder/'));
    const contents = await Promise.all(files.map(f => obtain(f, () => {})));
    files.forEach((f, i) => ask(p, 'file', contents[i], f.name));
    ask(p, 'open');
    return p;
  })().catch(e => { encoderIn = null; throw e; });
  return encoderIn;
}

// ask calls the program, and throws an Error where the call fails. file is the name of the
// contents in input.
function ask(p, name, input, file) {
  if (input !== undefined && !(input instanceof Uint8Array)) input = new TextEncoder().encode(JSON.stringify(input));
  let word, body;
  try {
    [word, body] = p.call(name, input ?? new Uint8Array(0), file);
  } catch (e) {
    if (e instanceof Trap && file) throw new Trap(`the program failed while it was reading ${file.replace(/^(document|conversation|collection)\//, '')} (${e.message})`);
    throw e;
  }
  const reply = JSON.parse(body);
  if (word === 'error') throw new Error(reply.message);
  return reply;
}

// copy copies a Piece out of the program's memory.
const copy = (p, piece) => p.memory.buffer.slice(piece.at, piece.at + piece.bytes);

// named returns {'index.bin': ArrayBuffer, ...} for pieces.
const named = (p, pieces) => Object.fromEntries(pieces.map(f => [f.name, copy(p, f)]));

// turn lets the worker handle messages.
const turn = () => new Promise(done => {
  const c = new MessageChannel(); // not setTimeout, which browsers delay
  c.port1.onmessage = () => { c.port1.close(); done(); };
  c.port2.postMessage(0);
});

const stop = id => { if (cancelled.delete(id)) throw new Error('cancelled'); };

const jobs = {
  // collect reads documents, [{path, file, columns}], and encodes them. columns names the
  // columns of a table whose own names do not tell. skipped says what was left out of a
  // folder.
  async collect({ id, title, files, skipped }) {
    const p = await withEncoder();
    ask(p, 'begin', { title });
    const cut = await read(p, id, files, skipped);
    const all = copy(p, ask(p, 'passages'));
    postMessage({ op: 'cut', id, passages: all, ...cut, kept: 0, replaced: [] }, [all]);
    return encode(p, id);
  },

  // extend adds documents to a collection, index.bin and passages.bin. They replace the
  // collection's documents with the same ids.
  async extend({ id, title, files, skipped, index, passages }) {
    const p = await withEncoder();
    ask(p, 'begin', { title });
    const cut = await read(p, id, files, skipped);
    ask(p, 'file', new Uint8Array(index), 'collection/index.bin'); // no other job can come in between
    ask(p, 'file', new Uint8Array(passages), 'collection/passages.bin');
    const e = ask(p, 'extend');
    const all = copy(p, ask(p, 'passages'));
    postMessage({ op: 'cut', id, passages: all, ...cut, total: cut.total + e.kept, kept: e.kept, replaced: e.replaced.slice(0, 200) }, [all]);
    batch(p, id, false); // the vectors of the older collection
    return encode(p, id);
  },

  // resume continues with passages whose first vectors were made before, in batches.
  async resume({ id, title, passages, batches }) {
    const p = await withEncoder();
    ask(p, 'begin', { title });
    ask(p, 'file', new Uint8Array(passages), 'passages');
    again(p, id, 'vectors', batches);
    return encode(p, id);
  },

  // adopt checks a collection that was made elsewhere: files is [{path, file}].
  async adopt({ files }) {
    const p = await withEncoder();
    for (const { path, file } of files)
      ask(p, 'file', new Uint8Array(await file.arrayBuffer()), 'collection/' + path.split('/').pop());
    const a = ask(p, 'adopt');
    const made = named(p, a.files);
    return [{ files: made, about: a.about, passages: a.passages, conversation: a.conversation, told: a.told || [] }, Object.values(made)];
  },

  // densify makes the dense vectors of passages (passages.bin), the first of which were
  // made before, in batches. older, if given, is a collection that has some of the
  // passages, with dense vectors.
  async densify({ id, passages, batches, older }) {
    const p = await withEncoder();
    const { manifest } = await openSite();
    const files = manifest.files.filter(f => f.name.startsWith('dense/') && f.name !== 'dense/reader.safetensors'); // which reads questions alone
    if (!files.length) throw new Error('this page has no dense encoder');
    const count = progress(files, ({ loaded, total }) => postMessage({ op: 'loading', id, loaded, total }));
    const contents = await Promise.all(files.map(f => obtain(f, count)));
    stop(id);
    files.forEach((f, i) => ask(p, 'file', contents[i], f.name));
    ask(p, 'file', new Uint8Array(passages), 'collection/passages.bin');
    if (older) {
      ask(p, 'file', new Uint8Array(older.passages), 'older/passages.bin');
      ask(p, 'file', new Uint8Array(older.dense), 'older/dense.bin');
    }
    ask(p, 'dense', {});
    again(p, id, 'dense', batches);
    // The vectors that exist already do not count for the rate.
    const { whole } = await make(p, id, true, async () => ask(p, 'embed', { ms: 30 }), batches.length || older);
    if (!whole) return [{ whole }];
    const dense = copy(p, ask(p, 'vectors', {}));
    return [{ dense, whole }, [dense]];
  },

  // pack makes a zip archive of a collection, with a conversation about it where one is
  // given.
  async pack({ index, passages, dense, conversation }) {
    const p = await running();
    ask(p, 'file', new Uint8Array(index), 'collection/index.bin');
    ask(p, 'file', new Uint8Array(passages), 'collection/passages.bin');
    if (dense) ask(p, 'file', new Uint8Array(dense), 'collection/dense.bin');
    if (conversation) ask(p, 'file', new TextEncoder().encode(conversation), 'collection/conversation.json');
    const zip = copy(p, ask(p, 'pack'));
    return [{ zip }, [zip]];
  },

  // join makes one collection of several: [{name, index, passages, dense}], or {name, site}
  // for the site's own, whose name is in its passages where name is empty.
  async join({ list }) {
    const p = await running();
    for (const [i, c] of list.entries()) {
      let { index, passages, dense } = c;
      if (c.site) {
        const { manifest } = await openSite();
        [index, passages, dense] = await Promise.all(['index', 'passages', 'dense'].map(name => {
          const f = manifest.files.find(f => f.name === `collection/${name}.bin`);
          // Dense vectors are worth their size only where all have some.
          return f && (name !== 'dense' || list.every(c => c.site || c.dense)) ? obtain(f, () => {}) : undefined;
        }));
      }
      for (const [name, content] of Object.entries({ index, passages, dense })) if (content) ask(p, 'file', new Uint8Array(content), `join/${i}/${name}.bin`);
    }
    const files = named(p, ask(p, 'join', { names: list.map(c => c.name) }).files);
    return [{ files }, Object.values(files)];
  },

  async retitle({ passages, title }) {
    const p = await running();
    ask(p, 'file', new Uint8Array(passages), 'collection/passages.bin');
    const fresh = copy(p, ask(p, 'retitle', { title }));
    return [{ passages: fresh }, [fresh]];
  },

  // source gives the document of passages (passages.bin) that a passage is of, by its id.
  async source({ passages, passage }) {
    const p = await running();
    ask(p, 'file', new Uint8Array(passages), 'collection/passages.bin');
    return [{ source: ask(p, 'source', { id: passage }) }];
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

// read reads and cuts documents, and reports the result.
async function read(p, id, files, skipped = []) {
  const notes = [...skipped], others = [], kept = [], asks = [];
  let documents = 0, total = 0, done = 0, told = 0;
  const tell = async (page, pages) => {
    if (performance.now() - told < 100) return;
    told = performance.now();
    postMessage({ op: 'reading', id, read: done, files: files.length, page, pages });
    await turn();
  };
  for (const { path, file, columns } of files) {
    stop(id);
    try {
      if (columns) ask(p, 'columns', columns);
      const r = isPDF(path) ? await readPDF(p, id, path, file, tell) : ask(p, 'file', new Uint8Array(await file.arrayBuffer()), 'document/' + path);
      documents += r.documents;
      total += r.passages;
      if (r.other) others.push(path); else notes.push(...r.notes);
      kept.push(...r.told);
      if (r.ask) asks.push({ path, ...r.ask });
    } catch (e) {
      if (e instanceof Trap || e.message === 'cancelled') throw e;
      notes.push(`${path}: ${e.message}`);
    }
    done++;
    await tell();
    await turn();
  }
  postMessage({ op: 'asked', id, asks });
  if (!documents) throw new Error('no text was found. ' + (asks.length ? `In ${asks[0].path} it cannot be told which column holds the text` : notes[0] || (others.length ? `${others.length} ${others.length === 1 ? 'file is' : 'files are'} of formats that are not read: ${others.slice(0, 20).join(', ')}` : '')));
  return { documents, total, notes: notes.slice(0, 2000), left: notes.length, others, told: kept.slice(0, 200) };
}

// again passes on the vectors that an earlier run made, as long as each batch continues
// the one before and belongs to these passages; the rest is made again.
function again(p, id, name, batches) {
  let good = { done: 0 };
  try {
    for (const b of batches) good = ask(p, 'file', new Uint8Array(b), name);
  } catch (e) {
    if (e instanceof Trap) throw e;
  }
  postMessage({ op: 'resumed', id, done: good.done });
}

// batch posts the vectors made since the last one, to be stored.
function batch(p, id, dense) {
  const b = ask(p, 'batch', { dense });
  if (!b.count) return;
  const vectors = copy(p, b);
  postMessage({ op: 'batch', id, first: b.first, count: b.count, vectors }, [vectors]);
}

// make makes slices until all vectors are there or the job is cancelled. It posts the
// vectors and the progress, and calls between after each slice.
async function make(p, id, dense, slice, countsFirst, between = () => {}) {
  const begin = performance.now();
  let first = countsFirst ? -1 : 0, saved = begin;
  for (;;) {
    const { done, total } = await slice();
    if (first < 0) first = done;
    const whole = done === total, over = cancelled.delete(id), t = performance.now();
    if (whole || over || t - saved > 400) {
      const fresh = done - first, rate = fresh / (t - begin) * 1000;
      batch(p, id, dense);
      postMessage({ op: 'progress', id, done, total, rate, left: fresh ? (total - done) / rate * 1000 : null });
      saved = t;
    }
    if (whole || over) return { whole, seconds: (performance.now() - begin) / 1000 };
    between();
    await turn();
  }
}

// encode encodes the passages that were cut. Meanwhile it builds what can be searched so
// far: soon at first, then less often, since that takes longer as the collection grows.
async function encode(p, id) {
  let shown = performance.now(), every = 500;
  const show = () => {
    const t = performance.now();
    const b = ask(p, 'build');
    const files = named(p, b.files);
    shown = performance.now();
    every = Math.max(every * 1.5, 20 * (shown - t));
    return { files, done: b.done, total: b.total };
  };
  const made = await make(p, id, false, async () => ask(p, 'encode', { ms: 30 }), true, () => {
    if (performance.now() - shown <= every) return;
    const sofar = show();
    postMessage({ op: 'built', id, ...sofar }, Object.values(sofar.files));
  });
  const last = show();
  return [{ ...last, ...made }, Object.values(last.files)];
}
