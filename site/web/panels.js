// What the panels share: making elements, a dialog, and the worker for files. It is
// loaded before the first of them opens.
'use strict';
(() => {
  const { parley } = window;

  // el makes an element. Keys that begin with "on" are listeners, "class" and those
  // with a dash are attributes, others properties; children are elements and text.
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

  // sheet makes a dialog with a heading and a way out of it.
  function sheet(id, title, ...children) {
    const d = el('dialog', { id, class: 'sheet', 'aria-labelledby': id + '-title' },
      el('div', { class: 'sheet-head' }, el('h2', { id: id + '-title', tabIndex: -1 }, title), quiet('Close', () => d.close())),
      children);
    // A press outside closes it.
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

  // Screen readers hear nothing outside an open dialog: it has a line of its own.
  const live = () => el('p', { class: 'vh', role: 'status', 'aria-live': 'polite' });

  // ---- The worker for files. ----

  let worker = null, next = 0, heard = 0; // worker: a promise; heard: its messages
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
        // Its program's memory is in no known state: another one is made.
        if (data.trap) end(mine, `${data.message}, and starts anew`);
        else if (data.stage) parley.lookForNewer(); // a file did not come
      };
      w.onerror = e => end(mine, e.message || 'the program that reads files could not be started');
      w.postMessage({ op: 'start', ...parley.site, worker: [parley.url('{{files.wasm}}'), '{{files.wasm integrity}}'] });
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

  // run does a job of files-worker.js. told hears of what comes before it is done;
  // cancel ends it: at once, though the worker may be in the middle of a long document. It
  // is then ended with the job, if it has no other, and made anew for the next.
  function run(op, body, told = () => {}) {
    const id = ++next;
    const promise = new Promise((done, fail) => {
      jobs.set(id, { done, fail, told });
      files().then(w => w.postMessage({ op, id, ...body }), () => {}); // end tells
    });
    promise.cancel = () => {
      if (!worker) return;
      worker.then(w => w.postMessage({ op: 'cancel', id }), () => {});
      const mine = worker, before = heard;
      setTimeout(() => { if (mine === worker && heard === before && jobs.size === 1 && jobs.has(id)) end(mine, 'cancelled'); }, 150);
    };
    return promise;
  }

  // save hands a file to the browser's downloads.
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
