// Faults: which operation goes wrong, how, and how often.

import {call, post} from './api.js';
import {attempt, bdi, el, field, key, say} from './dom.js';
import {faults, on, operations, readFaults} from './live.js';

// ways are the faults that are no status.
const ways = [
	['drop', 'Lost connection', {drop: true}], ['after', 'Lost answer', {drop: true, after: true}, 'what the call changed stays'],
	['truncate', 'Half an answer', {truncate: true}], ['delay', 'Only a delay', {}], ['die', 'The caller dies', {die: true}, 'every later call is lost until revived'],
];
const anywhere = [429, 500, 502, 503, 504]; // what every service may answer

export function show(main, signal) {
	let all = [], chosen, statusAsked;
	const search = el('input', {type: 'search', placeholder: 'Find an operation: token, client_secrets, POST …', 'aria-label': 'Find an operation', 'aria-controls': 'operations', input: () => offer()});
	const list = el('select', {id: 'operations', size: 8, 'aria-label': 'Operation', change: () => pick(list.value)});
	const how = el('fieldset', {class: 'chips'}), hint = el('p', {class: 'soft'});
	const times = el('input', {type: 'number', min: 1, value: 1}), skip = el('input', {type: 'number', min: 0, value: 0});
	const always = el('input', {type: 'checkbox', change: () => { times.disabled = always.checked; }});
	const delay = el('input', {placeholder: '2s', size: 6}), retryAfter = el('input', {placeholder: '30s', size: 6});
	const message = el('input', {}), code = el('input', {});
	const plant = el('button', {class: 'main', disabled: true}, 'Fail the next call');
	const waiting = el('div', {});
	main.append(el('h1', {}, 'Faults'), el('section', {'aria-label': 'Faults that wait'}, waiting),
		el('form', {class: 'card', submit: (e) => { e.preventDefault(); attempt(add); }},
			el('h2', {}, 'Make a call go wrong'), el('div', {class: 'pick'}, search, list), how, hint,
			el('details', {}, el('summary', {}, 'How often, how late, in which words'), el('div', {class: 'row fields'},
				field('Times', times), field('Always', always), field('Let pass first', skip), field('Delay', delay), field('Retry-After', retryAfter), field('Error code', code), field('Message', message))),
			el('div', {class: 'row'}, plant)));

	function offer() {
		const text = search.value.toLowerCase().split(/\s+/);
		const found = all.filter((o) => text.every((t) => `${o.provider} ${o.operation}`.toLowerCase().includes(t)));
		const groups = Map.groupBy ? Map.groupBy(found, (o) => o.provider) : new Map([['', found]]);
		list.replaceChildren(...[...groups].map(([provider, ops]) => el('optgroup', {label: provider}, ops.map((o) => el('option', {value: `${o.provider} ${o.operation}`}, o.operation)))));
		if (found.length === 1) list.selectedIndex = 0;
		else list.value = chosen ? `${chosen.provider} ${chosen.operation}` : '';
		pick(list.value);
	}

	function pick(value) {
		chosen = all.find((o) => `${o.provider} ${o.operation}` === value);
		plant.disabled = !chosen;
		if (!chosen) {
			how.replaceChildren(el('legend', {}, 'How'), el('p', {class: 'soft'}, 'Pick an operation: the statuses that it documents are offered here.'));
			hint.textContent = '';
			return;
		}
		const documented = chosen.statuses.filter((s) => s >= 400), others = anywhere.filter((s) => !documented.includes(s));
		const wanted = documented.includes(statusAsked) ? statusAsked : documented.find((s) => s >= 500) ?? documented[0] ?? 500;
		const chip = (value, text, note) => el('label', {class: 'chip'}, el('input', {type: 'radio', name: 'how', value, checked: value === String(wanted), change: told}), el('span', {}, text, note ? el('small', {}, note) : ''));
		how.replaceChildren(el('legend', {}, 'How'), ...documented.map((s) => chip(String(s), String(s))), el('span', {class: 'gap'}), ...others.map((s) => chip(String(s), String(s), 'any service')), el('span', {class: 'gap'}), ...ways.map(([value, text]) => chip(value, text)));
		told();
	}

	const way = () => how.querySelector(':checked')?.value;

	function told() {
		const [, text, , note] = ways.find(([v]) => v === way()) ?? [];
		hint.replaceChildren('The next call of ', el('b', {}, bdi(chosen.operation)), text ? ` meets: ${text.toLowerCase()}${note ? `; ${note}` : ''}.` : ` is answered ${way()}.`);
	}

	async function add() {
		const [, , set] = ways.find(([v]) => v === way()) ?? [, , {status: Number(way())}];
		const body = {provider: chosen.provider, operation: chosen.operation, ...set};
		for (const [name, input] of [['delay', delay], ['retryAfter', retryAfter], ['message', message], ['code', code]]) if (input.value) body[name] = input.value;
		if (Number(skip.value) > 0) body.skip = Number(skip.value);
		if (always.checked) body.always = true;
		else body.times = Number(times.value) || 1;
		await post('faults', body);
		await readFaults();
		say('The fault waits for its call');
	}

	function draw() {
		const {waiting: list} = faults;
		waiting.replaceChildren(...(list.length === 0 ? [el('p', {class: 'soft'}, 'No fault waits: calls are answered as the service would.')] : [
			el('ul', {class: 'waiting'}, list.map((f) => el('li', {class: 'card'}, el('span', {class: 'pill fault'}, what(f)), el('span', {class: 'what mono'}, bdi(`${f.provider} ${f.operation}`)),
				el('span', {class: 'soft'}, often(f)), key('Remove', async () => { await call('DELETE', `faults/${encodeURIComponent(f.id)}`); await readFaults(); }, {class: 'quiet', 'aria-label': `Remove the fault ${f.id}`})))),
		]),
		el('div', {class: 'row'}, list.length > 0 && key('Remove all', async () => { await call('DELETE', 'faults'); await readFaults(); }, {class: 'quiet'}),
			key('Revive a caller that died', async () => { await post('revive'); say('Calls reach the providers again'); }, {class: 'quiet'})));
	}

	on('faults', draw, signal);
	draw();
	attempt(readFaults);
	pick('');
	attempt(async () => { all = await operations(); offer(); });

	return async ({query}) => {
		const asked = query.get('operation');
		if (!asked) return;
		statusAsked = Number(query.get('status'));
		all = await operations();
		search.value = '';
		chosen = all.find((o) => `${o.provider} ${o.operation}` === asked);
		offer();
		list.selectedOptions[0]?.scrollIntoView({block: 'nearest'});
		plant.focus();
	};
}

function what(f) {
	const kind = f.die ? 'dies' : f.drop ? 'lost' : f.truncate ? 'half' : f.status ?? 'delay';
	return `${kind}${f.after ? ', after' : ''}${f.delay && kind !== 'delay' ? ` +${f.delay}` : ''}`;
}

function often(f) {
	const parts = [f.always ? 'every call' : f.times > 1 ? `${f.times} calls` : 'the next call'];
	if (f.skip) parts.push(`${f.skip} pass first`);
	if (f.delay) parts.push(`${f.delay} late`);
	if (f.hits) parts.push(`struck ${f.hits}`);
	return parts.join(', ');
}
