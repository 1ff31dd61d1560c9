// What the benchmark tells a server: a file of JSON, named by the first argument.
import { readFileSync } from 'node:fs';

export const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
export const HOST = '127.0.0.1';
