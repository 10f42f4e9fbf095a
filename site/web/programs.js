// This part starts Parley's programs and verifies them, for everything that uses them: the
// page (boot.js, panels.js) and parley.js, which is the package and what <parley-search>
// is built on. The workers that it starts load their own files (download.js).
//
// A part of a published folder is [address, integrity]. integrity is the SHA-256 of the
// published file, and no other content is accepted.
'use strict';
const Programs = (() => {
  // A ParleyError has the fields of message.Failure.
  class ParleyError extends Error {
    constructor(stage, file, message, options) {
      super(message, options);
      Object.assign(this, { name: 'ParleyError', stage, file });
    }
  }

  // What differs between a browser and Node (node.js).
  const platform = {
    fetch: (address, options) => fetch(address, options),
    trust: { createScriptURL: address => address },
    // A worker is made of a script's verified bytes. The policy of the page applies to it,
    // even where the host sends no policy with its files.
    worker: script => new Worker(platform.trust.createScriptURL(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })))),
  };

  // lacking says why nothing can work in this browser, '' where it can; slow, of a
  // message.Ready, why answers take long.
  const lacking = () => typeof WebAssembly === 'object' && typeof WebAssembly.instantiate === 'function' ? ''
    : 'This browser has no WebAssembly, which Parley needs. Some browsers switch it off in their strictest mode.';
  const slow = ({ simd }) => simd ? '' : 'This browser has no WebAssembly SIMD, so each answer takes about twenty times as long.';

  const nameOf = address => address.split('/').pop().replace(/\.[0-9a-f]{16}(?=\.)/, '');

  // fetchPart returns a part as a Response. If it is refused, fetchPart requests it once
  // more without the browser's caches; its error says which part failed and why.
  async function fetchPart([address, integrity], signal) {
    const fail = (stage, message) => { throw new ParleyError(stage, nameOf(address), message); };
    const verified = cache => platform.fetch(address, { integrity, cache, signal });
    try {
      return await verified('default');
    } catch { /* broken off, refused, or no such file: the browser does not say */ }
    signal?.throwIfAborted();
    const again = await platform.fetch(address, { cache: 'reload', signal }).catch(e => fail('download', `the network failed (${e.message})`));
    if (!again.ok) fail('download', `the server answered ${again.status} ${again.statusText}`);
    await again.arrayBuffer().catch(e => fail('download', `the connection broke off (${e.message})`));
    return verified('force-cache').catch(() => fail('verify', 'its SHA-256 is not that of the published file'));
  }

  // makeWorker starts a worker; before is a script that comes before the worker's own.
  async function makeWorker(part, before = '') {
    return platform.worker(before + await (await fetchPart(part)).text());
  }

  // A Search is the worker that answers questions (worker.js). It calls hear(op, message)
  // for each message of the worker, {body, id, own}; hear('failed') also where the worker's
  // script did not arrive; and hear('lost') where the worker ended, which loses the
  // questions that it had not answered. Messages with an id below zero are about questions
  // of ask.
  class Search {
    worker = null;
    ready = false;
    #starting = false;
    #lost = false;
    #early = []; // messages to a worker that is starting
    #asked = new Map(); // id -> {done, fail}
    #last = 0;

    constructor(hear) { this.hear = hear; }

    // start starts the worker. setup returns a promise of the message "start".
    async start(script, setup, before) {
      if (this.#starting) return;
      this.#starting = true;
      this.#lost = false;
      let w, first;
      try {
        first = await setup();
        w = await makeWorker(script, before);
      } catch (e) {
        this.#failed('failed', e);
        return;
      } finally {
        this.#starting = false;
      }
      this.worker = w;
      w.onmessage = ({ data }) => {
        if (data.op === 'ready') this.ready = true;
        this.#settle(data);
        this.hear(data.op, data);
      };
      w.onerror = e => {
        this.#lost = true;
        this.ready = false;
        this.#failed('lost', new ParleyError('open', '', e.message || 'the search program could not be started'));
      };
      w.postMessage({ op: 'start', ...first });
      for (const m of this.#early.splice(0)) w.postMessage(m);
    }

    post(m) { if (this.worker) this.worker.postMessage(m); else this.#early.push(m); }

    // ask asks a message.Ask, as JSON, and resolves with the message.Answer. What it is
    // rejected with has the fields of message.Failure.
    ask(body) {
      return new Promise((done, fail) => {
        this.#asked.set(--this.#last, { done, fail });
        this.post({ op: 'ask', id: this.#last, body });
      });
    }

    #settle({ op, id, body }) {
      const waits = op === 'answer' || op === 'error' ? this.#asked.get(id) : null;
      if (!waits) return;
      this.#asked.delete(id);
      if (op === 'answer') waits.done(JSON.parse(body)); else waits.fail(JSON.parse(body));
    }

    // drop rejects the questions of ask that have no answer.
    drop(why) {
      for (const { fail } of this.#asked.values()) fail(why);
      this.#asked.clear();
    }

    // retry loads what is missing; it returns false where start has to be called instead.
    retry() {
      if (!this.worker || this.#lost) {
        this.end();
        return false;
      }
      if (!this.ready) this.post({ op: 'retry' });
      return true;
    }

    end() {
      this.worker?.terminate();
      this.worker = null;
      this.ready = false;
    }

    #failed(op, { stage = 'open', file, message }) { this.hear(op, { body: JSON.stringify({ stage, file, message }) }); }
  }

  // explain returns the text for a message.Failure.
  function explain(f) {
    const what = {
      download: 'A file did not come',
      verify: 'A file arrived damaged, and was thrown away',
      open: 'A file could not be opened',
    }[f.stage] || 'Loading failed';
    return `${what}${f.file ? ` (${f.file})` : ''}: ${f.message}`;
  }

  return { ParleyError, platform, lacking, slow, fetchPart, makeWorker, nameOf, explain, Search };
})();
