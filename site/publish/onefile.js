// The first script of a page that is one file (onefile.go), opened from a disk: there,
// nothing can be fetched and no worker be loaded from an address. So it stands between
// the page's scripts, which are those of the published folder, and the browser: what
// they fetch comes out of this file's parts, and a worker is made of a part's text, with
// a script before it that asks this page for the parts that it fetches.
//
// A part is <script type="application/octet-stream" data-part="PATH" data-type="MEDIA
// TYPE">, in base64; with data-gzip what it holds is packed. They stand at the end of
// the file, so the page is there before they are.
'use strict';
(() => {
  const base = new URL('.', location.href.replace(/[?#].*/s, '')).href;
  const pathOf = url => {
    const u = new URL(url, base).href.replace(/[?#].*/s, '');
    return u.startsWith(base) ? u.slice(base.length) : '';
  };

  const part = path => {
    const e = document.querySelector(`script[data-part="${CSS.escape(path)}"]`);
    return e && { type: e.dataset.type, gzip: 'gzip' in e.dataset, text: e.textContent };
  };

  // open makes a Response of a part, if it has the SHA-256 that is asked for. It runs in
  // workers too: it uses nothing around it.
  async function open(p, options) {
    if (!p) return new Response(null, { status: 404, statusText: 'not in this file' });
    let bytes;
    if (Uint8Array.fromBase64) bytes = Uint8Array.fromBase64(p.text);
    else {
      const s = atob(p.text);
      bytes = new Uint8Array(s.length);
      for (let i = 0; i < s.length; i++) bytes[i] = s.charCodeAt(i);
    }
    const stream = new Blob([bytes]).stream();
    const content = p.gzip ? stream.pipeThrough(new DecompressionStream('gzip')) : stream;
    const headers = { 'Content-Type': p.type };
    // Without https, and off a disk, browsers withhold crypto.subtle: the file's host is trusted
    // then, as far as its inline scripts are.
    if (!options?.integrity || !crypto.subtle) return new Response(content, { headers });
    bytes = await new Response(content).arrayBuffer();
    const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    if (`sha256-${btoa(String.fromCharCode(...sum))}` !== options.integrity) throw new TypeError('the part is not what was published');
    return new Response(bytes, { headers });
  }

  window.fetch = async (url, options) => open(part(pathOf(url)), options);

  // Scripts and styles that the page adds come from addresses made of their parts.
  window.parleyAt = path => {
    const p = part(path);
    return URL.createObjectURL(new Blob([Uint8Array.from(atob(p.text), c => c.charCodeAt(0))], { type: p.type }));
  };

  // worker is the script before a worker's own. Messages that hold "part" are its and
  // this page's; neither's other listeners see them.
  function worker(open) {
    const asked = new Map();
    addEventListener('message', e => {
      if (!e.data || !('part' in e.data)) return;
      e.stopImmediatePropagation();
      asked.get(e.data.part)?.(e.data.content);
      asked.delete(e.data.part);
    });
    let n = 0;
    self.fetch = async (url, options) => open(await new Promise(done => {
      asked.set(++n, done);
      postMessage({ part: n, path: String(url) });
    }), options);
    // A file has no origin that a cache could belong to.
    Object.defineProperty(self, 'caches', { value: undefined });
  }
  window.parleyBefore = `(${worker})(${open});\n`;

  const RealWorker = Worker;
  window.Worker = function (url) {
    const w = new RealWorker(url);
    w.addEventListener('message', e => {
      if (!e.data || !('part' in e.data)) return;
      e.stopImmediatePropagation();
      w.postMessage({ part: e.data.part, content: part(pathOf(e.data.path)) });
    });
    return w;
  };
})();
