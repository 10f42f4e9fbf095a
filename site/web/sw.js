// The service worker makes the page work offline, and only in complete versions.
//
// A version is the list of files below. To install it, every one of them must be in the
// cache with the right SHA-256. A version that lacks a file is never activated, and the
// files that it has downloaded are kept for the next attempt. Until the visitor asks for
// the new version (boot.js offers it), the old one stays in use.
//
// Files that are loaded only on request (release.later) do not count; the search worker
// puts them into the cache, and they stay there as long as a version lists them. The other
// levels (release.levels) do not count either, but are fetched once the version is whole:
// the lesson compares them, and a class often has no network.
//
// Files named by their content are in one cache for all versions, which the search worker
// fills too. The few files with fixed names (index.html, site.json, ...) are in a cache of
// their version, so that a page and its list of files always belong together. An origin
// may have several sites, so the names of caches contain this site's folder, and the
// caches of other sites are not touched.
'use strict';

const release = {{PRECACHE}}; // {version, files: [[path, bytes, sha256], ...], levels: [...], later: [...]}

const scope = new URL(self.registration.scope).pathname;
const filesCache = `parley ${scope} files`; // the same name as in download.js
const pages = `parley ${scope} page `;
const pageCache = pages + release.version;
const named = path => /^app\/.*\.[0-9a-f]{16}\.|^data\/([0-9a-f]{16}|[0-9a-f]{24})\./.test(path); // named by its content; a part by 24 digits
const cacheOf = path => caches.open(named(path) ? filesCache : pageCache);
const at = path => new URL(path, self.registration.scope).href;
const listed = new Map([...release.files, ...release.levels, ...release.later].map(file => [at(file[0]), file]));

async function sha256(bytes) {
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(sum, b => b.toString(16).padStart(2, '0')).join('');
}

// have makes sure that one file of the list is in its cache, verified.
async function have([path, , sum]) {
  const cache = await cacheOf(path);
  const url = at(path);
  const kept = await cache.match(url);
  if (kept && await sha256(await kept.arrayBuffer()) === sum) return;

  let response, bytes, got;
  // The browser's own cache may keep a file named by its content for a year, even a
  // damaged copy. So a file that is wrong is requested again without that cache.
  for (const cache of [named(path) ? 'default' : 'no-store', 'reload']) {
    response = await fetch(url, { cache });
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
    bytes = await response.arrayBuffer();
    got = await sha256(bytes);
    if (got === sum) break;
  }
  if (got !== sum) throw new Error(`${path}: SHA-256 ${got}, not ${sum}: not of version ${release.version}, or damaged`);
  const headers = new Headers(response.headers);
  headers.delete('content-encoding'); // the bytes are decoded
  headers.delete('content-length');
  await cache.put(url, new Response(bytes, { headers }));
}

// Earlier versions had caches without a folder in their names, which all sites of an
// origin shared. takeOver copies what belongs to this site, and leave removes it.
const sharedFiles = 'parley-files', sharedPages = /^parley-page-/;
async function takeOver() {
  if (!await caches.has(sharedFiles)) return;
  const [from, to] = await Promise.all([caches.open(sharedFiles), caches.open(filesCache)]);
  for (const request of await from.keys())
    if (listed.has(request.url) && !await to.match(request)) await to.put(request, await from.match(request));
}
async function leave() {
  for (const name of await caches.keys()) {
    if (name !== sharedFiles && !sharedPages.test(name)) continue;
    const cache = await caches.open(name);
    for (const request of await cache.keys())
      if (request.url.startsWith(at('')) && /^((app|data|cards)\/|[^/]*$)/.test(request.url.slice(at('').length))) await cache.delete(request);
    if (!(await cache.keys()).length) await caches.delete(name);
  }
}

async function fetchAll(files) {
  const rest = [...files];
  const one = async () => { while (rest.length) await have(rest.pop()); };
  await Promise.all([one(), one(), one()]);
}

self.addEventListener('install', event => event.waitUntil(takeOver().then(() => fetchAll(release.files))));

// Only a complete version is activated.
self.addEventListener('activate', event => event.waitUntil((async () => {
  for (const name of await caches.keys())
    if (name.startsWith(pages) && name !== pageCache) await caches.delete(name);
  const files = await caches.open(filesCache);
  for (const request of await files.keys())
    if (!listed.has(request.url)) await files.delete(request);
  await leave();
})()));

// whole reports whether every file of this version is there, and downloads those that the
// browser, short of room, or a visitor has deleted; and the levels, unless the visitor
// saves data.
async function whole(sparing) {
  const kept = await Promise.all([filesCache, pageCache].map(async name => (await (await caches.open(name)).keys()).map(r => r.url)));
  const has = new Set(kept.flat());
  const lacking = files => files.filter(([path]) => !has.has(at(path)));
  try { await fetchAll(lacking(release.files)); } catch { return false; }
  if (!sparing) await fetchAll(lacking(release.levels)).catch(() => {}); // the page works without them
  return true;
}

// What the page offers and loads only on request, by the folder of its name in site.json.
const offers = { levels: 'the other levels', dense: 'better answers', collection: 'better answers' };

// unkept returns what of that is not kept: {missing: what it is, bytes: as it is sent, list}.
async function unkept() {
  const [files, page] = await Promise.all([caches.open(filesCache), caches.open(pageCache)]);
  const site = await (await page.match(at('site.json')))?.json(), kept = new Set((await files.keys()).map(r => r.url));
  const list = [], missing = new Set();
  let bytes = 0;
  for (const { name, path, bytes: size } of site?.files ?? []) {
    const offer = offers[name.split('/')[0]], file = [...release.levels, ...release.later].find(f => f[0] === path);
    if (!offer || !file || kept.has(at(path)) || list.includes(file)) continue;
    list.push(file);
    missing.add(offer);
    bytes += site.sent?.[path]?.[0] ?? size;
  }
  return { list, missing: [...missing], bytes };
}

// tell answers a page: {whole, missing, bytes, keeping, failed}.
async function tell(port, more) {
  const { missing, bytes } = await unkept();
  port.postMessage({ whole: true, missing, bytes, ...more });
}

// keepAll fetches what is lacking, one file after the other.
async function keepAll(port) {
  try {
    for (const file of (await unkept()).list) {
      await tell(port, { keeping: true });
      await have(file);
    }
    await tell(port);
  } catch {
    await tell(port, { failed: true });
  }
}

self.addEventListener('message', event => {
  const { op, sparing } = event.data || {}, [port] = event.ports;
  if (op === 'activate') self.skipWaiting();
  if (op === 'whole') event.waitUntil(whole(sparing).then(yes => yes ? tell(port) : port.postMessage({ whole: false })));
  if (op === 'keep') event.waitUntil(keepAll(port));
});

self.addEventListener('fetch', event => {
  const request = event.request;
  if (request.method !== 'GET') return;
  const url = new URL(request.url);
  url.search = url.hash = '';
  if (url.href === at('')) url.pathname += 'index.html';
  const file = listed.get(url.href);
  if (file === undefined) return; // not a file of this site: the browser handles the request
  event.respondWith((async () => {
    const kept = async () => (await cacheOf(file[0])).match(url.href);
    // The search worker itself stores what it loads.
    // A page that skips all caches was given something wrong, so the stored file is
    // verified.
    return request.cache !== 'reload' && await kept() || !/^data\//.test(file[0]) && await have(file).then(kept, () => null) || fetch(request);
  })());
});
