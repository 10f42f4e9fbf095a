// This part keeps conversations in this browser, and earlier.js lists them. Each has an item
// of its own in localStorage, JSON {at, text, of}: when it changed last, in ms; the text of
// its link (shared/link); and the collection that was searched. A tab that writes to one
// holds a lock on it, and another tab with the same one, a copy, goes on under a name of its
// own. So two tabs never overwrite each other.
'use strict';
const Talks = (() => {
  // One origin may have several sites in different folders, so the names of stored items
  // contain the folder. A page opened from a disk is not a site, and its items stay when
  // the file is moved.
  const scope = location.protocol === 'file:' ? '' : ' ' + new URL('.', location.href).pathname;
  const begins = 'parley.talk.', off = 'parley.talks.off' + scope, current = 'parley.talking' + scope;
  const most = 200; // the oldest make room
  const keyOf = id => begins + id + scope;
  const idOf = key => key.startsWith(begins) && key.endsWith(scope) ? key.slice(begins.length, key.length - scope.length) : '';

  // Storage may be forbidden; then nothing is kept, and everything else works.
  const attempt = (f, otherwise) => { try { return f(); } catch { return otherwise; } };
  const ids = () => attempt(() => Object.keys(localStorage).map(idOf).filter(id => /^[0-9a-z]+$/.test(id)), []);
  const read = id => attempt(() => JSON.parse(localStorage.getItem(keyOf(id))), null);
  const keeps = () => attempt(() => localStorage.getItem(off) === null, false);

  const questions = text => text.split('\n').filter(line => line.startsWith('? ')).map(line => line.slice(2));
  const plain = question => question.replace(/\\(.)/g, (_, c) => c === 'n' ? ' ' : c).replace(/\s+/g, ' ').trim();
  function title(text) {
    const first = [...plain(questions(text)[0] || '')];
    return first.length > 70 ? first.slice(0, 69).join('').trimEnd() + '…' : first.join('');
  }

  // ---- The one of this tab ----

  let mine = null; // {id, text, claimed: promise whether this tab has the lock, release}
  let opening = ''; // the id of one that is being opened from the list

  // A page that is being left lets go of its lock a moment after the next one has begun.
  function claim(id, text) {
    const c = { id, text, release() {} };
    c.claimed = !navigator.locks ? Promise.resolve(true) : new Promise(done => {
      navigator.locks.request('parley talk ' + keyOf(id), { signal: AbortSignal.timeout(1500) }, () => {
        done(true);
        return new Promise(release => { c.release = release; });
      }).catch(e => done(e.name !== 'TimeoutError')); // a page on a disk has no locks
    });
    return c;
  }
  const begin = text => claim(Date.now().toString(36) + Math.random().toString(36).slice(2, 8), text);
  function leave() {
    mine?.release();
    mine = null;
  }

  // goesOn reports whether a conversation is the one before, after a question was asked,
  // changed or deleted. An example that is played, or a link that is opened, is another.
  function goesOn(before, after) {
    const [was, is] = [questions(before), questions(after)];
    return is.length >= was.length - 1 && is.some(q => was.includes(q));
  }

  // keep stores the conversation after each change; "" is none.
  async function keep(text, of) {
    if (!keeps()) return leave();
    if (!text) {
      opening = '';
      return leave();
    }
    if (opening) {
      const id = opening;
      opening = '';
      if (read(id)?.text === text) {
        leave();
        mine = claim(id, text);
      }
    }
    if (!mine) { // after a reload, or where it was brought back
      const id = attempt(() => sessionStorage.getItem(current), null);
      mine = id && read(id)?.text === text ? claim(id, text) : begin(text);
    } else if (!goesOn(mine.text, text)) {
      leave();
      mine = begin(text);
    }
    const c = mine;
    c.text = text;
    if (!await c.claimed && c === mine) mine = begin(c.text); // which may have grown meanwhile
    if (!mine || mine.text !== text || !keeps()) return; // changed meanwhile
    const { id } = mine, before = read(id);
    attempt(() => sessionStorage.setItem(current, id));
    if (before?.text === text) return; // only looked at
    const item = JSON.stringify({ at: Date.now(), text, of: of || before?.of });
    const old = list().map(t => t.id).filter(other => other !== id);
    for (const least of old.splice(most - 1)) remove(least);
    for (;;) {
      try {
        localStorage.setItem(keyOf(id), item);
        return;
      } catch {
        if (!old.length) return; // there is no room at all
        remove(old.pop());
      }
    }
  }

  // ---- The list ----

  // list returns all, the newest first: [{id, at, text, of}].
  const list = () => ids().map(id => ({ ...read(id), id })).filter(t => typeof t.text === 'string').sort((a, b) => b.at - a.at);
  const remove = id => attempt(() => localStorage.removeItem(keyOf(id)));

  function choose(yes) {
    attempt(() => yes ? localStorage.removeItem(off) : localStorage.setItem(off, ''));
    if (yes) return;
    clear();
    leave();
  }
  const clear = () => ids().forEach(remove);

  return { scope, keep, list, remove, clear, choose, keeps, title, count: text => questions(text).length, any: () => ids().length > 0, opens(id) { opening = id; }, isOpen: id => mine?.id === id };
})();
