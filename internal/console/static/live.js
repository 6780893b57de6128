// What the page knows of the world, kept up to date: the clock, the journal, the
// credentials and the faults. Views listen to it.

import {address, call, get} from './api.js';
import {at, duration} from './time.js';

export const live = new EventTarget();
const tell = (what) => live.dispatchEvent(new Event(what));

// on listens until the signal of a view ends.
export const on = (what, fn, signal) => live.addEventListener(what, fn, {signal});

// The clock goes on by itself between two answers of the server.
const clock = {now: Date.now(), frozen: false, offset: 0, read: performance.now()};
export const now = () => (clock.frozen ? clock.now : clock.now + performance.now() - clock.read);
export const frozen = () => clock.frozen;

// offset is how far the clock is from real time.
export const offset = () => (clock.frozen ? clock.now - Date.now() : clock.offset);

export function setClock(info) {
	const before = now(), was = clock.frozen;
	Object.assign(clock, {now: at(info.now), frozen: info.frozen, offset: duration(info.offset), read: performance.now()});
	if (was !== clock.frozen || Math.abs(now() - before) > 2000) tell('jump');
	tell('clock');
}

export const readClock = async () => setClock(await get('clock'));
export const moveClock = async (how, body) => setClock(await call('POST', `clock/${how}`, body));

let known;

// info is what the server says of itself; once read, it is kept.
export function info(again = false) {
	if (!known || again) {
		known = get('info').then((said) => { setClock(said.clock); return said; });
		known.catch(() => { known = undefined; });
	}
	return known;
}

let listed;

// operations are those that are served, with the statuses that they document.
export function operations() {
	listed ??= get('operations').then((all) => all.operations.filter((o) => o.served));
	listed.catch(() => { listed = undefined; });
	return listed;
}

export const faults = {waiting: []};

export async function readFaults() {
	faults.waiting = (await get('faults')).faults;
	tell('faults');
}

// The journal: entries by ascending seq, without gaps, as many as the server keeps.
const most = 10000, newest = 200;
export const journal = {entries: [], whole: false, linked: false};

export const find = (seq) => {
	const first = journal.entries[0]?.seq;
	return first === undefined ? undefined : journal.entries[seq - first];
};

// touching finds the calls that a credential was used by and those that changed it.
// Its index lives until the next call arrives: rows ask for it while one scrolls.
let index;

export function touching(id) {
	if (!index) {
		index = new Map();
		for (const e of journal.entries) {
			for (const of of new Set([e.credential, ...(e.changes ?? []).map((c) => c.id)])) {
				if (index.has(of)) index.get(of).push(e);
				else index.set(of, [e]);
			}
		}
	}
	return index.get(id) ?? [];
}

for (const what of ['anew', 'entries']) on(what, () => { index = undefined; });

let stream, retry, older = [], fresh = [], drawing = false;
const last = () => fresh.at(-1)?.seq ?? journal.entries.at(-1)?.seq ?? 0;

// listen reads the newest entries, then those before them and those to come from
// the stream. It begins anew after every break, and rests while nobody looks: a
// browser has few connections for a server.
export async function listen() {
	hush();
	if (document.hidden) return;
	try {
		const {entries} = await get(`journal?limit=${newest}`);
		const end = entries.at(-1)?.seq ?? 0;
		if (end < last() || !journal.whole || (entries[0]?.seq ?? 0) > last() + 1) {
			Object.assign(journal, {entries, whole: entries.length < newest});
			older = [];
			fresh = [];
			tell('anew');
		} else {
			take(entries);
		}
		await Promise.all([info(true), readFaults()]);
		hush(); // another may have listened meanwhile
		stream = new EventSource(address(`journal/stream?since=${journal.whole ? last() : 0}`));
	} catch {
		return again();
	}
	stream.onopen = () => link(true);
	stream.onerror = again;
	stream.onmessage = (message) => take([JSON.parse(message.data)]);
}

function hush() {
	clearTimeout(retry);
	stream?.close();
	stream = undefined;
}

function again() {
	hush();
	link(false);
	retry = setTimeout(listen, 1000);
}

function link(linked) {
	journal.linked = linked;
	tell('link');
}

document.addEventListener('visibilitychange', listen);

// take puts entries in their places, and tells of them once a frame.
function take(entries) {
	const first = journal.whole ? 0 : journal.entries[0].seq;
	for (const e of entries) {
		if (e.seq < first) {
			older.push(e);
		} else if (e.seq > last()) {
			fresh.push(e);
		}
		if (!journal.whole && e.seq >= first - 1) {
			journal.entries = older.concat(journal.entries);
			older = [];
			journal.whole = true;
			tell('anew');
		}
	}
	if (fresh.length > 0 && !drawing) {
		drawing = true;
		requestAnimationFrame(publish);
	}
}

function publish() {
	drawing = false;
	const added = fresh;
	fresh = [];
	journal.entries.push(...added);
	if (journal.entries.length > most) journal.entries.splice(0, journal.entries.length - most);
	live.dispatchEvent(new CustomEvent('entries', {detail: added}));
	if (added.some((e) => e.committed)) soon('stale', 300);
	if (added.some((e) => e.fault)) soon('struck', 100);
	soon('tick', 500);
}

export async function clearJournal() {
	await call('DELETE', 'journal');
	Object.assign(journal, {entries: [], whole: true});
	tell('anew');
}

// startOver forgets what was read of a world that is no more.
export async function startOver() {
	known = undefined;
	Object.assign(journal, {entries: [], whole: false});
	await listen();
	tell('stale');
}

const pending = new Map();

// soon tells of something that may happen often, not more often than that.
function soon(what, ms) {
	if (pending.has(what)) return;
	pending.set(what, setTimeout(() => { pending.delete(what); tell(what); }, ms));
}

const quietly = (action) => () => action().catch(() => {}); // the link says that the server is gone
live.addEventListener('struck', quietly(readFaults));
live.addEventListener('tick', quietly(readClock)); // a call may come with the clock moved
setInterval(quietly(async () => { if (!document.hidden && journal.linked) await readClock(); }), 5000);
