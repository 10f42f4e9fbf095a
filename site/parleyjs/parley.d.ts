/** What goes wrong. `message` says what, where, and what to do. */
export class ParleyError extends Error {
  /**
   * support: the browser lacks something, or a policy forbids it. version: the package and
   * the folder do not fit. download, verify, open: a file did not come, was altered, or
   * could not be used. ask, index, files: a question, or a job on documents. storage: the
   * browser keeps nothing. closed: `close` was called.
   */
  stage: 'support' | 'version' | 'download' | 'verify' | 'open' | 'ask' | 'index' | 'files' | 'storage' | 'closed' | (string & {});
  /** The file that it is about, or "". */
  file: string;
}

export interface Progress {
  /** load: bytes of the folder's files. read: documents. encode: passages. */
  phase: 'load' | 'read' | 'encode';
  done: number;
  total: number;
  /** load: the file that came last. */
  file?: string;
  /** encode: milliseconds that are left, where they can be estimated. */
  left?: number;
}

export interface Signal {
  /** Stops the work; the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
}

export interface LoadOptions extends Signal {
  /**
   * The folder that `parley build` wrote: an address, relative to the page; in Node also a
   * path. Without it, the folder that this script was loaded from.
   */
  base?: string | URL;
  onprogress?(progress: Progress): void;
  /** The encoder that answers, one of `levels`; without it, the folder's default. */
  level?: string;
  /** Searched in place of the folder's own: what `open` takes. */
  collection?: Collection | string | Blob | ArrayBuffer | Uint8Array;
  /** The SHA-256 that parley.json must have, "sha256-...": then every byte that is used is the one you built. */
  integrity?: string;
}

export interface Level {
  name: string;
  title: string;
  /** The mean over so many questions. */
  flops: number;
  questions: number;
  ratio: number;
}

/** What is searched. */
export interface About {
  collection: string;
  passages: number;
  encoder: string;
  licence: string;
  licenceURL: string;
  attribution: string;
  /** Whether WebAssembly SIMD is used; without it, an answer takes about 20 times as long. */
  simd: boolean;
  /** Bytes that the worker uses. */
  memory: number;
  levels: Level[];
  /** The default level; "" where there is a single encoder. */
  level: string;
  /** First questions, made of the collection's titles. */
  suggested: string[];
  /** The second stage that `better` loads, or null. */
  better: { title: string; bytes: number } | null;
}

export interface Part {
  /** Index into the answer's terms. */
  term: number;
  query: number;
  doc: number;
}

export interface Result {
  doc: number;
  id: string;
  title: string;
  text: string;
  url: string;
  score: number;
  /** The second stage's part of the score. */
  dense: number;
  /** The part of the score by a rule that reads words, for a fact about a country or a place that is asked for ("the largest planet") or a title that is named, at least 0. */
  rule: number;
  /** The reader's part of the score, at least 0. */
  read: number;
  /** The sentence of the text that answers best. */
  quote: string;
  /** Where the quotation is in the text: text.slice(...span). */
  span: [number, number];
  /** The words of the text that its score comes from, as ranges of the text. */
  marks: [number, number][];
  /** The question asks for a figure or a date, and the quotation has none. */
  noFigure: boolean;
  /** The score, term by term: where `explain` was asked for. */
  parts?: Part[];
}

export interface Term {
  text: string;
  weight: number;
  /** The turn whose text won the term; -1: none. */
  turn: number;
  /** It was won by the turn's reply. */
  reply: boolean;
  /** It stands in the conversation; otherwise the encoder added it. */
  typed: boolean;
  /** An exact word, and not a term of the encoder. */
  word: boolean;
}

export interface Answer {
  question: string;
  /** The quotation; "" where there is a doubt. */
  reply: string;
  /** The result that is quoted, or null. */
  source: Result | null;
  /** Why nothing is quoted: "" for no doubt. */
  doubt: '' | 'greeting' | 'thanks' | 'language' | 'unsure';
  /** The probability, 0 to 1, that the first result answers the question. */
  confidence: number;
  /** Best first. */
  results: Result[];
  /** What was searched for, heaviest first. */
  terms: Term[];
  /** Milliseconds, and the index's lists and postings that were read. */
  cost: { encode: number; search: number; read: number; dense: number; reader: number; lists: number; postings: number };
  /** The turns that were read, the newest included. */
  read: number[];
  /** The question was read without the turns before it. */
  alone: boolean;
  /**
   * The question opens a topic or names a subject of its own: the sparse stage reads later
   * questions without what was said before it.
   */
  begins: boolean;
  stage: 'sparse' | 'dense' | 'both' | 'read' | '';
  /** Misspelt words, and what they were read as; or the question, if it was completed: "and Chile?" after "the capital of Peru". */
  spelling: { typed: string; read: string }[];
  /** The question was completed, and read without the turns before it. */
  completed: boolean;
  tokens: number;
  /** Older text did not fit. */
  dropped: boolean;
  /** The question alone did not fit. */
  cut: boolean;
}

