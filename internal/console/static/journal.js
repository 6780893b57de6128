// The journal: every call as it comes, what it was answered, and why.

import {gateway} from './api.js';
import {attempt, bdi, choose, confirm, copier, copy, cut, el, key, offer, paste} from './dom.js';
import {List} from './list.js';
import {clearJournal, find, info, journal, on} from './live.js';
import {at, clockOf, dayOf, full} from './time.js';

// kind is how a call went: its colour.
export const kind = (e) => (e.fault ? 'fault' : e.response.status >= 500 || !e.response.status ? 'bad' : e.response.status >= 400 ? 'warn' : 'good');
export const pill = (status, of) => el('span', {class: `pill ${of}`}, status || 'lost');
export const line = (e) => (e.operation ? e.operation.slice(e.provider.length + 1) : `${e.request.method} ${e.request.url}`);

// statuses are the ways to filter by how calls went.
const statuses = [['', 'Every outcome'], ['good', 'Answered'], ['warn', 'Refused (4xx)'], ['bad', 'Failed (5xx)'], ['fault', 'Struck by a fault'], ['differs', 'Contracts differ'], ['changed', 'Changed something']];

// words are what the text filter looks in, once it is used.
const words = new WeakMap();

function contains(e, text) {
	let all = words.get(e);
	if (all === undefined) {
		all = [e.operation, e.request.url, e.request.body, e.response.body, e.reason, e.fault, e.differs, e.credential].filter(Boolean).join('\n').toLowerCase();
		words.set(e, all);
	}
	return all.includes(text);
}

const filter = {provider: '', operation: '', outcome: '', text: ''};

function passes(e) {
	return (!filter.provider || e.provider === filter.provider) && (!filter.operation || (e.operation || `${e.provider} `) === filter.operation) &&
		(!filter.outcome || filter.outcome === kind(e) || filter.outcome === 'differs' && e.differs || filter.outcome === 'changed' && e.committed || filter.outcome === String(e.response.status)) &&
		(!filter.text || contains(e, filter.text));
}

export function show(main, signal) {
	let passed = [], detail;
	const list = new List({
		label: 'Calls, the newest first', id: (e) => e.seq, draw: row, open: (e) => go(e.seq), leave: () => go(),
	});
	const known = {providers: new Set(), operations: new Set(), codes: new Set()};
	const providers = choose('Provider', [['', 'Every provider']], (v) => refilter({provider: v, operation: ''}));
	const operations = choose('Operation', [['', 'Every operation']], (v) => refilter({operation: v}));
	const outcomes = choose('Outcome', statuses, (v) => refilter({outcome: v}));
	const text = el('input', {type: 'search', placeholder: 'Text in calls', 'aria-label': 'Text in calls', value: filter.text, input: () => refilter({text: text.value.toLowerCase()})});
	const count = el('span', {class: 'soft count-of', role: 'status'});
	const clear = key('Clear', async () => {
		if (await confirm('Clear the journal?', 'Its entries are gone for everybody; the world stays as it is.', 'Clear')) await clearJournal();
	}, {class: 'quiet'});
	const empty = el('div', {class: 'empty'}), aside = el('section', {class: 'detail', 'aria-label': 'Call', hidden: true, tabindex: -1});
	main.append(el('h1', {class: 'aside'}, 'Journal'), el('div', {class: 'bar'}, text, providers, operations, outcomes, count, clear), el('div', {class: 'split'}, el('div', {class: 'left'}, list.node, empty), aside));

	function learn(entries) {
		const {size} = known.operations, {size: codes} = known.codes;
		for (const e of entries) {
			known.providers.add(e.provider);
			known.operations.add(e.operation || `${e.provider} `);
			known.codes.add(e.response.status);
		}
		if (known.operations.size === size && known.codes.size === codes) return;
		offer(providers, [['', 'Every provider'], ...[...known.providers].sort().map((p) => [p, p])], filter.provider);
		const of = (p) => [...known.operations].filter((o) => o.startsWith(`${p} `)).sort().map((o) => [o, o.slice(p.length + 1) || 'Unknown paths']);
		offer(operations, [['', 'Every operation'], ...[...known.providers].sort().filter((p) => !filter.provider || p === filter.provider).map((p) => ({label: p, options: of(p)}))], filter.operation);
		offer(outcomes, [...statuses, {label: 'Status', options: [...known.codes].sort().map((c) => [String(c), c ? String(c) : 'No answer'])}], filter.outcome);
	}

	function refilter(change) {
		Object.assign(filter, change);
		if (change.provider !== undefined) {
			known.operations.clear();
			learn(journal.entries);
		}
		passed = journal.entries.filter(passes);
		draw(0);
	}

	function unfilter() {
		text.value = outcomes.value = '';
		refilter({provider: '', operation: '', outcome: '', text: ''});
		list.node.focus();
	}

	function draw(before) {
		const all = journal.entries.length;
		count.textContent = passed.length === all ? `${all} ${all === 1 ? 'call' : 'calls'}` : `${passed.length} of ${all}`;
		list.show(passed.length, (i) => passed[passed.length - 1 - i], before);
		const nothing = passed.length === 0;
		list.node.hidden = nothing;
		empty.hidden = !nothing;
		if (nothing) attempt(() => explain(empty, all, unfilter));
	}

	on('anew', () => { learn(journal.entries); refilter({}); }, signal);
	on('entries', ({detail: added}) => {
		learn(added);
		const more = added.filter(passes);
		passed.push(...more);
		while (passed.length > 0 && passed[0].seq < journal.entries[0].seq) passed.shift();
		draw(more.length);
	}, signal);
	learn(journal.entries);
	refilter({});

	return ({rest: [seq]}) => {
		const wanted = Number(seq) || 0, before = detail;
		detail = wanted;
		aside.hidden = !wanted;
		main.classList.toggle('open', Boolean(wanted));
		if (!wanted) {
			if (before) list.node.focus();
			return;
		}
		list.active = wanted;
		list.render();
		const e = find(wanted);
		aside.replaceChildren(...(e ? about(e) : [heading('', `#${wanted}`), el('p', {class: 'empty'}, 'The journal has no such call, or no longer.')]));
		aside.scrollTop = 0;
		aside.focus({preventScroll: true});
	};
}

