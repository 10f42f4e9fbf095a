// What the tests do with parley.js, the same in a page, in a worker and in Node. It returns
// what it saw; site/browser/parleyjs_test.go says what that has to be.
export async function use({ Parley }, base) {
  const seen = {};
  const progress = [];
  const p = await Parley.load({ base, onprogress: e => progress.push(e) });
  seen.about = [p.about.collection, p.about.passages, p.about.simd];
  seen.loaded = progress.length > 0 && progress.every(e => e.phase === 'load' && e.done <= e.total) && progress.at(-1).done === progress.at(-1).total;
  seen.size = await Parley.size({ base });

  // Two questions at once: the second waits for the reply of the first.
  const c = p.conversation();
  const [, a] = await Promise.all([c.ask('When was the Eiffel Tower built?'), c.ask('who designed it?')]);
  seen.reply = a.reply;
  seen.source = [a.source.title, a.source.url];
  seen.fits = a.results.every(r => r.text.slice(...r.span).trim() === r.quote && r.marks.every(([a, b]) => 0 <= a && a < b && b <= r.text.length));
  seen.confident = a.confidence > .5 && a.confidence <= 1;
  seen.read = a.read;
  seen.cost = a.cost.postings > 0 && a.cost.lists > 0;
  seen.terms = a.terms.length > 5 && a.terms.every((t, i) => !i || t.weight <= a.terms[i - 1].weight || t.word !== a.terms[i - 1].word);

  // Probes change nothing.
  const why = await c.explain();
  seen.sums = why.results.slice(0, 3).every(r => Math.abs(r.parts.reduce((sum, { query, doc }) => sum + query * doc, 0) - r.score) < 1e-3 * r.score);
  const without = await c.leaveOut(0);
  seen.without = [without.results[0].id === a.results[0].id, c.turns.length, c.turns[1].reply === a.reply];
  seen.levels = p.levels.map(l => l.name);
  const sparse = await c.probe({ level: '8x' });
  seen.sparser = sparse.cost.postings < a.cost.postings;

  // What is aborted leaves no turn.
  const stop = new AbortController();
  const aborted = c.ask('and when did he die?', { signal: stop.signal });
  stop.abort(new Error('the visitor left'));
  seen.aborted = [await aborted.catch(e => e.message), c.turns.length];
  const again = p.conversation(JSON.parse(JSON.stringify(c)));
  seen.goesOn = (await again.ask('who designed it?', { read: 'together' })).read.length > 1;

  // Another one beside it, with documents of its own.
  const q = await Parley.load({ base, level: '2x' });
  seen.level = q.about.level;
  const steps = new Set();
  const garden = await q.index([
    'The spade hangs in the shed, beside the rake.',
    { id: 'compost', title: 'Compost – how', text: 'Compost needs air – turn it once a week, and keep it moist.', url: 'https://example.org/garden/compost#air' },
    { path: 'notes/bees.md', file: new Blob(['# Bees\n\nThe bees live behind the greenhouse.\n']) },
  ], { title: 'Garden', onprogress: e => steps.add(e.phase) });
  seen.garden = [garden.title, garden.passages, garden.documents, garden.notes.length, [...steps].sort()];
  await q.search(garden);
  const d = q.conversation();
  const turn = await d.ask('how often do I turn the compost?');
  seen.own = [turn.reply, turn.source.url];
  seen.other = (await c.ask('When was the Eiffel Tower built?')).source.title;
  const more = await (await q.open(await garden.bytes())).add({ id: 'tap', text: 'The tap is left of the gate.' });
  await q.search(more);
  seen.more = [more.passages, (await q.conversation().ask('where is the tap?')).reply];
  const late = new AbortController();
  late.abort(new Error('too late'));
  seen.late = await q.index('x', { signal: late.signal }).catch(e => e.message);
  seen.nothing = await q.index([], {}).catch(e => e.message);
  seen.empty = await q.index(new File(['\u0000\u0001'], 'x.bin')).catch(e => [e.name, e.stage]);
  seen.damaged = await q.open(new Uint8Array(200)).catch(e => [e.name, /zip|missing|archive/i.test(e.message) || e.message]);
  await q.search(null);
  seen.back = q.about.passages;

  q.close();
  seen.closed = await d.ask('anything').catch(e => [e.name, e.stage]);
  p.close();
  return seen;
}

// refused returns the error of a load as [stage, file, message]; of one that succeeds, its
// warnings.
export const refused = ({ Parley }, options) => Parley.load(options).then(
  p => { p.close(); return ['loaded', '', p.warnings.join(' ')]; },
  e => [e.stage ?? e.name, e.file ?? '', e.message]);