export interface AskOptions extends Signal {
  /** How many results, 1 to 100; 10 without it. */
  k?: number;
  level?: string;
  /** With the turns before it, or without; left out, the encoder decides. */
  read?: 'alone' | 'together' | '';
  stage?: 'sparse' | 'dense' | 'both' | 'read' | '';
}

export interface ProbeOptions extends AskOptions {
  /** Which turn; without it, the newest. */
  turn?: number;
  /** Turns that are not read. */
  leaveOut?: number[];
  /** Results with parts. */
  explain?: boolean;
  /** Factors on the weights of terms; 0 removes a term. */
  weights?: { text: string; word?: boolean; factor: number }[];
}

export interface Turn {
  question: string;
  reply: string;
  /** The title of the passage that the reply quotes. */
  title: string;
  /** Answer.begins of the turn. */
  begins: boolean;
  answer: Answer | null;
}

/** Turns that are read together. */
export interface Conversation {
  readonly turns: Turn[];
  ask(question: string, options?: AskOptions): Promise<Answer>;
  /** Asks a turn's question again in another way. The conversation stays as it is. */
  probe(options?: ProbeOptions): Promise<Answer>;
  explain(turn?: number, options?: ProbeOptions): Promise<Answer>;
  leaveOut(turns: number | number[], options?: ProbeOptions): Promise<Answer>;
  /** Makes another result the reply that later questions build on. */
  choose(result: Result | string, turn?: number): void;
  /** Takes back the newest turn. */
  undo(): Turn | undefined;
  /** What `conversation` takes to go on with it. */
  toJSON(): { turns: { question: string; reply: string; title: string; begins: boolean }[] };
}

/**
 * A text, a file (its name says what it is), or a text with its title and its address, which
 * may be relative to the page.
 */
export type Document =
  | string
  | Blob
  | { text: string; id?: string; title?: string; url?: string }
  | { file: Blob; path?: string; columns?: { text: string; title?: string } };

export interface IndexOptions extends Signal {
  title?: string;
  onprogress?(progress: Progress): void;
}

/** Documents, encoded. */
export interface Collection {
  readonly title: string;
  readonly passages: number;
  readonly documents: number;
  /** What was left out, and why. */
  readonly notes: string[];
  readonly files: { index: ArrayBuffer; passages: ArrayBuffer; dense?: ArrayBuffer };
  /** A zip file, which `open` and `parley --collection` read. */
  bytes(options?: Signal): Promise<Uint8Array>;
  /**
   * A collection with further documents, which replace those of the same ids. `save` puts it
   * in the place of this one.
   */
  add(documents: Document | Document[], options?: IndexOptions): Promise<Collection>;
}

export class Parley {
  private constructor();
  static load(options?: LoadOptions): Promise<Parley>;
  /** The bytes that `load` loads, as the host sends them (Brotli). */
  static size(options?: Pick<LoadOptions, 'base' | 'signal' | 'integrity'>): Promise<number>;

  readonly about: About;
  readonly levels: Level[];
  /** What a visitor should know, in whole sentences. */
  readonly warnings: string[];
  /** The collection that is searched; null: the folder's own. */
  readonly collection: Collection | null;

  conversation(options?: Omit<AskOptions, 'signal'> & { turns?: { question: string; reply?: string; title?: string; begins?: boolean }[] }): Conversation;

  index(documents: Document | Document[], options?: IndexOptions): Promise<Collection>;
  /** The collection that was saved under a name, or is in a file's bytes. */
  open(collection: Collection | string | Blob | ArrayBuffer | Uint8Array, options?: Signal): Promise<Collection>;
  /** Searches a collection from now on; null: the folder's own. */
  search(collection: Collection | string | Blob | ArrayBuffer | Uint8Array | null, options?: Signal): Promise<About>;

  /** Keeps a collection in the browser (IndexedDB), under this folder's address. */
  save(collection: Collection, name?: string, options?: { replace?: boolean }): Promise<void>;
  saved(): Promise<{ name: string; title: string; passages: number; documents: number }[]>;
  forget(name: string): Promise<void>;

  /** Loads the second stage, or releases it. */
  better(on?: boolean, options?: Signal & { onprogress?(progress: Progress): void }): Promise<'on' | 'off'>;

  /** Ends the workers. */
  close(): void;
}