export const go = (seq) => { location.hash = seq ? `#/journal/${seq}` : '#/journal'; };

function row(e) {
	const t = at(e.time);
	return [
		el('span', {class: 'time'}, el('span', {class: 'day'}, dayOf(t).slice(5)), ` ${clockOf(t)}`),
		el('span', {class: 'who'}, e.provider),
		pill(e.response.status, kind(e)),
		what(e),
		el('span', {class: `why ${kind(e)}`}, bdi(e.fault ? `fault: ${e.fault}` : e.reason || ''), e.differs && !e.fault && !e.reason ? el('span', {class: 'tag'}, 'contracts differ') : ''),
		el('span', {class: 'seq'}, `#${e.seq}`),
	];
}

// what shows an operation; where there is no room, its path loses its beginning.
function what(e) {
	const [method, path] = cut(line(e)).split(/ (.*)/s);
	return el('span', {class: 'what'}, bdi(method), ' ', el('span', {class: 'path'}, bdi(path ?? '')));
}

// explain tells what to do where there is nothing to see.
async function explain(empty, all, unfilter) {
	if (all > 0) {
		empty.replaceChildren(el('h2', {}, 'No call passes the filter'), el('p', {}, `${all} calls are there. `, key('Show all', unfilter)));
		return;
	}
	if (empty.querySelector('.paste')) return;
	const {providers} = await info();
	empty.replaceChildren(el('h2', {}, 'Nothing has called yet'), el('p', {}, 'Paste one of these into a terminal and watch it arrive here. Addresses and credentials are under ', el('a', {href: '#/providers'}, 'Providers'), '.'),
		...Object.entries(providers).map(([name, p]) => el('div', {}, el('h3', {}, name), paste(p.example, `a call to ${name}`))));
}

const heading = (what, seq) => el('div', {class: 'head'}, el('h2', {}, bdi(what), ' ', el('span', {class: 'seq'}, seq)), key('Close', () => go(), {class: 'quiet'}));

