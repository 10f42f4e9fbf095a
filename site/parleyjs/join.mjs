// Writes what the package has beside this folder's files. Its parts are the page's
// (site/web): site/publish joins the same ones into every built folder, and a test
// compares the two.
import { readFile, writeFile } from 'node:fs/promises';

const parts = ['programs.js', 'jobs.js', 'node.js', 'api.js'];
const texts = await Promise.all(parts.map(name => readFile(new URL(`../web/${name}`, import.meta.url), 'utf8')));
await writeFile(new URL('parley.js', import.meta.url), texts.join(''));
