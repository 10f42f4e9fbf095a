// This part of the worker fetches the parts of a collection (shared/parts) that a question
// needs, where a site has one in parts. Parts are named by the beginning of their
// SHA-256, and kept in a cache of their own. Messages from and to parts.js:
//
//   {op: 'parts', body}   worker -> page, a JSON string:
//        {certain, wanted, loaded, requests}   of the question that is being answered: the
//                            titles that are certain, how many are wanted, and the bytes
//                            and requests so far, which kept parts do not count in
//        {kept, total, keeping, message}       the bytes that are kept, of all; whether
//                            more are being fetched; why that stopped
//   {op: 'kept'}          page -> worker: asks for that
//   {op: 'keep', body}    page -> worker: 'on' fetches all parts, 'off' stops
'use strict';

// A Part is [name, bytes].
const loads = new Map(); // part that is being fetched -> promise
let spent = { id: 0 }; // what the last question took

const partURL = name => new URL(`data/${name}.part`, setup.manifest).href;
const partsCacheName = () => `parley ${new URL('.', setup.manifest).pathname} parts`;
let partsCache;
const openParts = () => partsCache ??= self.caches ? caches.open(partsCacheName()).catch(() => null) : Promise.resolve(null);

const wait = ms => new Promise(f => setTimeout(f, ms));

// genuine reports whether bytes are the content of the part of that name.
const genuine = async (bytes, name) => (await digest(bytes)).startsWith(name);

// getPart returns a part's verified bytes, from the cache or the network. A part that fails
// or is not what it should be is requested twice more, without the browser's cache. must
// says that it is a failure, too, where it cannot be kept.
async function getPart([name, size], count, must) {
  const cache = await openParts(), url = partURL(name);
  const kept = await cache?.match(url).catch(() => null);
  if (kept) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    if (await genuine(bytes, name)) return bytes;
    await cache.delete(url);
    held?.drop(url);
  }
  for (let turn = 0; ; turn++) {
    try {
      // What is kept here need not be in the browser's own cache, too.
      const res = await request(url, name, { cache: turn ? 'reload' : must ? 'no-store' : 'default' });
      let bytes;
      try {
        bytes = new Uint8Array(await res.arrayBuffer());
      } catch (e) {
        throw new Failure('download', name, `the connection broke off (${e.message})`);
      }
      count?.(bytes.length);
      if (!await genuine(bytes, name)) throw new Failure('verify', name, `${bytes.length} bytes came whose SHA-256 is not that of the published part of ${size}`);
      try {
        await cache?.put(url, new Response(bytes, { headers: { 'Content-Type': 'application/octet-stream' } }));
        held?.add(url);
      } catch (e) {
        if (must) throw new Failure('open', name, e.name === 'QuotaExceededError' ? 'this browser has no room for more' : `this browser cannot keep it (${e.message})`);
      }
      return bytes;
    } catch (e) {
      if (!(e instanceof Failure) || e.stage === 'open' || turn === 2) throw e;
      await wait(300 * 4 ** turn);
    }
  }
}

// onePart is getPart, but two that want the same part at a time share one request.
function onePart(part, count, must) {
  const [name] = part;
  if (!loads.has(name)) loads.set(name, getPart(part, count, must).finally(() => loads.delete(name)));
  return loads.get(name);
}

// each runs work on all of list, several at a time, until one fails. When it returns, none
// is under way.
async function each(list, work) {
  const rest = list.values();
  let failure = null;
  const one = async () => {
    for (const item of rest) {
      if (failure) return;
      try { await work(item); } catch (e) { failure ??= e; }
    }
  };
  await Promise.all(Array.from({ length: 10 }, one));
  if (failure) throw failure;
}

// fetchParts fetches what a question lacks and gives it to the engine.
async function fetchParts(lacking, id) {
  const to = engine, mine = spent.id === id ? spent : spent = { id, loaded: 0, requests: 0 };
  const tell = () => { if (mine === spent) post('parts', JSON.stringify({ certain: lacking.certain, wanted: lacking.wanted, loaded: mine.loaded, requests: mine.requests }), id); };
  tell();
  await each(lacking.parts, async part => {
    const bytes = await onePart(part, n => { mine.loaded += n; mine.requests++; tell(); });
    if (to !== engine || !to.program) return;
    try {
      to.ask('file', bytes, `parts/${part[0]}`);
    } catch (e) {
      if (!(e instanceof Failure)) throw e;
      // It is what was published, and another page's; or the collection was changed meanwhile.
      throw new Failure('open', part[0], e.message);
    }
  });
}

// ---- Keeping all parts for offline use. ----

let keeping = false;
let held = null; // the Held of the site's collection, once it was looked up

// A Held counts which parts of a collection are kept. To ask the cache for a hundred thousand
// takes seconds, so that is done once, and whenever all are to be kept.
class Held {
  kept = 0;   // bytes
  total = 0;  // bytes of all
  urls = new Set();
  constructor(of) { // the engine
    this.of = of;
    this.parts = new Map(JSON.parse(of.ask('parts', null, 0)).map(part => [partURL(part[0]), part]));
    for (const [, size] of this.parts.values()) this.total += size;
  }

  // look asks the cache, and deletes the parts of a version before.
  async look() {
    const cache = await openParts();
    for (const { url } of await cache?.keys() ?? []) if (this.parts.has(url)) this.add(url); else await cache.delete(url);
    return this;
  }

  add(url) {
    if (this.urls.has(url) || !this.parts.has(url)) return;
    this.urls.add(url);
    this.kept += this.parts.get(url)[1];
  }

  drop(url) { if (this.urls.delete(url)) this.kept -= this.parts.get(url)[1]; }

  lacking() { return [...this.parts].filter(([url]) => !this.urls.has(url)).map(([, part]) => part); }
}

// look returns the Held, looked up anew or as it is known; null where the site's collection
// is not the one that is searched.
let looked = null;
async function look(anew) {
  if (own || !ready) return null;
  if (anew || held?.of !== engine) {
    held = new Held(engine);
    looked = held.look();
  }
  try {
    return await looked;
  } catch (e) {
    held = null; // the next look tries again
    throw e;
  }
}

function tellKept(message) {
  if (held) post('parts', JSON.stringify({ kept: held.kept, total: held.total, keeping, message }));
}

async function keep(on) {
  if (!on || keeping) { keeping = on && keeping; return; }
  keeping = true;
  let message, told = 0;
  try {
    if (!await look(true)) return; // a collection of one's own is searched
    if (!await openParts()) throw new Failure('open', '', 'this browser keeps nothing here');
    tellKept();
    await each(held.lacking(), async part => {
      if (!keeping) return;
      await onePart(part, null, true);
      if (performance.now() - told < 200) return;
      told = performance.now();
      tellKept();
    });
  } catch (e) {
    message = e.message;
  } finally {
    keeping = false;
    tellKept(message);
  }
}

addEventListener('message', ({ data }) => {
  if (data.op === 'keep') keep(data.body === 'on');
  if (data.op === 'kept') look().then(there => { if (there) tellKept(); }, () => {});
});