// about tells everything of a call.
function about(e) {
	const facts = [];
	const fact = (title, of, text, note) => facts.push(el('div', {class: `fact ${of}`}, el('h3', {}, title), el('p', {}, bdi(text)), note && el('p', {class: 'soft'}, note)));
	if (e.reason || e.fault || e.response.status >= 400) fact('What the client saw', '', seen(e));
	if (e.reason && !e.fault) fact('The true cause', kind(e), e.reason);
	if (e.fault) fact('The fault', 'fault', e.fault, e.outcome ? `The service itself came to ${e.outcome.status}${e.committed ? ', and what it changed stays' : ''}.` : 'The service itself did not see the call.');
	if (e.differs) fact('The other contract', 'info', e.differs);
	return [
		heading(line(e), `#${e.seq}`),
		el('p', {class: 'soft facts'}, pill(e.response.status, kind(e)), el('span', {}, e.provider), el('span', {}, full(at(e.time))), e.nth ? el('span', {}, `call ${e.nth} of its operation`) : '',
			e.credential ? el('span', {}, 'with ', el('a', {href: `#/inventory/${encodeURIComponent(e.provider)}/${encodeURIComponent(e.credential)}`}, bdi(e.credential))) : ''),
		el('div', {class: 'row'},
			key('Copy as curl', async () => copy(await curl(e), 'the call as curl')),
			e.operation ? el('a', {class: 'button', href: `#/faults?${new URLSearchParams({operation: e.operation, status: e.response.status})}`}, 'Fail the next one like this') : ''),
		facts.length > 0 ? el('div', {class: 'facing'}, facts) : '',
		lines('Breaches of the document', e.breaches, 'bad'), lines('Accepted beyond the page', e.warnings, 'warn'),
		lines('Changes', e.changes?.map((c) => `${c.change} ${c.table} ${c.id}`), ''),
		message('Request', `${e.request.method} ${e.request.url}`, e.request),
		message('Answer', e.response.status ? `Status ${e.response.status}` : 'The connection was lost before an answer.', e.response),
		e.outcome ? message('What the service came to', `Status ${e.outcome.status}; the client did not get it.`, e.outcome) : '',
	];
}

// seen is what an answer says to who does not know more.
function seen(e) {
	const {status, body} = e.response;
	if (!status) return 'A lost connection.';
	try {
		const said = JSON.parse(body);
		const text = said.message ?? said.error_description ?? said.Error ?? said.detail ?? said.error ?? said.Reason;
		if (typeof text === 'string') return `${status} · ${text}`;
	} catch { /* then the body as it is */ }
	return `${status}${body ? ` · ${body}` : ''}`;
}

const lines = (title, all, of) => (all?.length ? el('div', {class: `block ${of}`}, el('h3', {}, title), el('ul', {}, all.map((text) => el('li', {}, bdi(text))))) : '');

function message(title, first, {header, body}) {
	const headers = Object.entries(header ?? {}).flatMap(([name, values]) => values.map((v) => [name, v])).sort();
	return el('div', {class: 'block'}, el('div', {class: 'head'}, el('h3', {}, title), body ? copier(body, `the body of the ${title.toLowerCase()}`) : ''),
		el('p', {class: 'mono'}, bdi(first)),
		headers.length > 0 ? el('details', {}, el('summary', {}, `${headers.length} ${headers.length === 1 ? 'header' : 'headers'}`), el('dl', {class: 'mono'}, headers.map(([name, v]) => [el('dt', {}, bdi(name)), el('dd', {}, bdi(v))]))) : '',
		body ? el('pre', {tabindex: 0, 'aria-label': `${title}: body`}, el('code', {}, pretty(body))) : '');
}

function pretty(body) {
	try {
		return JSON.stringify(JSON.parse(body), null, 2);
	} catch {
		return body;
	}
}

// unsent are headers that curl sets by itself.
const unsent = new Set(['Content-Length', 'Host', 'Connection', 'Accept-Encoding', 'User-Agent']);

// curl writes a call as a command for a shell.
async function curl(e) {
	const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
	const {providers, ca} = await info();
	const url = /^\w+:\/\//.test(e.request.url) ? e.request.url : (providers[e.provider]?.url ?? location.origin + gateway + e.provider) + e.request.url;
	const parts = ['curl -sS', ca && `--cacert ${quote(ca)}`, `-X ${quote(e.request.method)}`, quote(url)];
	for (const [name, values] of Object.entries(e.request.header)) {
		if (!unsent.has(name)) parts.push(...values.map((v) => `-H ${quote(`${name}: ${v}`)}`));
	}
	if (e.request.body) parts.push(`--data-raw ${quote(e.request.body)}`);
	return parts.filter(Boolean).join(' \\\n  ');
}
