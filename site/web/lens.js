// Terms and words: for a term under the pointer or the focus, the words of the conversation
// that lit it and the passages' words that it matched are marked; for a word of the
// conversation or of a result, the terms. A text that has the focus is gone through word by
// word, by arrow keys. The page's program
// (wasm/ui/lens.go) hands over what to ask for each turn; the answers have the places
// (shared/message: Term.Start, Result.Places). Marks are highlights of the browser's, so the
// document, which is the page's program's, stays as it is.
'use strict';
(() => {
  const { parley } = window;
  const { el } = parley.kit;
  if (!window.CSS?.highlights) { parley.panels.lens = { show() {}, forget() {} }; return; }

  let turns = new Map(); // by index: {from, ask, answer}
  const marked = new Highlight();
  CSS.highlights.set('lens', marked);
  const tip = el('p', { class: 'lens-tip', role: 'status', 'aria-live': 'polite' });
  document.body.append(tip);
  const bytes = new TextEncoder(), units = new TextDecoder();

  // unit turns a byte offset into text into one of UTF-16; byte is the other way round.
  const unit = (text, at) => units.decode(bytes.encode(text).subarray(0, at)).length;
  const byte = (text, at) => bytes.encode(text.slice(0, at)).length;

  function show(rows) {
    const next = new Map();
    for (const [i, from, ask] of JSON.parse(rows)) {
      const known = turns.get(Number(i));
      next.set(Number(i), known?.ask === ask ? known : { from: Number(from), ask, asked: JSON.parse(ask) });
    }
    turns = next;
  }
  function forget() { for (const t of turns.values()) delete t.answer; }
  async function answered(turn) {
    const t = turns.get(turn);
    if (!t) return null;
    t.answer ??= parley.probe(t.ask).catch(() => { delete t.answer; return null; });
    const answer = await t.answer;
    return answer && { ...t, answer };
  }
  const keyOf = t => t.word ? `“${t.text}”` : t.text.startsWith('##') ? '-' + t.text.slice(2) : t.text;

  // articles are the turns on view, by index.
  const article = i => [...document.querySelectorAll('article.turn')].find(a => a.querySelector('.ask .number')?.textContent === String(i + 1));
  const indexOf = a => Number(a.querySelector('.ask .number')?.textContent) - 1;

  // range returns a part of an element's text as a range.
  function range(e, start, end) {
    const r = new Range(), walk = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
    let at = 0, begun = false;
    for (let n; (n = walk.nextNode()); at += n.data.length) {
      if (!begun && start < at + n.data.length) { r.setStart(n, start - at); begun = true; }
      if (begun && end <= at + n.data.length) { r.setEnd(n, end - at); return r; }
    }
    return null;
  }

  // said is the element that shows what a term's token was read from, and its text.
  function said(t, term) {
    const turn = t.asked.turns[term.turn ?? 0], a = turn && (term.turn ?? 0) >= 0 && article((term.turn ?? 0) + t.from);
    const e = a && a.querySelector(term.reply ? 'blockquote p' : '.question .words');
    const text = turn && (term.reply ? turn.reply : turn.question);
    return e && text && e.textContent.startsWith(text.slice(0, 60)) ? { e, text } : null;
  }

  // excerpt is what is shown of a result's text: an element, and where in the text it begins.
  function excerpt(a, r) {
    const box = [...a.querySelectorAll('.result')].find(x => x.querySelector('[data-source]')?.dataset.source === r.id);
    const e = box?.querySelector('.excerpt');
    if (!e) return null;
    const before = /^…\s*/.exec(e.textContent)?.[0].length || 0, core = e.textContent.slice(before).replace(/\s*…$/, '');
    const at = r.text.indexOf(core);
    return at < 0 ? null : { e, before, at, length: core.length };
  }

  // tell shows a sentence above the question box, which it must not cover.
  function tell(text) {
    const box = document.querySelector('.composer')?.getBoundingClientRect();
    tip.style.bottom = box && box.top < innerHeight ? `${Math.max(8, innerHeight - box.top + 8)}px` : '';
    tip.textContent = text;
  }

  let now = 0; // counts what is looked at, so that a late answer marks nothing
  function clear() {
    now++;
    marked.clear();
    for (const e of document.querySelectorAll('.lit-now')) e.classList.remove('lit-now');
    tip.textContent = '';
  }

  // fromTerm marks what belongs to a term.
  async function fromTerm(e) {
    clear();
    const mine = now, a = e.closest('article.turn'), turn = a ? indexOf(a) : Number(e.dataset.turn);
    const t = await answered(turn);
    if (mine !== now || !t) return;
    const n = t.answer.terms.findIndex(x => keyOf(x) === e.dataset.term), term = t.answer.terms[n];
    if (!term) { tell(`${e.dataset.term}: not lit by the level that answers.`); return; }
    let text = `${e.dataset.term}: `;
    const s = term.end ? said(t, term) : null;
    if (s) {
      const r = range(s.e, unit(s.text, term.start || 0), unit(s.text, term.end));
      if (r) marked.add(r);
      text += `lit by “${r ? r.toString() : ''}” in ${term.reply ? 'the reply of ' : ''}turn ${(term.turn ?? 0) + t.from + 1}`;
    } else text += term.turn < 0 ? 'lit by a marker between the texts' : `lit by turn ${(term.turn ?? 0) + t.from + 1}, whose words are not on view`;
    let hits = 0, places = 0, shared = 0;
    for (const r of t.answer.results || []) {
      if ((r.parts || []).some(p => (p.term ?? 0) === n)) shared++;
      const own = (r.places || []).filter(p => (p.term ?? 0) === n);
      if (own.length) { hits++; places += own.length; }
      const x = article(turn) && excerpt(article(turn), r);
      for (const p of x ? own : []) {
        const start = unit(r.text, p.start || 0) - x.at, end = unit(r.text, p.end) - x.at;
        const m = start >= 0 && end <= x.length ? range(x.e, start + x.before, end + x.before) : null;
        if (m) marked.add(m);
      }
    }
    text += `. ${shared} of the first ${(t.answer.results || []).length} results share it` + (shared ? hits ? `; it stands in the text of ${hits === shared ? (hits === 1 ? 'it' : 'all of them') : hits}${places > hits ? `, ${places} times in all` : ''}` : '; none has the word itself' : '') + '.';
    tell(text);
  }

  // fromWord marks the terms of a word, given the element that it is in and UTF-16 offsets:
  // those of a whole word, or of a place inside one.
  async function fromWord(e, from, to = from, hint = '') {
    const a = e.closest('article.turn'), here = indexOf(a), mine = now;
    const found = new Map(); // turn -> keys
    let span = from < to ? range(e, from, to) : null;
    const put = (turn, term) => found.set(turn, (found.get(turn) || new Set()).add(keyOf(term)));
    for (const [turn] of turns) {
      if (turn < here) continue;
      const t = await answered(turn);
      if (mine !== now) return;
      if (!t) continue;
      if (e.matches('.excerpt')) {
        if (turn !== here) continue;
        for (const r of t.answer.results || []) {
          const x = excerpt(a, r);
          if (x?.e !== e) continue;
          for (const p of r.places || []) {
            const start = unit(r.text, p.start || 0) - x.at + x.before, end = unit(r.text, p.end) - x.at + x.before;
            if (start <= to && from <= end) { put(turn, t.answer.terms[p.term ?? 0]); span ??= range(e, Math.max(start, 0), end); }
          }
        }
      } else for (const term of t.answer.terms) {
        const s = term.end ? said(t, term) : null;
        if (s?.e !== e) continue;
        if ((term.start || 0) <= byte(s.text, to) && byte(s.text, from) <= term.end) { put(turn, term); span ??= range(e, unit(s.text, term.start || 0), unit(s.text, term.end)); }
      }
    }
    if (mine !== now || !span) return;
    marked.add(span);
    for (const [turn, keys] of found)
      for (const x of document.querySelectorAll('[data-term]')) {
        const its = x.closest('article.turn');
        if ((its ? indexOf(its) : Number(x.dataset.turn)) === turn && keys.has(x.dataset.term)) x.classList.add('lit-now');
      }
    const all = [...new Set([...found.values()].flatMap(k => [...k]))];
    tell(`“${span}” ${e.matches('.excerpt') ? 'matches' : 'lights'} ${all.join(', ') || 'no term'}.${hint}`);
  }

  // Words by keyboard.
  const texts = '.question .words, blockquote p, .excerpt';
  let word = 0;
  const wordsOf = e => [...e.textContent.matchAll(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)];
  function goTo(e, i, hint) {
    const all = wordsOf(e);
    if (!all.length) return;
    word = Math.min(Math.max(i, 0), all.length - 1);
    clear();
    fromWord(e, all[word].index, all[word].index + all[word][0].length, hint);
  }

  let over = null, frame = 0;
  document.addEventListener('pointerover', e => {
    const term = e.target.closest?.('[data-term]');
    if (term === over) return;
    if (over) clear();
    over = term;
    if (term) fromTerm(term);
  });
  document.addEventListener('pointermove', e => {
    if (over) return;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      const text = e.target.closest?.(texts);
      if (!text || !turns.size) { if (tip.textContent && !document.activeElement?.closest(`[data-term], ${texts}`)) clear(); return; }
      const c = document.caretPositionFromPoint ? document.caretPositionFromPoint(e.clientX, e.clientY) : null, old = c ? null : document.caretRangeFromPoint?.(e.clientX, e.clientY);
      const node = c?.offsetNode || old?.startContainer, offset = c ? c.offset : old?.startOffset;
      if (!node || !text.contains(node)) return;
      const r = new Range();
      r.setStart(text, 0);
      r.setEnd(node, offset);
      clear();
      fromWord(text, r.toString().length);
    });
  });
  document.addEventListener('focusin', e => {
    const term = e.target.closest?.('[data-term]');
    if (term) fromTerm(term);
    else if (e.target.matches?.(`:is(${texts}):focus-visible`)) goTo(e.target, 0, ' Arrow keys go from word to word.');
  });
  document.addEventListener('focusout', e => { if (e.target.closest?.(`[data-term], ${texts}`)) clear(); });
  document.addEventListener('keydown', e => {
    if (e.key === 'Escape' && tip.textContent) { clear(); return; }
    const li = document.activeElement;
    if (li?.matches(texts)) {
      const to = { ArrowRight: word + 1, ArrowLeft: word - 1, Home: 0, End: Infinity }[e.key];
      if (to === undefined || e.ctrlKey || e.metaKey || e.altKey || e.shiftKey) return;
      e.preventDefault();
      goTo(li, to);
      return;
    }
    // The terms of a list are one stop of the Tab key; arrows go from term to term.
    if (!li?.matches('li.term[data-term]')) return;
    const all = [...li.parentNode.children], to = { ArrowDown: all.indexOf(li) + 1, ArrowRight: all.indexOf(li) + 1, ArrowUp: all.indexOf(li) - 1, ArrowLeft: all.indexOf(li) - 1, Home: 0, End: all.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    all[Math.min(Math.max(to, 0), all.length - 1)].focus();
  });

  parley.panels.lens = { show, forget };
})();
