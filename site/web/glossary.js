// The glossary: what the words of the instruments and of the experiments mean, told where
// they stand, on hover, focus and touch, and all together in a list.
'use strict';
(() => {
  const words = {
    'active terms': 'The terms whose weight in the query’s sparse vector is not zero; their number is called L0. Every other of the vocabulary’s 30,522 pieces weighs nothing.',
    'added term': 'A term that nobody typed: the encoder has learned that it belongs (expansion).',
    'distillation': 'A student encoder learns to rank passages as a teacher ranks them. Here the teacher reads each question rewritten to stand alone, the student the conversation itself.',
    'results read': 'A reader takes each of the first results together with the question, word by word, and puts them in order anew; the figure is the time that it took, one reading.',
    'dense vector': 'A second encoder’s vector of 384 numbers, none of which stands for a word; the figure is the time that it took, one reading.',
    'distance': 'The squared distance between the student’s vector and the teacher’s, as a term of the loss.',
    'encoded in': 'Time from the text to the sparse vector: one reading, on this device, which does other things too.',
    'exact word': 'A word of the conversation, looked up by its spelling apart from endings, beside the learned terms. Passages weigh their words by BM25.',
    'FLOPS': 'The products that a search takes for an average passage: for every term of the query, the share of passages that hold it, added up. For one question it is postings divided by passages. It is no measure of time.',
    'InfoNCE': 'A contrastive loss: the right passage should score above the others that are drawn, whatever the teacher’s scores are.',
    'KLD': 'Kullback-Leibler divergence: how far the student’s scores, as shares that sum to one, are from the teacher’s. 0 means the same.',
    'L0': 'The number of active terms: those whose weight is not zero.',
    'λ': 'The weight of the regulariser in training. Here a lit term costs λ times its weight times the share of passages that hold it, which is what it costs in a search.',
    'learned term': 'A piece of the vocabulary that the encoder gave a weight.',
    'memory held': 'Bytes that the search program keeps on this device: encoder, index and texts.',
    'MTRAG': 'A benchmark by IBM: 777 questions in 110 conversations of people, with judged passages in one pool of 38,852.',
    'nDCG@10': 'How good the first ten results are: 1 where everything relevant stands first, less the further down it is.',
    'piece': 'The vocabulary has whole words and pieces of words. “-iff” is a piece inside a word: “Eiffel” is read as e, -iff, -el.',
    'postings': 'Entries of the inverted index: one for each term of each passage. A search reads the whole list of each of its terms.',
    'postings touched': 'Entries of the inverted index that this search read: all of the lists of its terms. It does not depend on the device.',
    'R@100': 'Recall: the share of what is relevant that is among the first hundred results.',
    'read': 'The length of the encoder’s input: the question, then what was said before, newest first.',
    'searched in': 'Time of the look-up in the index: one reading, on this device.',
    'seed': 'The number from which everything random in a training follows. Several seeds show how much is chance.',
    'sentences read in': 'Time to encode the results’ sentences, of which one is quoted: one reading, on this device.',
    'sparse vector': 'A weight for each of the 30,522 pieces of the vocabulary, nearly all of them zero.',
    'time': 'Encoding and search together: one reading, on this device, which does other things too.',
    'temperature': 'Scores are divided by it before they are compared: above 1, passages further down count for more.',
  };
  const names = Object.keys(words), by = new Map(names.map(n => [n.toLowerCase(), n]));
  const make = (tag, attributes, ...children) => {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    e.append(...children);
    return e;
  };

  // gloss returns an element that explains itself.
  const gloss = (name, text = name) => make('span', { class: 'gloss', tabindex: '0', 'data-gloss': name }, text);
  // glossed returns a text's nodes, in which each known word is explained where it first is.
  const wanted = new RegExp(`(?<![\\w@])(${['InfoNCE', 'KLD', 'R@100', 'nDCG@10', 'FLOPS', 'MTRAG', 'L0', 'λ', 'active terms'].join('|')})(?![\\w@])`, 'g');
  function glossed(text) {
    const seen = new Set(), nodes = [];
    let at = 0;
    for (const m of text.matchAll(wanted)) {
      if (seen.has(m[1])) continue;
      seen.add(m[1]);
      nodes.push(text.slice(at, m.index), gloss(m[1]));
      at = m.index + m[0].length;
    }
    return [...nodes, text.slice(at)];
  }
  const list = (of = names) => make('dl', { class: 'glossary' }, ...of.map(n => make('div', {}, make('dt', {}, /^[a-z ]+$/.test(n) ? n[0].toUpperCase() + n.slice(1) : n), make('dd', {}, words[n]))));

  const tip = make('div', { class: 'gloss-tip', role: 'tooltip', id: 'gloss-tip', hidden: '' });
  let of = null;
  function show(e) {
    const name = by.get((e.dataset.gloss || '').toLowerCase());
    if (!name || of === e) return;
    hide();
    of = e;
    (e.closest('dialog') || document.body).append(tip);
    tip.replaceChildren(make('b', {}, name), ' ', words[name]);
    tip.hidden = false;
    e.setAttribute('aria-describedby', tip.id);
    place();
  }
  // place sets the explanation beside its word, and takes it away with it.
  function place() {
    const e = of;
    if (!e) return;
    if (!e.isConnected) { hide(); return; }
    const r = e.getBoundingClientRect(), w = tip.offsetWidth, h = tip.offsetHeight, wide = document.documentElement.clientWidth;
    tip.style.left = `${Math.min(Math.max(8, r.left), wide - w - 8)}px`;
    tip.style.top = `${r.bottom + h + 12 > innerHeight && r.top > h + 12 ? r.top - h - 6 : r.bottom + 6}px`;
  }
  function hide() {
    of?.removeAttribute('aria-describedby');
    of = null;
    tip.hidden = true;
  }
  const target = e => e.target.closest?.('[data-gloss]');
  document.addEventListener('pointerover', e => { const t = target(e); if (t) show(t); else if (of && !tip.contains(e.target) && of !== document.activeElement) hide(); });
  document.addEventListener('focusin', e => { const t = target(e); if (t) show(t); else hide(); });
  document.addEventListener('click', e => { const t = target(e); if (t) show(t); else hide(); });
  document.addEventListener('keydown', e => { if (e.key === 'Escape') hide(); });
  addEventListener('scroll', place, { passive: true, capture: true });

  const { parley } = window; // absent on the experiments' page, which names the style itself
  if (parley) document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', integrity: '{{glossary.css integrity}}', href: parley.at('{{glossary.css}}') }));
  window.parleyGlossary = { gloss, glossed, list };
})();
