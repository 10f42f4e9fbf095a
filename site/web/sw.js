// The service worker: the page without a network, and whole versions only.
//
// A version is the list of files below. Installing it means having every one of
// them in the cache with the right SHA-256; a version that lacks one is never
// activated, and what it has fetched is kept for the next attempt. Until the
// visitor asks for the new version (boot.js offers it), the old one goes on.
//
// Files that are only loaded when they are asked for (release.later) are no part of
// that; the search worker puts them into the cache, and they stay there for as long
// as a version names them.
//
// Files named by their content live in one cache for all versions, which the
// search worker fills too; the few that keep their names (index.html, site.json,
// ...) live in a cache of their version, so that a page and its list of files
// always belong together. An origin may have several sites, so the caches' names hold the
// folder of this one, and no other site's are touched.
'use strict';

const release = {{PRECACHE}}; // {version, files: [[path, bytes, sha256], ...], later: [...]}

const scope = new URL(self.registration.scope).pathname;
const filesCache = `parley ${scope} files`; // as in download.js
const pages = `parley ${scope} page `;
const pageCache = pages + release.version;
const named = path => /^app\/.*\.[0-9a-f]{16}\.|^data\/[0-9a-f]{16}\./.test(path); // by its content
const cacheOf = path => caches.open(named(path) ? filesCache : pageCache);
const at = path => new URL(path, self.registration.scope).href;
const listed = new Map([...release.files, ...release.later].map(file => [at(file[0]), file]));

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
  // The browser's own cache may hold a file named by its content for a year, and a
  // damaged copy as long: what is wrong at first is asked for again, past it.
  for (const cache of [named(path) ? 'default' : 'no-store', 'reload']) {
    response = await fetch(url, { cache });
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
    bytes = await response.arrayBuffer();
    got = await sha256(bytes);
    if (got === sum) break;
  }
  if (got !== sum) throw new Error(`${path}: SHA-256 ${got}, not ${sum}: not of version ${release.version}, or damaged`);
  const headers = new Headers(response.headers);
  headers.delete('content-encoding'); // bytes are decoded
  headers.delete('content-length');
  await cache.put(url, new Response(bytes, { headers }));
}

// Earlier versions had caches without a folder in their names, which all sites of an
// origin shared. takeOver copies what this site has in them, and leave removes it.
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

// Only a whole version gets here.
self.addEventListener('activate', event => event.waitUntil((async () => {
  for (const name of await caches.keys())
    if (name.startsWith(pages) && name !== pageCache) await caches.delete(name);
  const files = await caches.open(filesCache);
  for (const request of await files.keys())
    if (!listed.has(request.url)) await files.delete(request);
  await leave();
})()));

// whole says whether every file of this version is there, and fetches those that a
// browser short of room, or a visitor, has thrown away.
async function whole() {
  const kept = await Promise.all([filesCache, pageCache].map(async name => (await (await caches.open(name)).keys()).map(r => r.url)));
  const has = new Set(kept.flat());
  return fetchAll(release.files.filter(([path]) => !has.has(at(path)))).then(() => true, () => false);
}

self.addEventListener('message', event => {
  const { op } = event.data || {};
  if (op === 'activate') self.skipWaiting();
  if (op === 'whole') event.waitUntil(whole().then(yes => event.ports[0].postMessage(yes)));
});

self.addEventListener('fetch', event => {
  const request = event.request;
  if (request.method !== 'GET') return;
  const url = new URL(request.url);
  url.search = url.hash = '';
  if (url.href === at('')) url.pathname += 'index.html';
  const file = listed.get(url.href);
  if (file === undefined) return; // not of this site's files: as without a service worker
  event.respondWith((async () => {
    const kept = async () => (await cacheOf(file[0])).match(url.href);
    // What the search worker loads it keeps itself.
    // A page that asks past all caches was given something wrong: what is kept is verified.
    return request.cache !== 'reload' && await kept() || !/^data\//.test(file[0]) && await have(file).then(kept, () => null) || fetch(request);
  })());
});
