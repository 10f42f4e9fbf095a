// A page of another folder than Parley's. The tests call window.run.
import * as parley from '/search/parley.js';
import { refused, use } from './use.js';

const { Parley } = parley;
const own = Object.keys(window);

window.run = {
  use: () => use(parley, '/search/'),
  // The same in a worker: a module that a page starts.
  worker: () => new Promise((done, fail) => {
    const rules = { createScriptURL: s => s };
    const policy = window.trustedTypes?.createPolicy('own', rules) ?? rules;
    const w = new Worker(policy.createScriptURL('worker.js'), { type: 'module' });
    w.onmessage = e => { done(e.data); w.terminate(); };
    w.onerror = e => fail(new Error(e.message));
  }),
  refused: options => refused(parley, options),
  without: async (name, options) => {
    const kept = window[name];
    Object.defineProperty(window, name, { value: undefined, configurable: true, writable: true });
    try {
      return await (options ? refused(parley, options) : opened.saved().catch(e => [e.stage, e.file, e.message]));
    } finally {
      Object.defineProperty(window, name, { value: kept, configurable: true, writable: true });
    }
  },
  globals: () => Object.keys(window).filter(k => !own.includes(k) && k !== 'run'),

  // What one tab keeps, another finds; and neither replaces what the other has saved.
  open: async () => { opened = await Parley.load(); return opened.about.passages; },
  save: async text => {
    const made = await opened.index({ text, id: 'a', url: '/garden#a' }, { title: 'Garden' });
    return opened.save(made, 'garden').then(() => { kept = made; return ''; }, e => [e.stage, e.message].join(': '));
  },
  find: async () => {
    kept = await opened.open('garden');
    await opened.search(kept);
    const a = await opened.conversation().ask('where is it?', { read: 'alone' });
    return [(await opened.saved()).map(s => s.name).join(), a.results[0].text, a.results[0].url];
  },
  again: async text => {
    const more = await kept.add({ text, id: 'b' });
    return opened.save(more, 'garden').then(() => { kept = more; return ''; }, e => [e.stage, e.message].join(': '));
  },
  forget: async () => { await opened.forget('garden'); return opened.open('garden').catch(e => e.message); },
  // The signal of a load ends its worker, too.
  stop: async () => {
    const stop = new AbortController();
    const loading = Parley.load({ base: '/search/', signal: stop.signal, onprogress: () => stop.abort(new Error('enough')) });
    return loading.then(() => 'loaded', e => e.message);
  },
};
let opened, kept;
