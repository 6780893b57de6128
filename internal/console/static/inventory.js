// The inventory: every credential of the world, its life on one scale of time.

import {get} from './api.js';
import {attempt, bdi, choose, el, key, offer, svg} from './dom.js';
import {List} from './list.js';
import {frozen, now, on, touching} from './live.js';
import {along, at, full, marks, since} from './time.js';

const filter = {provider: '', kind: '', state: '', text: ''};
const idOf = (k) => `${k.provider}/${k.kind}/${k.id}`;
const words = (kind) => kind.replaceAll('-', ' ');

export function show(main, signal) {
	let all = [], passed = [], wanted, timer, reading = 0;
	const list = new List({
		label: 'Credentials', id: idOf, draw: row, leave: () => go(),
		version: (k) => [k.live, k.reason, k.uses, k.lastUsed, k.expires, k.entry, Math.round(now() / 1000)].join(),
		open: go,
	});
	const providers = choose('Provider', [['', 'Every provider']], (v) => refilter({provider: v}), filter.provider);
	const kinds = choose('Kind', [['', 'Every kind']], (v) => refilter({kind: v}), filter.kind);
	const states = choose('State', [['', 'Works or not'], ['live', 'Works'], ['dead', 'Does not work']], (v) => refilter({state: v}), filter.state);
	const text = el('input', {type: 'search', placeholder: 'Owner, id or reason', 'aria-label': 'Owner, id or reason', value: filter.text, input: () => refilter({text: text.value.toLowerCase()})});
	const count = el('span', {class: 'soft count-of', role: 'status'});
	const empty = el('div', {class: 'empty', hidden: true}), aside = el('section', {class: 'detail', 'aria-label': 'Credential', hidden: true, tabindex: -1});
	main.append(el('h1', {class: 'aside'}, 'Inventory'), el('div', {class: 'bar'}, text, providers, kinds, states, count),
		el('div', {class: 'split'}, el('div', {class: 'left'}, axis(), list.node, empty), aside));

	async function read() {
		const mine = ++reading;
		const {credentials} = await get('inventory');
		if (mine !== reading) return; // a newer answer is on its way
		all = credentials;
		const of = (name) => [...new Set(all.map((k) => k[name]))].sort();
		offer(providers, [['', 'Every provider'], ...of('provider').map((p) => [p, p])], filter.provider);
		offer(kinds, [['', 'Every kind'], ...of('kind').map((k) => [k, words(k)])], filter.kind);
		refilter({});
		wake();
	}

	// wake reads again when the next credential dies, if nobody moves the clock.
	function wake() {
		clearTimeout(timer);
		const next = Math.min(...all.filter((k) => k.live && k.expires).map((k) => at(k.expires)).filter((t) => t > now()));
		if (!frozen() && next - now() < 1e9) timer = setTimeout(() => attempt(read), Math.max(0, next - now()) + 1100); // a second may count as a whole
	}

	function refilter(change) {
		Object.assign(filter, change);
		passed = all.filter((k) => (!filter.provider || k.provider === filter.provider) && (!filter.kind || k.kind === filter.kind) &&
			(!filter.state || k.live === (filter.state === 'live')) &&
			(!filter.text || [k.id, k.owner.id, k.owner.name, k.hint, k.reason].join('\n').toLowerCase().includes(filter.text)));
		passed.sort((a, b) => at(b.created) - at(a.created));
		const working = passed.filter((k) => k.live).length;
		count.textContent = `${working} ${working === 1 ? 'works' : 'work'}, ${passed.length - working} ${passed.length - working === 1 ? 'does' : 'do'} not`;
		list.show(passed.length, (i) => passed[i]);
		list.node.hidden = passed.length === 0;
		empty.hidden = passed.length > 0;
		empty.replaceChildren(el('h2', {}, all.length > 0 ? 'No credential passes the filter' : 'There are no credentials'),
			el('p', {}, 'Whatever a call makes, a secret, a key or a token, stands here with its life: made, used, expired or revoked. ', el('a', {href: '#/providers'}, 'Providers'), ' has calls to paste.'));
		detail();
	}

	function detail() {
		const k = wanted && all.find((k) => k.provider === wanted[0] && k.id === wanted.at(-1) && (wanted.length < 3 || k.kind === wanted[1]));
		aside.hidden = !wanted;
		main.classList.toggle('open', Boolean(wanted));
		if (wanted) aside.replaceChildren(...(k ? about(k) : [el('p', {class: 'empty'}, all.length > 0 ? 'The inventory has no such credential, or no longer.' : '…'), key('Close', () => go(), {class: 'quiet'})]));
	}

	on('stale', () => attempt(read), signal);
	on('jump', () => attempt(read), signal);
	const beat = setInterval(() => { if (!document.hidden && !frozen()) list.render(); }, 1000);
	signal.addEventListener('abort', () => { clearInterval(beat); clearTimeout(timer); });
	attempt(read);

	return ({rest}) => {
		const before = wanted;
		wanted = rest.length > 1 ? rest : undefined;
		detail();
		if (wanted) aside.focus({preventScroll: true});
		else if (before) list.node.focus();
	};
}

function go(k) {
	location.hash = k ? `#/inventory/${[k.provider, k.kind, k.id].map(encodeURIComponent).join('/')}` : '#/inventory';
}

