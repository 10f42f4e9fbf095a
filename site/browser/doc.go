// Package browser tests the page as a visitor meets it: in headless Chromium,
// driven over the DevTools protocol, from a folder that site/publish built and
// site/serve serves.
//
// Every test opens its page through open, which fails the test for anything that
// the console, a worker or the content security policy complains of, and for any
// request that leaves the origin, unless the test said beforehand that it expects
// it.
//
// Chromium is looked for on the PATH, or at PARLEY_CHROMIUM. Without it the tests
// are skipped; with PARLEY_BROWSER=required, or CI=true, they fail.
package browser
