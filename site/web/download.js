// This part loads a worker's files: the site's list of files, and each file by its entry,
// verified, from the cache shared with the service worker or from the network. The page
// begins with
//
//   {op: 'start', manifest, sha256, worker, kernel, ...}   absolute URLs
//
// worker and kernel come with the SHA-256 that they must have (program.js). sha256 is the
// one that site.json must have, so that a page of one version never uses the files of
// another; without it, any list is accepted.
//
// Each worker's script consists of this part, program.js and its own part, joined by
// site/publish.
'use strict';

let setup;                 // the page's "start" message
let site = null;           // {manifest, cache}, once the list is loaded
const damaged = new Set(); // URLs whose bytes were wrong; the next request skips the browser's cache

// A Failure has the fields of message.Failure.
class Failure extends Error {
  constructor(stage, file, message) {
    super(message);
    Object.assign(this, { stage, file });
  }
}

// openSite returns the list of files that this worker started with, and the cache.
async function openSite() {
  if (!site) {
    const [manifest, cache] = await Promise.all([fetchManifest(), openCache()]);
    site = { manifest, cache };
  }
  return site;
}

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
  let m, bytes;
  try {
    bytes = new Uint8Array(await res.arrayBuffer());
    m = JSON.parse(new TextDecoder().decode(bytes));
  } catch { /* said below */ }
  if (!Array.isArray(m?.files)) {
    damaged.add(setup.manifest);
    throw new Failure('open', file, 'this is no list of files');
  }
  if (!setup.sha256 || await digest(bytes) === setup.sha256) return m;
  if (damaged.has(setup.manifest)) throw new Failure('verify', file, 'it is not that of this version of the page');
  damaged.add(setup.manifest);
  return fetchManifest();
}

// The cache is shared with the service worker. Where storage is forbidden or full, files
// are downloaded on every visit.
const openCache = () => self.caches ? caches.open(`parley ${new URL('.', setup.manifest).pathname} files`).catch(() => null) : null;

// sent returns what a file takes on its way, as the host has compressed the last one.
let coding = 'br';
const sent = f => site.manifest.sent?.[f.path]?.[['br', 'gzip'].indexOf(coding)] ?? f.bytes;

// progress counts the bytes that come over the wire, over all files, and reports them, at
// most as often as a person can see. A browser tells what it has unpacked; how much of the
// file that is, is how much of the compressed one has come.
function progress(files, say, given = new Set()) {
  const loaded = new Map(files.map(f => [f, given.has(f.name) ? f.bytes : 0])); // files may grow
  const sum = of => Math.round(files.reduce((total, f) => total + of(f), 0));
  let last = -Infinity, due, file;
  const tell = () => {
    due = undefined;
    last = performance.now();
    say({ loaded: sum(f => f.bytes && sent(f) * (loaded.get(f) || 0) / f.bytes), total: sum(sent), file });
  };
  return (f, n) => {
    loaded.set(f, Math.min(n, f.bytes));
    file = f.name;
    if (files.some(f => (loaded.get(f) || 0) < f.bytes)) { // after a pause, so that a download that stops shows where it stopped
      due ??= setTimeout(tell, last + 40 - performance.now());
      return;
    }
    clearTimeout(due);
    tell();
  };
}

// obtain returns a file's verified bytes, from the cache or the network. It deletes a
// damaged copy in the cache and downloads the file again. A damaged download is a failure,
// and a retry skips the browser's own cache.
async function obtain(f, count, signal) {
  const { cache } = await openSite();
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
  coding = res.headers.get('content-encoding');
  count(f, 0);
  try {
    for (const reader = res.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (n + value.length > bytes.length) { // too long, so it is wrong, whatever follows
        reader.cancel();
        return value;
      }
      bytes.set(value, n);
      n += value.length;
      count(f, n, bytes);
    }
  } catch (e) {
    throw new Failure('download', f.name, `the connection broke off after ${n} of ${f.bytes} bytes (${e.message})`);
  }
  return bytes.subarray(0, n);
}

const matches = async (bytes, f) => bytes.length === f.bytes && await digest(bytes) === f.sha256.toLowerCase();

// digest returns the SHA-256 in hexadecimal.
const digest = async bytes => [...await sha256(bytes)].map(b => b.toString(16).padStart(2, '0')).join('');

const sha256 = async bytes => self.crypto.subtle ? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)) : slowSHA256(new Uint8Array(bytes));

// slowSHA256 implements FIPS 180-4, for pages served over plain http from another machine
// (a classroom's server), where browsers do not provide crypto.subtle.
function slowSHA256(message) {
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
