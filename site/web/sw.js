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
// always belong together.
'use strict';

const release = {{PRECACHE}}; // {version, files: [[path, bytes, sha256], ...], later: [...]}

const filesCache = 'parley-files';
const pageCache = 'parley-page-' + release.version;
const named = path => /^app\/.*\.[0-9a-f]{16}\.|^data\/[0-9a-f]{16}\./.test(path); // by its content
const cacheOf = path => caches.open(named(path) ? filesCache : pageCache);
const at = path => new URL(path, self.registration.scope).href;
const pathOf = new Map([...release.files, ...release.later].map(([path]) => [at(path), path]));

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

self.addEventListener('install', event => event.waitUntil((async () => {
  const rest = [...release.files];
  const one = async () => { while (rest.length) await have(rest.pop()); };
  await Promise.all([one(), one(), one()]);
})()));

// Only a whole version gets here.
self.addEventListener('activate', event => event.waitUntil((async () => {
  for (const name of await caches.keys())
    if (name.startsWith('parley-page-') && name !== pageCache) await caches.delete(name);
  const files = await caches.open(filesCache);
  for (const request of await files.keys())
    if (!pathOf.has(request.url)) await files.delete(request);
})()));

self.addEventListener('message', event => {
  if (event.data && event.data.op === 'activate') self.skipWaiting();
});

self.addEventListener('fetch', event => {
  const request = event.request;
  if (request.method !== 'GET') return;
  const url = new URL(request.url);
  url.search = url.hash = '';
  if (url.href === at('')) url.pathname += 'index.html';
  const path = pathOf.get(url.href);
  if (path === undefined) return; // not of this site's files: as without a service worker
  event.respondWith((async () => {
    return await (await cacheOf(path)).match(url.href) || fetch(request);
  })());
});
