// The bundle runs in Node, too, where there is no document to preload from.
export default { base: './', build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0 } };
