// The panel for sharing: a link that contains the conversation (shared/link describes it),
// and files to save the conversation in and to open another from.
'use strict';
(() => {
  const { parley } = window;
  const { el, sheet, show, run, save, count } = parley.kit;

  // The limits of shared/link.
  const maxFragment = 64 << 10, maxText = 1 << 20;

  // through passes bytes through a stream, and fails where the result exceeds max.
  async function through(bytes, stream, max) {
    const parts = [];
    let n = 0;
    const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
    for (let r; !(r = await reader.read()).done;) {
      parts.push(r.value);
      if ((n += r.value.length) > max) { reader.cancel().catch(() => {}); throw new Error('too long'); }
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }

  async function fragment(text) {
    const packed = await through(new TextEncoder().encode(text), new CompressionStream('deflate-raw'), maxFragment);
    let s = '';
    for (let i = 0; i < packed.length; i += 4096) s += String.fromCharCode(...packed.subarray(i, i + 4096));
    const f = '#c=' + btoa(s).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
    if (f.length - 1 > maxFragment) throw new Error('too long');
    return f;
  }

  async function unpack(f) {
    if (f.length - 1 > maxFragment) throw new Error('it is too long');
    let bytes;
    try {
      bytes = Uint8Array.from(atob(f.slice(3).replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
      bytes = await through(bytes, new DecompressionStream('deflate-raw'), maxText);
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw new Error('it was cut short or damaged on its way');
    }
  }

  // openLink asks the conversation in a fragment, and removes the fragment: from now on
  // the conversation is the visitor's, and will change.
  async function openLink(f) {
    try { parley.dropFragment(); } catch { location.hash = ''; }
    let text;
    try {
      text = await unpack(f);
    } catch (e) {
      parley.say(`The link cannot be opened: ${e.message}.`);
      return;
    }
    parley.call('open', text);
  }

  // The page's program, which reads conversations, calls opened when one was asked.
  parley.opened = async from => {
    await parley.known;
    const here = parley.about.collection;
    if (!from || from === here) return;
    const documents = await parley.panel('documents');
    if (await documents.searchIn(from)) return;
    parley.say(`This conversation was asked in “${from}”, which is not here; it is asked in “${here}” instead.`);
  };

  // conversation returns the current conversation, from the page's program.
  const conversation = () => new Promise(done => {
    parley.shared = (text, collection, encoder, rows) => done({ text, collection, encoder, turns: JSON.parse(rows).map(([question, reply, id, title, url, chosen, read, doubt]) => ({ question, reply, id, title, url, chosen: !!chosen, read, doubt })) });
    parley.call('share');
  });

  async function saveAs(form) {
    const { collection, encoder, turns } = await conversation();
    try {
      const { name, text: out } = await run('transcript', { form, conversation: { collection, encoder, turns } });
      save(`${turns[0].question.slice(0, 60)}.${name.split('.').slice(1).join('.')}`, [out], form === 'markdown' ? 'text/markdown' : 'application/json');
    } catch (e) {
      tell(`It was not saved: ${e.message}.`);
    }
  }

  // The documents that the conversation is about, where they are the visitor's own. Larger
  // ones are exported in Documents.
  const maxDocuments = 64 * 2 ** 20;
  let documents = null;

  async function saveWithDocuments() {
    const { collection, encoder, turns } = await conversation();
    try {
      const { text } = await run('transcript', { form: 'json', conversation: { collection, encoder, turns } });
      const { zip } = await run('pack', { ...documents, conversation: text });
      save(`${turns[0].question.slice(0, 60)}.zip`, [zip], 'application/zip');
    } catch (e) {
      tell(`It was not saved: ${e.message}.`);
    }
  }

  async function openFile(file) {
    if (/\.zip$/i.test(file.name)) { // with its documents
      dialog.close();
      (await parley.panel('documents')).open([file]);
      return;
    }
    list.replaceChildren();
    tell(`Reading ${file.name}`);
    try {
      const { list: found } = await run('conversations', { name: file.name, file });
      if (found.length === 1) { pick(found[0]); return; }
      tell(`${count(found.length, 'conversation')} in ${file.name}.`);
      offer(found);
    } catch (e) {
      tell(`${file.name} was not opened: ${e.message}.`);
    }
  }

  // offer lists conversations, as many as a person can look through; a filter finds
  // others.
  function offer(found) {
    const ul = el('ul', { role: 'list' });
    const fill = words => {
      const some = found.filter(c => (c.name + ' ' + c.first).toLowerCase().includes(words));
      ul.replaceChildren(...some.slice(0, 50).map(c => el('li', {}, el('button', { type: 'button', class: 'conversation', onclick: () => pick(c) },
        el('span', { dir: 'auto' }, c.first), el('span', { class: 'fine' }, `${c.name}, ${count(c.turns, 'turn')}`)))));
      if (some.length > 50) ul.append(el('li', { class: 'fine' }, `and ${(some.length - 50).toLocaleString('en')} more; the filter finds them`));
    };
    fill('');
    const filter = el('input', { id: 'conversation-filter', oninput: e => fill(e.target.value.toLowerCase()) });
    list.replaceChildren(...(found.length > 10 ? [el('label', { for: 'conversation-filter' }, 'Filter'), filter] : []), ul);
  }

  function pick(c) {
    dialog.close();
    parley.call('open', c.text);
    document.getElementById('q').focus();
  }

  // ---- The panel. ----

  let dialog = null, own, withThem, address, hint, list, said;
  const tell = text => { said.textContent = text; };

  function make() {
    const file = el('input', { type: 'file', hidden: true, id: 'pick-conversation', onchange: e => {
      const [f] = e.target.files;
      e.target.value = '';
      if (f) openFile(f);
    } });
    address = el('input', { id: 'share-link', readOnly: true, onfocus: () => address.select() });
    hint = el('p', { class: 'fine' });
    list = el('div', { class: 'found' });
    said = el('p', { class: 'said', role: 'status', 'aria-live': 'polite' });
    own = el('div', {},
      el('label', { for: 'share-link' }, 'A link to this conversation'),
      el('div', { class: 'with-button' }, address, el('button', { type: 'button', class: 'plain', onclick: async () => { tell(await parley.copy(address.value) ? 'The link is copied.' : 'This browser let nothing be copied: copy the address above.'); } }, 'Copy')),
      hint,
      el('h3', {}, 'Save it'),
      el('p', { class: 'choices' }, ...[['Markdown', 'markdown'], ['JSON', 'json'], ['TREC topics', 'trec']].map(([name, form]) => el('button', { type: 'button', class: 'plain', onclick: () => saveAs(form) }, name)),
        el('button', { type: 'button', class: 'plain', onclick: () => { dialog.close(); location.hash = 'handout'; } }, 'Handout'),
        el('button', { type: 'button', class: 'plain', onclick: () => { dialog.close(); location.hash = 'present'; } }, 'Present')),
      withThem = el('p', { class: 'with-them', hidden: true }, el('button', { type: 'button', class: 'plain', onclick: saveWithDocuments }, 'Save with the documents'), ' ', el('span', { class: 'fine' })));
    dialog = sheet('share-panel', 'Share', own,
      el('h3', {}, 'Open another'),
      el('p', { class: 'choices' }, el('button', { type: 'button', class: 'plain', onclick: () => file.click() }, 'Choose a file')),
      el('p', { class: 'fine' }, 'A conversation saved here as JSON or Markdown, or with its documents, a text with a question on each line, or a file of TopiOCQA, TREC CAsT, QReCC, CANARD, QuAC, or of Parley’s own set. Its questions are asked anew, here.'),
      file, list, said);
  }

  async function open() {
    if (!dialog) make();
    tell('');
    list.replaceChildren();
    const { text, turns } = await conversation();
    own.hidden = !turns.length;
    dialog.querySelector('h2').textContent = turns.length ? 'Share' : 'Open a conversation';
    dialog.querySelector('h3:last-of-type').hidden = !turns.length;
    if (turns.length) {
      try {
        address.value = location.href.replace(/#.*/s, '') + await fragment(text);
        hint.textContent = 'The link itself holds your questions; they are not sent to any server. Whoever opens it has them asked anew.';
      } catch {
        address.value = '';
        hint.textContent = 'The conversation is too long for a link. Save it as JSON instead, which can be opened here.';
      }
    }
    documents = turns.length && document.documentElement.classList.contains('own') ? await parley.panel('documents').then(d => d.chosen()).catch(() => null) : null;
    withThem.hidden = !documents;
    if (documents) {
      const size = Object.values(documents).reduce((n, f) => n + (f?.byteLength ?? 0), 0);
      withThem.firstChild.disabled = size > maxDocuments;
      withThem.lastChild.textContent = size > maxDocuments ? `The documents are ${Math.ceil(size / 1e6)} MB, too large to go along; Documents exports them.`
        : `One file of ${size < 1e5 ? `${Math.ceil(size / 1e3)} kB` : `${(size / 1e6).toFixed(1)} MB`}: your questions, and all text of your documents. It opens in Documents, or here.`;
    }
    show(dialog);
  }

  parley.panels.share = { open, openLink, fragment, unpack, conversation };
})();
