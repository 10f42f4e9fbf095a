// This part stores a visitor's collections in the browser, and decides which tab may write
// to each.
//
// A collection has one writer at a time. A tab that wants to change a collection claims
// it: with a lock of the browser (Web Locks) or, where there are none, by asking the other
// tabs. The claim is noted in the collection's record, and every write checks it in its
// own transaction. So a tab that has lost its claim, or whose collection was deleted, can
// no longer change anything. Tabs tell each other over a channel what they are doing.
'use strict';
(() => {
  const { parley } = window;
  const name = 'parley' + parley.scope; // of the database, the channel, and the locks
  const locks = location.protocol === 'file:' ? null : navigator.locks; // missing also without https

  // ---- The database. It is IndexedDB, since pages opened from a disk have no OPFS. ----
  //
  // collections: {id, title, created, passages, total, bytes, whole, documents, dense, writer,
  //   deleted}; dense is the number of passages that the dense encoder has read, writer the
  //   tab that claimed it last, deleted the time of its deletion: it is erased once that
  //   can no longer be undone
  // files: key [id, name]: an ArrayBuffer: "index.bin", "passages.bin", "dense.bin"; while
  //   encoding is under way, "all" (passages.bin of all passages) and "batch/N", the vectors
  //   from passage N on; and "dense-batch/N". N has nine digits. wasm/files checks that every
  //   batch belongs to these passages. Also ['', 'taken']: see takeOver.

  // The collections of this tab: records, with fields that only this tab knows (job, left,
  // error, notes, reading), and elsewhere, which is what another tab does with it.
  const list = [];
  const find = id => list.find(c => c.id === id);
  const fields = ['id', 'title', 'created', 'passages', 'total', 'bytes', 'whole', 'documents', 'dense', 'writer'];
  const record = c => Object.fromEntries(fields.map(f => [f, c[f]]));

  const open = (name, upgrade) => new Promise((done, fail) => {
    const r = indexedDB.open(name, 1);
    r.onupgradeneeded = () => upgrade(r);
    r.onsuccess = () => done(r.result);
    r.onerror = () => fail(r.error);
    r.onblocked = () => fail(new Error('another tab holds it'));
  });

  let opening = null;
  const database = () => opening ??= open(name, r => {
    r.result.createObjectStore('collections', { keyPath: 'id' });
    r.result.createObjectStore('files');
  });

  // run calls f with the two stores of a database, and waits until the transaction is on
  // the disk. f may return a request, whose result run returns, and may abort the
  // transaction by throwing an error.
  const run = (db, mode, f) => new Promise((done, fail) => {
    const t = db.transaction(['collections', 'files'], mode, { durability: 'strict' });
    let why = null, r = null;
    const refuse = e => { why = e; t.abort(); };
    t.oncomplete = () => done(r && r.result);
    t.onabort = () => fail(why || t.error || new Error('the browser gave no reason'));
    try {
      r = f(t.objectStore('collections'), t.objectStore('files'), refuse);
    } catch (e) { // all of it takes effect, or nothing
      refuse(e);
    }
  });
  const transact = async (mode, f) => run(await database(), mode, f);

  // range covers all files of a collection, and wipe deletes the collection in run.
  const range = id => IDBKeyRange.bound([id], [id, []]);
  const wipe = id => (cs, fs) => { cs.delete(id); fs.delete(range(id)); };

  // The files to forget are given by a prefix of their names, or by a range of names:
  // [from, to].
  const span = names => typeof names === 'string' ? [names, names + '~'] : names;

  // takeOver copies, once, what earlier versions stored for the whole origin. Where no
  // other site of the origin could need it, takeOver then deletes it there.
  async function takeOver() {
    if (!parley.scope || await transact('readonly', (cs, fs) => fs.get(['', 'taken']))) return;
    const old = await shared();
    if (old) {
      const sites = await navigator.serviceWorker?.getRegistrations() ?? [];
      const alone = sites.length > 0 && sites.every(r => new URL(r.scope).href === parley.url('.'));
      for (const c of await run(old, 'readonly', cs => cs.getAll())) {
        if (await transact('readonly', cs => cs.get(c.id))) continue; // an interrupted visit copied it already
        const [keys, values] = await Promise.all(['getAllKeys', 'getAll'].map(get => run(old, 'readonly', (cs, fs) => fs[get](range(c.id)))));
        await transact('readwrite', (cs, fs) => {
          cs.put({ ...record(c), writer: '' });
          // Vectors that do not name their passages are made again.
          keys.forEach((key, i) => { if (!/^(vectors|dense)\//.test(key[1])) fs.put(values[i], key); });
        });
        if (alone) await run(old, 'readwrite', wipe(c.id));
      }
      old.close();
      if (alone) indexedDB.deleteDatabase('parley');
    }
    await transact('readwrite', (cs, fs) => fs.put(true, ['', 'taken']));
  }

  // shared returns the database that all sites of the origin had, null where there is
  // none.
  const shared = () => open('parley', r => r.transaction.abort()).catch(() => null);

  // ---- Storing. ----

  // Where nothing can be stored (a private window, a full disk), this tab keeps it in
  // memory.
  const memory = { records: new Map(), files: new Map() }; // files by id + '/' + name
  let forgetful = '';
  async function kept(f, instead) {
    if (!forgetful) {
      try {
        return await transact('readwrite', f);
      } catch (e) {
        if (e instanceof Lost) throw e;
        forgetful = e && e.name === 'QuotaExceededError' ? 'This browser has no more room' : 'This browser keeps nothing here';
        changed();
      }
    }
    return instead();
  }

  // Lost means that this tab may no longer write to a collection, or that the collection
  // is gone.
  class Lost extends Error {
    constructor(gone) {
      super(gone ? 'it was deleted in another tab' : 'another tab has taken it over');
      this.gone = gone;
    }
  }

  // check refuses a write by a tab that has lost its claim.
  function check(cs, c, refuse, write) {
    const r = cs.get(c.id);
    r.onsuccess = () => {
      if (!r.result && !c.fresh || r.result?.deleted) refuse(new Lost(true));
      else if (r.result && r.result.writer !== c.writer) refuse(new Lost(false));
      else write();
    };
  }

  // put stores a collection's record and files, {name: content}, in one step; first it
  // deletes the files given by forget (span).
  async function put(c, files = {}, forget = []) {
    if (c.removed) throw new Lost(true);
    await kept((cs, fs, refuse) => check(cs, c, refuse, () => {
      cs.put(record(c));
      for (const [from, to] of forget.map(span)) fs.delete(IDBKeyRange.bound([c.id, from], [c.id, to]));
      for (const [name, content] of Object.entries(files)) fs.put(content, [c.id, name]);
    }), () => {
      memory.records.set(c.id, record(c));
      for (const [from, to] of forget.map(span)) for (const key of [...memory.files.keys()]) if (key >= `${c.id}/${from}` && key <= `${c.id}/${to}`) memory.files.delete(key);
      for (const [name, content] of Object.entries(files)) memory.files.set(`${c.id}/${name}`, content);
    });
    c.fresh = false;
  }

  async function file(id, name) {
    return memory.files.get(id + '/' + name) || transact('readonly', (cs, fs) => fs.get([id, name])).catch(() => undefined);
  }

  const batchName = (kind, first) => `${kind}/${String(first).padStart(9, '0')}`;

  // batches returns the stored batches of a kind, "batch" or "dense-batch", in order.
  async function batches(id, kind) {
    const begin = kind + '/', found = new Map();
    const read = get => transact('readonly', (cs, fs) => fs[get](IDBKeyRange.bound([id, begin], [id, begin + '~']))).catch(() => []);
    const [keys, values] = await Promise.all([read('getAllKeys'), read('getAll')]);
    if (keys.length === values.length) keys.forEach((key, i) => found.set(key[1], values[i]));
    for (const [key, content] of memory.files) if (key.startsWith(`${id}/${begin}`)) found.set(key.slice(id.length + 1), content);
    return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([, content]) => content);
  }

  // contents returns the files of a collection that are searched, or null.
  async function contents(id) {
    const [index, passages, dense] = await Promise.all(['index.bin', 'passages.bin', 'dense.bin'].map(name => file(id, name)));
    return index && passages ? { index, passages, dense } : null;
  }

  let loaded = null;
  const load = () => loaded ??= (async () => {
    let late = '';
    try {
      await (locks ? locks.request(name + ' take over', takeOver) : takeOver());
    } catch (e) {
      late = `What an earlier version of this page has kept could not be taken over yet: ${e.message}.`;
    }
    try {
      const all = await transact('readonly', cs => cs.getAll());
      list.push(...all.filter(c => !c.deleted).sort((a, b) => a.created - b.created));
      for (const c of all) if (c.deleted) finish(c).catch(() => {}); // the next visit tries again
      if (late) collections.late = late;
    } catch {
      forgetful = 'This browser keeps nothing here';
    }
    say({ op: 'who' });
  })();

  const drop = c => { const i = list.indexOf(c); if (i >= 0) list.splice(i, 1); };

  // ---- Deleting, which can be undone. ----

  // remove deletes a collection in any state, even while another tab writes to it: that
  // tab's next write is refused. remove marks the record, and settle erases the contents;
  // until then undo restores it. Meanwhile this tab holds a lock, so that other tabs know
  // that the mark is not left over from a tab that was closed. If the disk is too full for
  // a mark, the collection is erased immediately.
  let deleted = null; // {c, at, unlock}
  async function remove(c) {
    if (c.removing) return;
    c.removing = true;
    await settle();
    const unlock = await hold(c);
    const marked = !await database().catch(() => null) || await transact('readwrite', cs => {
      const r = cs.get(c.id);
      r.onsuccess = () => { if (r.result) cs.put({ ...r.result, deleted: Date.now() }); };
    }).then(() => true, () => false);
    try {
      if (!marked) await erase(c.id);
    } catch (e) {
      c.removing = false;
      unlock();
      throw e;
    }
    if (marked) deleted = { c, at: list.indexOf(c), unlock }; else unlock();
    gone(c);
    say({ op: 'removed', id: c.id });
    await flush();
  }

  // undo restores what was deleted last, and returns it.
  async function undo() {
    const { c, at, unlock } = deleted;
    deleted = null;
    try {
      if (await database().catch(() => null)) {
        await transact('readwrite', (cs, fs, refuse) => {
          const r = cs.get(c.id);
          r.onsuccess = () => {
            if (!r.result && !memory.records.has(c.id)) { refuse(new Lost(true)); return; }
            if (!r.result) return;
            Object.assign(c, r.result, { deleted: undefined });
            cs.put(record(c));
          };
        });
      }
      Object.assign(c, { removed: false, removing: false, elsewhere: null, error: '' });
      list.splice(at, 0, c);
      tell(c);
      return c;
    } finally {
      unlock();
    }
  }

  // settle erases what was deleted last; it can then no longer be restored.
  async function settle() {
    if (!deleted) return;
    const { c, unlock } = deleted;
    deleted = null;
    changed();
    await erase(c.id).catch(() => {}); // its mark stays, and the next visit tries again
    unlock();
    await flush();
  }
  addEventListener('pagehide', settle);

  // finish erases a collection whose tab was closed before it could; without locks, one
  // that was deleted some time ago.
  async function finish(c) {
    if (locks) await locks.request(lock(c) + ' undo', { ifAvailable: true }, free => free && erase(c.id));
    else if (Date.now() - c.deleted > 3600e3) await erase(c.id);
  }

  const hold = c => !locks ? () => {} : new Promise(done => locks.request(lock(c) + ' undo', () => new Promise(release => done(release))));

  async function erase(id) {
    if (await database().catch(() => null)) {
      await transact('readwrite', wipe(id));
      const old = parley.scope && await shared();
      if (old) await run(old, 'readwrite', wipe(id)).finally(() => old.close());
    }
    memory.records.delete(id);
    for (const key of [...memory.files.keys()]) if (key.startsWith(id + '/')) memory.files.delete(key);
  }

  function gone(c) {
    c.removed = true;
    c.job?.cancel();
    drop(c);
    collections.removed(c);
  }

  // flush stores what only this tab has in memory, when there may be room again.
  async function flush() {
    if (!forgetful) return;
    const of = id => [...memory.files].filter(([key]) => key.startsWith(id + '/'));
    for (const [id, r] of memory.records) {
      try {
        await transact('readwrite', (cs, fs) => {
          cs.put(r);
          for (const [key, content] of of(id)) fs.put(content, [id, key.slice(id.length + 1)]);
        });
      } catch {
        return; // still no room
      }
      for (const [key] of of(id)) memory.files.delete(key);
      memory.records.delete(id);
    }
    forgetful = '';
  }

  // ---- One writer. ----

  const lock = c => `${name} ${c.id}`;
  const fresh = title => ({ id: uuid(), title, created: Date.now(), passages: 0, total: 0, bytes: 0, whole: false, writer: '', fresh: true });
  const uuid = () => crypto.randomUUID ? crypto.randomUUID() : String(Date.now() + Math.random());

  // stop ends this tab's work on a collection. That the work fails is then not an error.
  function stop(c) {
    c.cancelled = true;
    c.job?.cancel();
  }

  // When a visitor leaves the page, the browser may keep it, with its locks, in case the
  // visitor comes back. So the page then ends its claims, and shows its work as stopped.
  const held = new Set(); // functions that end this tab's claims
  addEventListener('pagehide', () => {
    for (const c of list) {
      if (!c.job) continue;
      stop(c);
      say({ op: 'state', record: record(c), live: null });
    }
    for (const release of held) release();
  });

  // claim makes this tab the writer of a collection, and updates its record. It returns a
  // function that ends the claim, or null where another tab is the writer.
  async function claim(c) {
    const unlock = locks ? await take(c) : await ask(c) ? () => {} : null;
    if (!unlock) return null;
    const release = () => { held.delete(release); unlock(); };
    held.add(release);
    c.writer = uuid();
    if (c.fresh) return release;
    try {
      let now;
      await kept((cs, fs, refuse) => {
        const r = cs.get(c.id);
        r.onsuccess = () => {
          if (!r.result || r.result.deleted) { refuse(new Lost(true)); return; }
          now = { ...r.result, writer: c.writer };
          cs.put(now);
        };
      }, () => {});
      Object.assign(c, now);
      return release;
    } catch (e) {
      release();
      throw e;
    }
  }

  // take acquires the browser's lock, unless another tab holds it. watch, which only
  // looks, releases it immediately.
  const take = c => new Promise((done, fail) => {
    const patience = AbortSignal.timeout(500);
    locks.request(lock(c), { signal: patience }, () => new Promise(release => done(release)))
      .catch(e => { if (patience.aborted) done(null); else fail(e); });
  });

  // ask asks the other tabs, and reports whether none of them says that it writes to the
  // collection.
  function ask(c) {
    c.elsewhere = null;
    say({ op: 'who' });
    return new Promise(done => setTimeout(() => done(!c.elsewhere), 300));
  }

  // ---- Messages between tabs. ----
  //
  //   {op: 'state', record, live}  what the sender is doing with a collection; null: nothing
  //   {op: 'removed', id}          it was deleted
  //   {op: 'who'}                  asks all tabs to send their states again
  //   {op: 'cancel', id}           the sender's visitor wants the work on it to stop

  const channel = window.BroadcastChannel ? new BroadcastChannel(name) : null;
  const say = m => channel?.postMessage(m);

  // tell tells the other tabs what this tab does with a collection, or that it has
  // stopped.
  function tell(c) {
    const { reading, done, total, left, rate, denser } = c;
    say({ op: 'state', record: record(c), live: c.job ? { reading, done, total, left, rate, denser } : null });
  }

  if (channel) channel.onmessage = ({ data }) => {
    if (data.op === 'who') {
      for (const c of list) if (c.job) tell(c);
      return;
    }
    let c = find(data.op === 'state' ? data.record.id : data.id);
    if (data.op === 'cancel' && c?.job) stop(c);
    if (data.op === 'removed' && c) gone(c);
    if (data.op === 'state' && !c?.job) {
      if (!c) {
        if (!data.live && !data.record.total) return;
        list.push(c = { ...data.record });
      }
      const newer = !data.live && (c.passages !== data.record.passages || c.bytes !== data.record.bytes || c.title !== data.record.title);
      Object.assign(c, data.record);
      if (data.live) watch(c);
      c.elsewhere = data.live;
      if (!data.live && !c.total) drop(c); // nothing came of it
      else if (newer) collections.ended(c);
    }
    changed();
  };

  // watch notices when another tab was closed in the middle of its work.
  async function watch(c) {
    if (locks) {
      if (c.elsewhere) return;
      await locks.request(lock(c), { mode: 'shared' }, () => {});
    } else {
      clearTimeout(c.due);
      await new Promise(f => { c.due = setTimeout(f, 10000); });
    }
    if (!c.elsewhere) return;
    c.elsewhere = null;
    const now = await transact('readonly', cs => cs.get(c.id)).catch(() => null);
    if (now && !now.deleted) Object.assign(c, now);
    else drop(c); // nothing of it was stored
    changed();
  }

  const changed = () => collections.changed();

  const collections = parley.collections = {
    list, find, fresh, load, put, file, batches, batchName, contents, remove, undo, settle, drop, stop, claim, tell, say, Lost,
    get forgetful() { return forgetful; },
    get deleted() { return deleted?.c; }, // what undo restores
    late: '', // why some collections are not shown yet
    // Callbacks of the panel:
    changed() {}, // something that the panel shows has changed
    removed() {}, // a collection is gone
    ended() {},   // another tab has finished changing a collection
  };
})();
