// Leads to the parts of the lesson by the page's address: the tour, a presentation, a
// handout. boot.js calls go whenever the address begins with one of them.
'use strict';
(() => {
  const { parley } = window;
  const { lesson, kit } = parley;
  document.head.append(kit.el('link', { rel: 'stylesheet', integrity: '{{lesson.css integrity}}', href: parley.at('{{lesson.css}}') }));

  async function go() {
    const { hash } = location;
    const handout = hash.startsWith('#handout');
    if (!handout) lesson.handout.leave();
    if (lesson.present.on && !handout && !hash.startsWith('#present')) lesson.present.leave();
    if (lesson.tour.on && hash.startsWith('#present')) lesson.tour.leave();
    if (!handout) lesson.last = hash; // where a handout returns to
    if (handout) await lesson.handout.go(hash);
    else if (hash.startsWith('#tour=')) await lesson.tour.go(hash);
    else await lesson.present.go(hash);
  }

  // The browser's Back button leads out, too.
  addEventListener('hashchange', () => {
    if (/^#(tour|present|handout)/.test(location.hash)) return;
    lesson.handout.leave();
    if (lesson.tour.on) lesson.tour.end();
    if (lesson.present.on) lesson.present.end();
  });

  parley.panels.lesson = { go };
})();
