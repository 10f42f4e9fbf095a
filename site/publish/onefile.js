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

  // open makes a Response of a part. It runs in workers too: it uses nothing around it.
  function open(p) {
    if (!p) return new Response(null, { status: 404, statusText: 'not in this file' });
    let bytes;
    if (Uint8Array.fromBase64) bytes = Uint8Array.fromBase64(p.text);
    else {
      const s = atob(p.text);
      bytes = new Uint8Array(s.length);
      for (let i = 0; i < s.length; i++) bytes[i] = s.charCodeAt(i);
    }
    const stream = new Blob([bytes]).stream();
    return new Response(p.gzip ? stream.pipeThrough(new DecompressionStream('gzip')) : stream, { headers: { 'Content-Type': p.type } });
  }

  window.fetch = async url => open(part(pathOf(url)));

  // Scripts and styles that the page adds come from addresses made of their parts.
  const source = path => new TextDecoder().decode(Uint8Array.from(atob(part(path).text), c => c.charCodeAt(0)));
  const blob = (text, type) => URL.createObjectURL(new Blob([text], { type }));
  window.parleyAt = path => blob(source(path), part(path).type);

  // worker is the script before a worker's own. Messages that hold "part" are its and
  // this page's; neither's other listeners see them.
  function worker(open) {
    const asked = new Map();
    addEventListener('message', e => {
      if (!e.data || !('part' in e.data)) return;
      e.stopImmediatePropagation();
      asked.get(e.data.part)?.(open(e.data.content));
      asked.delete(e.data.part);
    });
    let n = 0;
    self.fetch = url => new Promise(done => {
      asked.set(++n, done);
      postMessage({ part: n, path: String(url) });
    });
    // A file has no origin that a cache could belong to.
    Object.defineProperty(self, 'caches', { value: undefined });
  }

  const RealWorker = Worker;
  window.Worker = function (url) {
    const before = `(${worker})(${open});\n`;
    const w = new RealWorker(blob(before + source(pathOf(url)), 'text/javascript'));
    w.addEventListener('message', e => {
      if (!e.data || !('part' in e.data)) return;
      e.stopImmediatePropagation();
      w.postMessage({ part: e.data.part, content: part(pathOf(e.data.path)) });
    });
    return w;
  };
})();
