// The module of this folder, by a name that stays: import { Parley } from '/FOLDER/parley.js'.
export * from './{{parley-api.js}}';
