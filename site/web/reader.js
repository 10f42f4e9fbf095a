// The reader: a visitor's own document, put together from its passages, with the one that
// was found marked.
'use strict';
(() => {
  const { parley } = window;
  const { el, quiet, sheet, show, run, count } = parley.kit;
  const around = 100; // passages shown before and after the one that was found, and more at a time

  let dialog = null, place = null, text = null;
  function make() {
    place = el('p', { class: 'fine' });
    text = el('div', { class: 'document' });
    dialog = sheet('reader-panel', '', text);
    dialog.querySelector('.sheet-head').append(place);
  }

  // open shows the document of a passage, given by its id.
  async function open(passage) {
    const own = await parley.panel('documents').then(d => d.chosen());
    if (!own) throw new Error('This is not a document of your own.');
    const { source } = await run('source', { passages: own.passages, passage });
    if (!dialog) make();
    dialog.querySelector('h2').textContent = source.title || source.place;
    const where = [source.title && source.place !== source.title && source.place, source.line && `line ${source.line.toLocaleString('en')}`, source.parts[source.at].page && `page ${source.parts[source.at].page.toLocaleString('en')}`, source.parts.length > 1 && `${(source.at + 1).toLocaleString('en')} of ${count(source.parts.length, 'passage')}`, source.parts[source.at].heading];
    place.textContent = where.filter(Boolean).join(' · ');
    draw(source, Math.max(0, source.at - around), source.at + around + 1);
    show(dialog);
    const found = text.querySelector('.sought');
    found.focus({ preventScroll: true });
    found.scrollIntoView({ block: 'start' });
  }

  // draw shows some of the passages, and ways to more. A heading stands before the first
  // passage that names it, or in its text or that of the one before.
  function draw(source, from, to) {
    const { parts, at } = source;
    const path = part => part?.heading ? part.heading.split(' > ') : [];
    const names = new Set(parts.flatMap(path));
    // A block of one short line without a full stop, with text under it, is a heading too.
    const heads = (block, next) => next && block.length <= 80 && !/\n/.test(block) && /^[\p{L}\p{N}]/u.test(block) && !/[.!?:;,…。！？：]["”»)]*$/.test(block) && next.length > block.length;
    const paragraphs = part => part.text.split(/\n{2,}/).flatMap((block, i, all) => heads(block, all[i + 1])
      ? [el('h3', { dir: 'auto' }, block)] : block.split('\n').map(t => el(names.has(t.trim()) ? 'h3' : 'p', { dir: 'auto' }, t)));
    const shown = parts.slice(from, to).flatMap((part, i) => {
      const before = parts[from + i - 1], above = path(before), lines = before ? before.text.split(/\n+/) : [];
      const own = path(part), same = own.findIndex((name, k) => name !== above[k]);
      const headings = same < 0 ? [] : own.slice(same).filter(name => !lines.includes(name)).map(name => el('h3', { dir: 'auto' }, name));
      const body = paragraphs(part);
      if (part.page && part.page !== before?.page) headings.unshift(el('p', { class: 'fine' }, `Page ${part.page.toLocaleString('en')}`));
      return [...headings, ...from + i === at ? [el('section', { class: 'sought', tabIndex: -1, 'aria-label': 'The passage that was found' }, body)] : body];
    });
    const more = (label, from, to) => quiet(label, () => { draw(source, from, to); text.querySelector('.sought').focus(); });
    text.replaceChildren(...[from > 0 && more('Show what comes before', Math.max(0, from - around), to), ...shown, to < parts.length && more('Show what comes after', from, to + around)].filter(Boolean));
  }

  parley.panels.reader = { open };
})();
