// The lesson: what the tour (tour.js) and the worksheet (handout.js) say and ask. Figures
// in it are not written here: they are computed by the models that the page has loaded.
//
// A step asks a question of the class before it shows the result: predict.of returns the
// option that came true and a sentence about it. A view is one state of the page: a
// conversation and what is shown of it (stage.js), beside a text of at most four lines.
'use strict';
(() => {
  const { parley } = window;
  const lesson = parley.lesson ??= {};

  const peru = ['How many people live in Peru?', 'which languages do they speak?'];
  const poets = [
    'who is the greatest russian poet, by most people opinion?',
    'After he died, who was most important?',
    'and which playwright called medicine his wife?',
    'His friend who wrote about him in memoirs, was he winning Nobel prize?',
  ];
  // What a person would type who has to say everything at once; index.html has the same
  // rewrites for the page's own comparison.
  const rewrites = { [peru[1]]: 'Which languages do people speak in Peru?' };
  const answering = { [peru[1]]: ['factbook/peru/people', 'Peru'], [poets[3]]: ['Maxim_Gorky'] };

  // ---- Figures ----

  const levels = () => parley.about?.levels?.length ? parley.about.levels : [{ name: '', title: 'This encoder' }];
  const base = () => levels()[0];
  const usual = () => levels().find(l => l.name === parley.about.level) || levels()[0];
  const sparsest = () => levels().at(-1);

  const probe = ask => parley.probe(JSON.stringify(ask));
  const learned = a => (a.terms || []).filter(t => !t.word);
  const words = a => (a.terms || []).filter(t => t.word);
  const typed = a => learned(a).filter(t => t.typed);

  function quotation(r) {
    const [from, to] = r.quote || [0, 0];
    return new TextDecoder().decode(new TextEncoder().encode(r.text || '').subarray(from, to));
  }

  // conversation asks the questions one after the other, as the page does, and returns the
  // answers.
  async function conversation(questions, level = '', read = '') {
    const turns = [], answers = [];
    for (const [i, question] of questions.entries()) {
      const a = await probe({ turns: [...turns, { question }], k: 100, level, stage: 'sparse', read: i && i === questions.length - 1 ? read : '' });
      const r = a.doubt ? null : (a.results || [])[a.reply || 0];
      turns.push({ question, reply: r ? quotation(r) : '' });
      answers.push(a);
    }
    answers.turns = turns;
    return answers;
  }

  const kept = new Map();
  function once(key, f) {
    if (!kept.has(key)) kept.set(key, f().catch(e => { kept.delete(key); throw e; }));
    return kept.get(key);
  }

  // last answers the conversation's newest question. All levels read the same replies,
  // those of the level that the page uses, so that only the encoder differs.
  const last = (questions, level, read = 'together') => once([level, read, ...questions].join('\n'), async () => {
    const before = await once('before\n' + questions.join('\n'), () => conversation(questions.slice(0, -1)));
    return probe({ turns: [...before.turns, { question: questions.at(-1) }], k: 100, level, stage: 'sparse', read: questions.length > 1 ? read : '' });
  });
  const alone = (question, level) => once(['alone', level, question].join('\n'), () => probe({ turns: [{ question }], k: 100, level, stage: 'sparse' }));

  // rank is that of the best passage which answers, from 1; 0 where it is not among the
  // first hundred.
  const rank = (a, question) => (a.results || []).findIndex(r => answering[question].some(id => r.id.split('#')[0] === id)) + 1;
  const place = n => n === 1 ? 'first' : n ? `at rank ${n}` : 'not among the first 100';

  const number = n => n.toLocaleString('en');
  const terms = n => `${number(n)}\u00a0${n === 1 ? 'term' : 'terms'}`;
  const list = all => all.map(t => (t.text.startsWith('##') ? '-' + t.text.slice(2) : t.text)).join(', ');
  const titleOf = a => a.results?.[0]?.title ?? 'nothing';

  // averages are what was measured of each level on many questions (site/publish, card.go).
  const [measured, integrity] = ['{{levels.json}}', '{{levels.json integrity}}'];
  const averages = () => once('averages', () => fetch(parley.url(measured), { integrity }).then(r => r.json()));
  async function lost(level) {
    const [f] = (await averages())[level.name]?.lost || [];
    return f ? `over ${number(f.queries)} (${f.set}) the level “${level.title}” ${f.r100 >= 0 ? 'loses' : 'gains'} ${Math.abs(f.r100).toFixed(1)} % of R@100` : '';
  }

  // ---- Steps ----

  lesson.steps = [
    {
      name: 'sparse-vector', title: 'What is a sparse vector?',
      views: [
        { ask: peru.slice(0, 1), what: 'turn', covered: true, predict: true, text: [
          'The encoder gives each of the 30,522 pieces of words that it knows a weight for this question.',
        ] },
        { ask: peru.slice(0, 1), what: 'vector', at: '.groups', text: async () => {
          const a = await last(peru.slice(0, 1), usual().name), n = learned(a), t = typed(a);
          return [
            `${t.length} were typed (${list(t)}). ${n.length - t.length} were added, with dashed bars: the encoder has learned that they belong to such a question. All others are zero.`,
            ...words(a).length ? ['Words in quotation marks count as well, each by its spelling.'] : [],
          ];
        } },
        { ask: peru.slice(0, 1), what: 'results', text: ['Each passage has such a vector, too. Its score is a sum over the terms that both have: one weight times the other. Press “Why this result” to see the products, and switch a term off.'] },
      ],
      predict: {
        question: 'How many of these 30,522 weights are not zero?',
        options: ['fewer than 10', '10 to 50', 'a few hundred', 'nearly all'],
        async of() {
          const n = learned(await last(peru.slice(0, 1), usual().name)).length;
          return [n < 10 ? 0 : n <= 50 ? 1 : n < 5000 ? 2 : 3, `${n} of 30,522 are not zero.`];
        },
      },
    },
    {
      name: 'follow-ups', title: 'Why do follow-ups fail?',
      views: [
        { ask: peru.slice(0, 1), what: 'turn', predict: true, text: [
          `The next question will be: “${peru[1]}” At first it is read by itself, as a search engine reads it.`,
        ] },
        { ask: peru, read: 'alone', what: 'turn', text: async () => {
          const a = await last(peru, usual().name, 'alone');
          return [
            `The question names no country. The passage that answers it is ${place(rank(a, peru[1]))}.`,
          ];
        } },
        { ask: peru, read: 'together', what: 'turn', text: async () => {
          const a = await last(peru, usual().name);
          return [
            `The same encoder now reads: [CLS] ${peru[1]} [SEP] the reply [SEP] ${peru[0]} [SEP]`,
            `The passage that answers is ${place(rank(a, peru[1]))}: “${titleOf(a)}”.`,
          ];
        } },
        { ask: peru, read: 'together', what: 'vector', at: '.legend', text: ['The number beside each bar is the turn that its term comes from. “peru” was never typed in turn 2. Leave turn 1 out, and watch it go.'] },
      ],
      predict: {
        question: 'What will be found?',
        options: ['the languages of Peru', 'something about languages anywhere', 'nothing at all'],
        async of() {
          const a = await last(peru, usual().name, 'alone');
          return [!a.results?.length ? 2 : rank(a, peru[1]) === 1 ? 0 : 1, `Read alone, it finds “${titleOf(a)}”.`];
        },
      },
    },
    {
      name: 'distillation', title: 'What did distillation change?',
      views: [
        { ask: peru, read: 'together', what: 'turn', predict: true, text: [
          'Two encoders read the whole conversation. One learned from single questions; the other, distilled, to rank as the first does for a rewrite.',
        ] },
        { ask: peru, read: 'together', what: 'compare', at: '.ways', text: async () => {
          const [a, b, c] = [await last(peru, base().name), await last(peru, usual().name), await alone(rewrites[peru[1]], base().name)];
          return [
            `The encoder of single questions takes the conversation for one long question, and lights ${terms(learned(a).length)}. The distilled one lights ${learned(b).length}.`,
            `With a person’s rewrite the passage is ${place(rank(c, peru[1]))}; the distilled encoder needs none.`,
          ];
        } },
      ],
      predict: {
        question: 'Which ranks the passage that answers higher?',
        options: ['the first', 'the distilled one', 'both the same'],
        async of() {
          const [a, b] = [rank(await last(peru, base().name), peru[1]) || 101, rank(await last(peru, usual().name), peru[1]) || 101];
          return [a < b ? 0 : b < a ? 1 : 2, `It is ${place(a % 101)} for single questions, and ${place(b % 101)} distilled.`];
        },
      },
    },
    {
      name: 'regulariser', title: 'What does the regulariser remove?', levels: true,
      views: [
        { ask: poets, read: 'together', what: 'turn', predict: true, text: [
          'Training can charge every lit term a price: then those that help least go dark. Each level paid more.',
        ] },
        { ask: poets, read: 'together', what: 'dial', at: '.scroll:has(> .grid)', text: async () => {
          const all = await Promise.all(levels().map(async l => [l, await last(poets, l.name)]));
          const b = all.find(([l]) => l.name === usual().name)[1], s = all.at(-1)[1];
          const ranks = all.slice(all.findIndex(([l]) => l.name === usual().name)).map(([, a]) => rank(a, poets[3]) || 'beyond 100');
          return [
            `Of ${learned(b).length} learned terms, ${learned(s).length} are left: ${list(learned(s))}.`,
            `The rank of what answers, Maxim Gorky, from “${usual().title}” to “${sparsest().title}”: ${ranks.join(', ')}.`,
          ];
        } },
      ],
      predict: {
        question: 'Which of these terms is dark at the sparsest level?',
        options: ['nobel', 'wrote', 'history', 'award'],
        async of() {
          const [b, s] = [await last(poets, usual().name), await last(poets, sparsest().name)];
          const has = (a, t) => learned(a).some(u => u.text === t);
          const dark = this.options.filter(t => has(b, t) && !has(s, t));
          return [this.options.indexOf(dark[0]), dark.length ? `“${dark.join('”, “')}” went dark.` : 'None of them went dark.'];
        },
      },
    },
    {
      name: 'cost', title: 'What does it cost?', levels: true,
      views: [
        { ask: poets, read: 'together', what: 'turn', predict: true, text: async () => [
          `A search touches each posting of each lit term: its weight in one passage. The index has ${number(parley.about.postings)}.`,
        ] },
        { ask: poets, read: 'together', what: 'dial', at: '.scroll:has(> .side-by-side)', text: async () => {
          const [b, s] = [await last(poets, usual().name), await last(poets, sparsest().name)];
          const l = sparsest(), many = [l.questions && `over ${number(l.questions)} FLOPS is ${l.ratio.toFixed(1)} times lower`, await lost(l)].filter(Boolean).join('; ');
          return [
            `At the level “${l.title}” it touches ${number(s.cost.postings)}: ${(b.cost.postings / s.cost.postings).toFixed(1)} times fewer. FLOPS is the same for an average passage.`,
            `This is one question${many && `; ${many}`}.`,
          ];
        } },
        { ask: poets, read: 'together', what: 'dial', at: '.cutter', text: ['A query can also keep only its heaviest terms, without training. Move the slider, and watch rank and FLOPS.'] },
      ],
      predict: {
        question: 'How many of them does the fourth question of this conversation touch?',
        options: ['about 50', 'a few thousand', 'tens of thousands', 'all of them'],
        async of() {
          const n = (await last(poets, usual().name)).cost.postings;
          return [n < 1000 ? 0 : n < 10000 ? 1 : n < 200000 ? 2 : 3, `It touches ${number(n)} of ${number(parley.about.postings)}.`];
        },
      },
    },
  ];

  // ---- Exercises ----

  // They are those of site/lesson/exercises.md, whose test holds the answers to the models.
  lesson.exercises = [
    {
      title: 'A score is a sum',
      text: [
        `Ask “${peru[0]}” Open “Why this result” of the first result.`,
        'Which term brings most? Multiply its two weights. How much do the three heaviest terms bring together?',
        'Switch the two heaviest off. Which result is first now?',
      ],
      async answer() {
        const ask = { turns: [{ question: peru[0] }], k: 10, stage: 'sparse', explain: true };
        const a = await probe(ask), r = a.results[0];
        const parts = [...r.parts].sort((x, y) => y.query * y.doc - x.query * x.doc);
        const name = t => t.word ? `“${t.text}” (exact word)` : t.text;
        const top = parts.slice(0, 3).map(p => `${name(a.terms[p.term || 0])} ${p.query.toFixed(2)} × ${p.doc.toFixed(2)} = ${(p.query * p.doc).toFixed(2)}`);
        const two = parts.slice(0, 2).map(p => a.terms[p.term || 0]);
        const off = await probe({ ...ask, weights: two.map(t => ({ text: t.text, word: !!t.word, factor: 0 })) });
        return [
          `${top.join('; ')}. Together ${parts.slice(0, 3).reduce((s, p) => s + p.query * p.doc, 0).toFixed(2)} of ${r.score.toFixed(2)}${r.rule ? `, of which a rule brings ${r.rule.toFixed(2)}` : ''}.`,
          `Without ${two.map(name).join(' and ')} the first result is “${titleOf(off)}”.`,
        ];
      },
    },
    {
      title: 'Where a follow-up gets its words',
      text: [
        `Ask “${peru[0]}”, then “${peru[1]}” A rule knows such questions, and reads it as “the languages spoken in Peru”. Press “Read it with the conversation”, which leaves it to the encoder, and open “What the encoder saw” of turn 2.`,
        'Name the three heaviest terms that come from turn 1. Were they typed or added?',
        'Press “Read it alone”. Which article is quoted now, and why?',
        'Read it with the conversation again, and leave turn 1 out of the vector. Is that the same?',
      ],
      async answer() {
        const [a, b] = [await last(peru, usual().name), await last(peru, usual().name, 'alone')];
        const from = learned(a).filter(t => !t.turn).slice(0, 3);
        return [
          from.map(t => `${t.text} (${t.typed ? 'typed' : 'added'})`).join(', ') + '.',
          `“${titleOf(b)}”: without turn 1 nothing in the question names a country.`,
          'Yes: in both cases the encoder reads turn 2 and nothing else.',
        ];
      },
    },
    {
      title: 'What sparsity costs',
      text: [
        'Ask the four questions about Russian poets (an example of the page). Open “How sparse?”.',
        'Write down, for each level: learned terms, postings, the rank of Maxim Gorky for the fourth question.',
        'How many times fewer postings does the sparsest level touch than the one that answers? What did that cost here? Why is one question not enough to judge a level?',
      ],
      async answer() {
        const all = await Promise.all(levels().map(async l => [l, await last(poets, l.name)]));
        const b = all.find(([l]) => l.name === usual().name)[1], s = all.at(-1)[1];
        return [
          all.map(([l, a]) => `${l.title}: ${terms(learned(a).length)}, ${number(a.cost.postings)} postings, ${rank(a, poets[3]) || 'no'} rank`.replace(/(\S+) rank$/, 'rank $1')).join('. ') + '.',
          `${(b.cost.postings / s.cost.postings).toFixed(1)} times fewer postings; the article falls from rank ${rank(b, poets[3])} to ${rank(s, poets[3])}. Another question may lose nothing: only an average over many says what a level costs${await lost(sparsest()).then(t => t && `; ${t}`)}.`,
        ];
      },
    },
  ];

  Object.assign(lesson, { figures: { probe, learned, words, number }, available: () => lesson.steps.filter(s => !s.levels || !parley.about || levels().length > 1) });
})();