// state says in words whether a credential works, and its colour.
function state(k) {
	if (!k.live) return ['bad', k.reason || 'does not work'];
	if (!k.expires) return ['good', k.limit ? `works, ${k.limit - k.uses} of ${k.limit} uses left` : 'works, does not expire'];
	return ['good', `works, expires ${since(at(k.expires), now())}`];
}

function row(k) {
	const [of, text] = state(k);
	return [
		el('span', {class: 'whose'}, el('b', {}, words(k.kind)), ' of ', bdi(k.owner.name || k.owner.id), ' ', el('span', {class: 'soft mono under'}, bdi(k.id))),
		el('span', {class: 'life'}, lifeline(k)),
		el('span', {class: `state ${of}`}, bdi(text), ' ', el('span', {class: 'soft under'}, k.provider, k.uses > 0 ? ` · used ${k.uses}×` : '')),
	];
}

// events are what happened to a credential, as far as inventory and journal tell.
function events(k) {
	const list = [{t: at(k.created), what: 'made', entry: k.entry}];
	for (const e of touching(k.id)) {
		if (e.provider !== k.provider) continue;
		if (e.credential === k.id) list.push({t: at(e.time), what: 'used', entry: e.seq, line: e.operation});
		else if (!k.live && e.seq !== k.entry && e.committed && e.changes?.some((c) => c.id === k.id)) list.push({t: at(e.time), what: 'changed', entry: e.seq, line: e.operation});
	}
	if (k.lastUsed && !list.some((e) => e.what === 'used')) list.push({t: at(k.lastUsed), what: 'used'});
	const over = k.expires && at(k.expires) <= now();
	if (k.expires) list.push({t: at(k.expires), what: over ? 'expired' : 'expires'});
	const end = list.findLast((e) => e.what === 'changed');
	if (!k.live && !over && end) end.what = 'ended';
	return list.sort((a, b) => a.t - b.t);
}

// x is where an instant stands: now in the middle, the past before it.
const x = (t, n) => (t < n ? 0.5 - along(n - t) / 2 : 0.5 + along(t - n) / 2) * 100;

function lifeline(k) {
	const n = now(), all = events(k), made = x(all[0].t, n), end = all.find((e) => e.what === 'ended' || e.what === 'expired');
	const stop = k.live ? 50 : x(end ? end.t : at(k.lastUsed ?? k.created), n), until = k.live ? (k.expires ? x(at(k.expires), n) : 100) : stop;
	const bar = (from, to, of) => svg('line', {x1: `${from}%`, x2: `${to}%`, y1: 14, y2: 14, class: of});
	const mark = (e) => {
		const at = `${x(e.t, n)}%`;
		if (e.what === 'used') return svg('line', {x1: at, x2: at, y1: 9, y2: 19, class: 'used'});
		if (e.what === 'changed') return '';
		return svg('circle', {cx: at, cy: 14, r: e.what === 'made' ? 3.5 : 4.5, class: e.what});
	};
	const told = all.filter((e) => e.what !== 'changed').slice(0, 40).map((e) => `${e.what} ${since(e.t, n)}`).join(', ');
	return svg('svg', {class: k.live ? 'lifeline on' : 'lifeline', role: 'img', 'aria-label': told, height: 28},
		svg('line', {x1: '50%', x2: '50%', y1: 0, y2: 28, class: 'nowline'}),
		bar(made, Math.max(stop, made), 'lived'), k.live ? bar(50, until, 'ahead') : '', all.slice(0, 60).map(mark));
}

// axis says what the scale of the lines is.
function axis() {
	const label = (text, place) => svg('text', {x: `${place * 100}%`, y: 12, class: place === 0.5 ? 'mid' : ''}, text);
	const few = marks.filter((_, i) => i > 0);
	return el('div', {class: 'axis', 'aria-hidden': 'true'}, el('span', {}), svg('svg', {height: 16},
		few.map(([text, ms]) => [label(text, 0.5 - along(ms) / 2), label(text, 0.5 + along(ms) / 2)]), label('now', 0.5)), el('span', {}));
}

function about(k) {
	const [of, text] = state(k), n = now();
	const facts = [['Provider', k.provider], ['Kind', words(k.kind)], ['Id', k.id], ['Owner', `${k.owner.kind} ${k.owner.name}`], ['Owner’s id', k.owner.id], ['Hint', k.hint],
		['Uses', k.limit ? `${k.uses} of ${k.limit}` : String(k.uses)]].filter(([, v]) => v);
	return [
		el('div', {class: 'head'}, el('h2', {}, words(k.kind), ' of ', bdi(k.owner.name || k.owner.id)), key('Close', () => go(), {class: 'quiet'})),
		el('div', {class: `fact ${of}`}, el('h3', {}, k.live ? 'It works' : 'It does not work'), el('p', {}, bdi(text))),
		el('dl', {class: 'facts'}, facts.map(([name, v]) => [el('dt', {}, name), el('dd', {}, bdi(v))])),
		el('div', {class: 'block'}, el('h3', {}, 'Its life'), el('ol', {class: 'events'}, events(k).map((e) => el('li', {class: e.what}, el('b', {}, e.what), ` ${since(e.t, n)} `, el('span', {class: 'soft'}, full(e.t)),
			e.entry ? [' ', el('a', {href: `#/journal/${e.entry}`}, `#${e.entry}`)] : '', e.line ? el('div', {class: 'soft mono'}, bdi(e.line)) : '')))),
	];
}
