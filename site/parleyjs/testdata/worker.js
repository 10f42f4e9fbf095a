import * as parley from '/search/parley.js';
import { use } from './use.js';

use(parley, '/search/').then(postMessage, e => { setTimeout(() => { throw e; }); });
