// The common parts of the panels: elements, a dialog, and the worker for files. This
// script is loaded before the first panel opens.
'use strict';
(() => {
  const { parley } = window;

  // el returns an element. Keys that begin with "on" are listeners, "class" and keys with
  // a dash are attributes, others are properties; children are elements and text.
  function el(tag, props, ...children) {
    const e = document.createElement(tag);
    for (const [key, value] of Object.entries(props || {})) {
      if (key.startsWith('on')) e.addEventListener(key.slice(2), value);
      else if (key === 'class' || key.includes('-') || key === 'role' || key === 'for') { if (value != null) e.setAttribute(key, value); }
      else e[key] = value;
    }
    e.append(...children.flat().filter(c => c != null && c !== false));
    return e;
  }

  const quiet = (text, act, props) => el('button', { type: 'button', class: 'quiet', onclick: act, ...props }, text);

  // sheet returns a dialog with a heading and a button that closes it.
  function sheet(id, title, ...children) {
    const d = el('dialog', { id, class: 'sheet', 'aria-labelledby': id + '-title' },
      el('div', { class: 'sheet-head' }, el('h2', { id: id + '-title', tabIndex: -1 }, title), quiet('Close', () => d.close())),
      children);
    // A press outside closes the dialog.
    d.addEventListener('pointerdown', e => {
      if (e.target !== d) return;
      const r = d.getBoundingClientRect();
      if (e.clientX < r.left || e.clientX > r.right || e.clientY < r.top || e.clientY > r.bottom) d.close();
    });
    document.body.append(d);
    return d;
  }

  function show(d) {
    if (!d.open) d.showModal();
  }

  // Screen readers announce nothing outside an open dialog, so the dialog has a live
  // region of its own.
  const live = () => el('p', { class: 'vh', role: 'status', 'aria-live': 'polite' });

  // ---- The worker for files. ----

  let worker = null, next = 0, heard = 0; // worker: a promise; heard: the number of its messages
  const jobs = new Map();
  function files() {
    if (worker) return worker;
    const mine = worker = parley.makeWorker(['{{files-worker.js}}', '{{files-worker.js integrity}}']).then(w => {
      w.onmessage = ({ data }) => {
        heard++;
        const job = jobs.get(data.id);
        if (!job) return;
        if (data.op !== 'done' && data.op !== 'error') { job.told(data); return; }
        jobs.delete(data.id);
        if (data.op === 'done') { job.done(data); return; }
        job.fail(new Error(data.message.replace(/\.$/, '')));
        // The state of its program's memory is unknown, so another worker is started.
        if (data.trap) end(mine, `${data.message}, and starts anew`);
        else if (data.stage) parley.lookForNewer(); // a file did not come
      };
      w.onerror = e => end(mine, e.message || 'the program that reads files could not be started');
      w.postMessage({ op: 'start', ...parley.site, worker: [parley.url('{{files.wasm}}'), '{{files.wasm integrity}}'], pdfium: [parley.url('{{pdfium.wasm}}'), '{{pdfium.wasm integrity}}'] });
      return w;
    });
    mine.catch(e => end(mine, `${e.file}: ${e.message}`));
    return mine;
  }
  function end(mine, why) {
    mine.then(w => w.terminate(), () => {});
    if (worker !== mine) return;
    worker = null;
    const lost = [...jobs.values()];
    jobs.clear();
    for (const job of lost) job.fail(new Error(why));
  }

  // run runs a job of files-worker.js. It calls told for each message before the job is
  // done. cancel ends the job immediately, even while the worker is reading a long
  // document: if the worker has no other job, it is ended too, and another one is started
  // for the next job.
  function run(op, body, told = () => {}) {
    const id = ++next;
    const promise = new Promise((done, fail) => {
      jobs.set(id, { done, fail, told });
      files().then(w => w.postMessage({ op, id, ...body }), () => {}); // a failure reaches the job through end
    });
    promise.cancel = () => {
      if (!worker) return;
      worker.then(w => w.postMessage({ op: 'cancel', id }), () => {});
      const mine = worker, before = heard;
      setTimeout(() => { if (mine === worker && heard === before && jobs.size === 1 && jobs.has(id)) end(mine, 'cancelled'); }, 150);
    };
    return promise;
  }

  // save passes a file to the browser's downloads.
  function save(name, parts, type) {
    const href = URL.createObjectURL(new Blob(parts, { type }));
    const a = el('a', { href, download: name.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, ' ').trim() || 'parley' });
    a.click();
    setTimeout(() => URL.revokeObjectURL(href), 60000);
  }

  const count = (n, noun, nouns = noun + 's') => `${n.toLocaleString('en')}\u00a0${n === 1 ? noun : nouns}`;

  const style = el('link', { rel: 'stylesheet', integrity: '{{panels.css integrity}}', href: parley.at('{{panels.css}}') });
  document.head.append(style);

  parley.kit = { el, quiet, sheet, show, live, run, save, count };
})();
