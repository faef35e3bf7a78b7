#!/usr/bin/env node
/**
 * What `waymark` starts with: room for the embedded store beside everything else that leaves the event loop. Each question to it holds
 * a thread of libuv's pool until it is answered, and with the four that there are by default four slow reports would keep the journal
 * from being flushed. The pool is made at its first use, which is reading the first ES module, so this file is none.
 */
process.env.UV_THREADPOOL_SIZE ??= '16'
void import('./main.ts')
