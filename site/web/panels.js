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

  // ---- The worker for files (jobs.js). ----

  const desk = new Jobs.Desk({
    script: [parley.url('{{files-worker.js}}'), '{{files-worker.js integrity}}'],
    setup: { ...parley.site, worker: [parley.url('{{files.wasm}}'), '{{files.wasm integrity}}'], pdfium: [parley.url('{{pdfium.wasm}}'), '{{pdfium.wasm integrity}}'] },
    before: window.parleyBefore, missed: parley.lookForNewer,
  });
  const run = (...args) => desk.run(...args);

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
