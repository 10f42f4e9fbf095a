// Uses every member that parley.d.ts declares; TypeScript checks it under --strict, Vite
// bundles it, and the bundle runs in Chromium, Firefox and Node. A test looks whether a
// member is missing here. example returns what is wrong: nothing, where all is well.
// readme.ts is the example of the package's README.
import { Parley, ParleyError } from 'parley.js';
import type {
  About, Answer, AskOptions, Collection, Conversation, Document, IndexOptions, Level, LoadOptions, Part, ProbeOptions, Progress, Result, Signal, Term, Turn,
} from 'parley.js';

async function example(base: string | URL): Promise<string[]> {
  const wrong: string[] = [];
  const check = (what: string, is: boolean): void => { if (!is) wrong.push(what); };
  const whole = (n: number): boolean => Number.isInteger(n) && n >= 0;
  const signal = new AbortController().signal;
  const within: Signal = { signal };

  const phases = new Set<Progress['phase']>();
  const onprogress = ({ phase, done, total, file, left }: Progress): void => {
    phases.add(phase);
    check('progress', done <= total && (phase !== 'load' || typeof file === 'string') && (left === undefined || left >= 0));
  };

  // What is refused says what, where and why.
  const refused: unknown = await Parley.load({ base, level: 'none', ...within }).catch((e: unknown) => e);
  check('an unknown level', refused instanceof ParleyError && refused.stage === 'open' && refused.file === 'site.json' && /its levels are/.test(refused.message));
  if (!('document' in globalThis)) { // browsers write a refused file into their console
    const altered: unknown = await Parley.size({ base, integrity: 'sha256-' + 'A'.repeat(43) + '=', signal }).catch((e: unknown) => e);
    check('another parley.json', altered instanceof ParleyError && altered.stage === 'download');
  }

  const options: LoadOptions = { base, onprogress, signal, level: 'distilled' };
  const p: Parley = await Parley.load(options);
  check('size', await Parley.size({ base }) > 1e6);
  const about: About = p.about;
  check('about', about.collection !== '' && about.encoder !== '' && about.licence !== '' && /^https:/.test(about.licenceURL) && about.attribution !== '');
  check('about: figures', about.simd && about.passages > 1000 && about.memory > 1e6 && about.level === 'distilled' && about.levels.length === p.levels.length);
  check('about: suggested', Array.isArray(about.suggested) && about.better !== null && about.better.bytes > 1e6 && about.better.title !== '');
  check('warnings', p.warnings.length === 0 && p.collection === null);
  const level: Level | undefined = p.levels.find(l => l.name === '4x');
  check('levels', !!level && level.title !== '' && level.flops > 0 && level.ratio > 1 && level.questions > 0);

  const how: AskOptions = { k: 5, read: 'together', stage: 'sparse', level: 'distilled', signal };
  const c: Conversation = p.conversation({ k: 10 });
  await c.ask('How tall is the Eiffel Tower?');
  const a: Answer = await c.ask('who designed it?', how);
  check('answer', a.question === 'who designed it?' && a.reply === a.source?.quote && a.doubt === '' && a.confidence > .5 && a.results.length === 5);
  check('answer: what was read', a.read.join() === '0,1' && !a.alone && !a.completed && typeof a.begins === 'boolean' && a.stage === 'sparse' && a.tokens > 5 && !a.dropped && !a.cut);
  const { encode, search, read, dense, reader, lists, postings } = a.cost;
  check('cost', encode > 0 && search >= 0 && read >= 0 && dense === 0 && reader === 0 && whole(lists) && whole(postings) && postings > 0);
  const r: Result = a.results[0]!;
  check('result', whole(r.doc) && r.id !== '' && r.title !== '' && /^https:/.test(r.url) && r.score > 0 && r.dense === 0 && r.rule === 0 && !r.noFigure && r.parts === undefined);
  check('result: ranges', r.text.slice(...r.span).trim() === r.quote && r.marks.every(([from, to]) => from < to));
  const t: Term = a.terms[0]!;
  check('term', t.text !== '' && t.weight > 0 && t.turn >= -1 && [t.reply, t.typed, t.word].every(is => typeof is === 'boolean'));
  const misspelt = await c.probe({ turn: 1, read: 'alone', leaveOut: [0], weights: [{ text: t.text, word: t.word, factor: 0 }] });
  check('probe', misspelt.alone || misspelt.read.join() === '1');
  const spelt = (await p.conversation().ask('where is the eifel tower')).spelling;
  check('spelling', spelt.every(({ typed, read }) => typed !== read));

  const probe: ProbeOptions = { explain: true, k: 3 };
  const parts: Part[] | undefined = (await c.explain(1, probe)).results[0]?.parts;
  check('parts', !!parts && parts.every(({ term, query, doc }) => whole(term) && query > 0 && doc > 0));
  check('left out', (await c.leaveOut([0], { turn: 1 })).read.join() === '1');
  c.choose(a.results[1]!, 1);
  c.choose(a.results[0]!.id);
  const turns: Turn[] = c.turns;
  check('turns', turns.length === 2 && turns[1]!.question === a.question && turns[1]!.reply === r.quote && turns[1]!.title === r.title && turns[1]!.begins === a.begins && turns[1]!.answer?.question === a.question);
  check('goes on', p.conversation(c.toJSON()).turns.length === 2);
  check('undo', c.undo()?.question === a.question && c.turns.length === 1);

  const documents: Document[] = [
    'The spade hangs in the shed.',
    new File(['# Bees\n\nThe bees live behind the greenhouse.\n'], 'bees.md'),
    { text: 'Compost needs air: turn it once a week.', id: 'compost', title: 'Compost', url: 'https://example.org/compost' },
    { file: new Blob(['name,note\nrake,It is beside the spade.\n']), path: 'tools.csv', columns: { text: 'note', title: 'name' } },
  ];
  const indexing: IndexOptions = { title: 'Garden', onprogress, signal };
  const garden: Collection = await p.index(documents, indexing);
  check('phases', ['load', 'read', 'encode'].every(phase => phases.has(phase as Progress['phase'])));
  check('collection', garden.title === 'Garden' && garden.passages === 4 && garden.documents === 4 && garden.notes.length === 0);
  check('files', garden.files.index.byteLength > 0 && garden.files.passages.byteLength > 0 && garden.files.dense === undefined);
  const more = await (await p.open(await garden.bytes(within), within)).add('The tap is left of the gate.', indexing);
  check('search', (await p.search(more, within)).passages === 5 && p.collection === more);
  const tap = await p.conversation().ask('where is the tap?');
  check('own', tap.results[0]?.text === 'The tap is left of the gate.');
  const [kept, listed] = await Promise.all([p.save(more, 'garden', { replace: true }).catch((e: unknown) => e), p.saved().catch((e: unknown) => e)]);
  if (kept instanceof ParleyError) { // Node
    check('storage', kept.stage === 'storage' && listed instanceof ParleyError);
  } else {
    const [{ name, title, passages, documents }] = await p.saved() as [Awaited<ReturnType<Parley['saved']>>[0]];
    check('saved', name === 'garden' && title === 'Garden' && passages === 5 && documents > 0);
    const q = await Parley.load({ base, collection: 'garden' });
    check('load: collection', q.about.passages === 5);
    q.close();
    await p.forget('garden');
  }
  await p.search(null);
  check('better', await p.better(false, { signal, onprogress }) === 'off');

  // What must not compile.
  // @ts-expect-error: a question is a string
  const number = () => c.ask(7);
  // @ts-expect-error: a document has a text or a file
  const empty = () => p.index({ title: 'nothing' });
  // @ts-expect-error: no such stage
  const stage = () => c.ask('x', { stage: 'third' });
  // @ts-expect-error: what is searched is changed by search
  const assign = () => { p.collection = null; };
  void [number, empty, stage, assign];

  p.close();
  return wrong;
}

Object.assign(globalThis, { example, readme: () => import('./readme') });
