// Saves what Compare shows (wasm/ui/compare.go) as PNG, SVG, CSV and JSON, and explains its
// words under it.
'use strict';
(() => {
  const { parley } = window;
  const { el, save } = window.parleyCharts;

  let table = null, turn = 0;
  const menu = save(() => `Ways to read turn ${turn}`, () => ({ ...table }));
  const words = el('details', { class: 'numbers' }, el('summary', {}, 'Glossary'), window.parleyGlossary.list());

  // show takes the columns as a table, and puts both where the panel leaves a place for them.
  function show(rows, looked) {
    const [head, ...rest] = JSON.parse(rows);
    table = { head, rows: rest };
    turn = looked + 1;
    for (const [id, e] of [['compare-save', menu], ['compare-words', words]]) {
      const place = document.getElementById(id);
      if (place && e.parentNode !== place) place.append(e);
    }
  }

  parley.panels.compare = { show };
})();
