// This part works on a visitor's collections: a worker (files-worker.js) reads, cuts and
// encodes documents, and its results are stored as they arrive (collections.js), so that
// an interrupted visit can be continued.
'use strict';
(() => {
  const { parley } = window;
  const { run, save, count } = parley.kit;
  const { list, fresh, put, file, batches, batchName, contents, drop, stop, claim, Lost } = parley.collections;

  const size = files => Object.values(files).reduce((n, f) => n + f.byteLength, 0);

  // changed shows that a collection has changed, in this tab and in others.
  function changed(c) {
    parley.collections.tell(c);
    parley.collections.changed();
  }

  // persist asks the browser not to delete what is stored when it runs short of room.
  const persist = () => navigator.storage && navigator.storage.persist && navigator.storage.persist().catch(() => {});

  // work does something to a collection that only one tab at a time may do. Where it
  // fails, failed returns what did not happen, in words. f sets c.job as soon as there is
  // one.
  async function work(c, failed, f) {
    if (c.job || c.starting) return;
    Object.assign(c, { starting: true, error: '', cancelled: false });
    let release = null;
    try {
      release = await claim(c);
      if (!release) throw new Error('another tab is at work on it');
      c.elsewhere = null;
      await f();
    } catch (e) {
      if (!c.cancelled && !c.removed) c.error = `${failed()}: ${e.message}.`;
      if (e instanceof Lost && e.gone) drop(c);
    }
    release?.();
    Object.assign(c, { job: null, starting: false, reading: null, denser: false });
    if (!c.removed) changed(c);
  }

  // start begins a job of the worker. It calls hear with each report; hear returns what is
  // to be stored for it, as arguments of put, or nothing. The promise resolves when
  // everything is stored.
  async function start(c, op, body, hear) {
    let writing = Promise.resolve(), broken = null; // in order
    const keep = args => {
      writing = writing.then(() => broken || put(c, ...args)).catch(e => {
        broken = e;
        c.job?.cancel();
      });
    };
    c.job = run(op, body, m => {
      const args = hear(m);
      if (args) keep(args);
      changed(c);
    });
    if (c.cancelled) c.job.cancel();
    changed(c);
    try {
      return await c.job;
    } finally {
      await writing;
      if (broken) throw broken;
    }
  }

  // ---- Encoding. ----

  // collect makes a collection of documents, [{path, file}]; skipped says what was left
  // out of their folder.
  async function collect(title, files, dense, skipped) {
    const c = fresh(title);
    list.push(c);
    c.reading = 'Reading';
    await encode(c, () => ['collect', { title, files, skipped }]);
    if (!c.total && c.cancelled) forget(c); // cancelled while its files were being read
    if (dense && c.whole) await densify(c);
    return c;
  }

  function forget(c) {
    drop(c);
    parley.collections.say({ op: 'removed', id: c.id });
    parley.collections.changed();
  }

  // add encodes further files into a collection, and encodes again those that it has
  // already.
  async function add(c, files, skipped) {
    let own;
    c.reading = 'Reading';
    await encode(c, async () => {
      if (own = await contents(c.id)) return ['extend', { title: c.title, files, skipped, index: own.index, passages: own.passages }];
      throw new Error('it is no longer there');
    });
    if (own?.dense && c.whole && !c.dense) await densify(c, own);
  }

  // columns reads a table after a person has named its columns: {text, title}.
  async function columns(c, asked, columns) {
    const files = [{ path: asked.path, file: asked.file, columns }], rest = c.asks.filter(a => a !== asked);
    if (c.passages) await add(c, files); else { forget(c); c = await collect(c.title, files, false); }
    c.asks = [...c.asks || [], ...rest];
    parley.collections.changed();
  }

  // goOn encodes what an earlier visit left unfinished.
  const goOn = c => encode(c, async () => {
    if (c.whole) return null; // another tab was faster
    const [passages, kept] = await Promise.all([file(c.id, 'all'), batches(c.id, 'batch')]);
    if (!passages) throw new Error('what was left to encode is gone');
    return ['resume', { title: c.title, passages, batches: kept }];
  });

  const encode = (c, job) => work(c, () => c.whole ? 'Nothing was added' : c.total ? 'It stopped' : 'It was not made', async () => {
    const todo = await job();
    if (!todo) return;
    const m = await start(c, ...todo, m => {
      switch (m.op) {
      case 'reading':
        c.reading = `Reading: ${m.read.toLocaleString('en')} of ${count(m.files, 'file')}${m.pages ? `, page ${m.page.toLocaleString('en')} of ${m.pages.toLocaleString('en')} of a PDF` : ''}`;
        return;
      case 'asked':
        c.asks = m.asks.map(a => ({ ...a, file: todo[1].files.find(f => f.path === a.path).file }));
        return;
      case 'cut':
        Object.assign(c, { toldOf: m.told, reading: null, whole: false, total: m.total, done: m.kept, left: null, documents: m.documents, notes: m.notes, leftOut: m.left, others: m.others, replaced: m.replaced, dense: 0 });
        persist();
        return [{ all: m.passages }, ['batch/', 'dense', 'vectors/']];
      case 'resumed':
        c.done = m.done;
        return [{}, [after('batch', m.done)]];
      case 'progress':
        Object.assign(c, { reading: null, done: m.done, total: m.total, left: m.left, rate: m.rate });
        return;
      case 'batch':
        return [{ [batchName('batch', m.first)]: m.vectors }];
      case 'built':
        return built(c, m, true);
      }
    });
    const args = built(c, m, !m.whole);
    c.whole = m.whole;
    await put(c, args?.[0], m.whole ? ['all', 'batch/', 'vectors/'] : []);
    if (c.whole) parley.collections.finished(c, `all ${count(c.passages, 'passage')} encoded`);
  });

  // after returns the stored batches from done on: they are deleted, since what an earlier
  // visit made cannot be used.
  const after = (kind, done) => [batchName(kind, done), kind + '/~'];

  // built notes what can be searched so far, has it searched if that is wanted, and
  // returns what is to be stored of it.
  function built(c, m, growing) {
    const first = !c.passages;
    Object.assign(c, { passages: m.done, done: m.done, total: m.total, bytes: size(m.files) });
    if (!m.done) return;
    const { 'index.bin': index, 'passages.bin': passages } = m.files;
    parley.collections.grown(c, { index, passages }, growing && !first, first);
    return [{ 'index.bin': index, 'passages.bin': passages }];
  }

  // adopt opens a collection that the command line or another page made.
  async function adopt(title, files) {
    const c = fresh(title);
    list.push(c);
    c.reading = 'Opening';
    await work(c, () => 'It was not opened', async () => {
      const made = await start(c, 'adopt', { files }, () => {});
      Object.assign(c, { title: made.about.title || title, passages: made.passages, total: made.passages, whole: true, bytes: size(made.files), dense: made.files['dense.bin'] ? made.passages : 0, notes: [], toldOf: made.told });
      await put(c, made.files);
      c.conversation = made.conversation;
      persist();
    });
    return c;
  }

  // densify encodes a collection's passages with the dense encoder, or continues that.
  // older is the previous collection, where it had such vectors.
  const densify = (c, older) => work(c, () => 'It was not read for better answers', async () => {
    const own = await contents(c.id);
    if (!own) throw new Error('it is no longer there');
    Object.assign(c, { denser: true, done: c.dense || 0, left: null, rate: null });
    persist();
    const m = await start(c, 'densify', { passages: own.passages, batches: await batches(c.id, 'dense-batch'), older }, m => {
      switch (m.op) {
      case 'loading':
        c.reading = `Loading the second encoder: ${megabytes(m.loaded)} of ${megabytes(m.total)}`;
        return;
      case 'resumed':
        c.dense = Math.min(m.done, c.passages - 1);
        return [{}, [after('dense-batch', m.done)]];
      case 'progress':
        Object.assign(c, { reading: null, done: m.done, left: m.left, rate: m.rate });
        return;
      case 'batch':
        c.dense = Math.min(m.first + m.count, c.passages - 1); // only dense.bin makes it complete
        return [{ [batchName('dense-batch', m.first)]: m.vectors }];
      }
    });
    if (!m.whole) return;
    Object.assign(c, { dense: c.passages, bytes: own.index.byteLength + own.passages.byteLength + m.dense.byteLength });
    if (c.rate) parley.store('localStorage', rateKey, `${speed(c.rate)} ${Math.ceil(m.dense.byteLength / c.passages)}`);
    await put(c, { 'dense.bin': m.dense }, ['dense-batch/', 'dense/']);
    parley.collections.grown(c, { ...own, dense: m.dense }, true, false);
    parley.panels.better?.set(true);
    parley.collections.finished(c, `all ${count(c.passages, 'passage')} read for better answers`);
  });

  // pace says how long densify took the last time, for people.
  const rateKey = 'parley.dense.rate';
  const speed = rate => rate < 10 ? rate.toFixed(1) : String(Math.round(rate));
  function pace() {
    const [rate, bytes] = (parley.stored('localStorage', rateKey) || '').split(' ');
    return bytes ? `about ${rate} passages a second, ${bytes} bytes each` : 'slower, and some hundred bytes more for each passage';
  }
  const megabytes = n => n < 1e5 ? `${Math.ceil(n / 1e3)}\u00a0kB` : `${(n / 1e6).toFixed(1)}\u00a0MB`;

  // ---- Other actions on a collection. ----

  const rename = (c, title) => work(c, () => 'It was not renamed', async () => {
    const own = await contents(c.id);
    const { passages } = await run('retitle', { passages: own.passages, title });
    c.title = title;
    await put(c, { 'passages.bin': passages });
    parley.collections.grown(c, { ...own, passages }, true, false);
  });

  async function exportIt(c) {
    try {
      const { zip } = await run('pack', await contents(c.id));
      save(c.title + '.zip', [zip], 'application/zip');
    } catch (e) {
      c.error = `It was not exported: ${e.message}.`;
      parley.collections.changed();
    }
  }

  // cancel stops the work on a collection, in this or another tab.
  function cancel(c) {
    if (c.elsewhere) { parley.collections.say({ op: 'cancel', id: c.id }); return; }
    stop(c);
  }

  Object.assign(parley.collections, {
    collect, add, columns, goOn, adopt, densify, rename, exportIt, cancel, pace, speed, megabytes,
    grown() {},    // a collection's files have changed: (c, files, growing, first)
    finished() {}, // work on all of it has ended: (c, what)
  });
})();
