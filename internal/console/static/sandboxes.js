// Sandboxes: worlds beside the server's own.

import {call, gateway, get, post} from './api.js';
import {attempt, bdi, choose, el, field, key, say} from './dom.js';
import {span} from './time.js';

export function show(main, signal) {
	const place = el('div', {});
	const id = el('input', {pattern: '[a-z0-9\\-]{1,40}', placeholder: 'the server picks one', title: 'Small letters, digits and hyphens, up to 40'}), seed = el('input', {placeholder: 'as the server’s'});
	const populate = el('input', {type: 'number', min: 0, max: 10000, placeholder: 'nothing'});
	const contract = choose('Contract', [['', 'As the server’s'], ['documented', 'documented'], ['live', 'live']], () => {});
	main.append(el('h1', {}, 'Sandboxes'), el('p', {class: 'soft'}, 'Each is a world of its own, with its own clock, journal and faults: one for every test.'), place,
		el('form', {class: 'card', submit: (e) => { e.preventDefault(); attempt(make); }}, el('h2', {}, 'Make one'),
			el('div', {class: 'row fields'}, field('Id', id), field('Seed', seed), field('Contract', contract), field('Invent, of each kind', populate)), el('div', {class: 'row'}, el('button', {class: 'main'}, 'Make a sandbox'))));

	async function make() {
		const body = {};
		if (seed.value) body.seed = seed.value;
		if (contract.value) body.contract = contract.value;
		if (populate.value) body.populate = Number(populate.value);
		const made = id.value ? await call('PUT', `${location.origin}${gateway}~${id.value}/_understudy`, body) : await post('sandboxes', body);
		say(`The sandbox ${made.id} is there`);
		await read();
		place.querySelector(`[data-id="${made.id}"] a`)?.focus();
	}

	async function read() {
		const {sandboxes} = await get('sandboxes');
		place.replaceChildren(sandboxes.length === 0 ? el('div', {class: 'empty'}, el('h2', {}, 'There is no sandbox'), el('p', {}, 'A test makes one with a single call and names it as it likes:'), el('pre', {tabindex: 0, 'aria-label': 'how to make a sandbox'}, el('code', {}, `curl -X PUT ${location.origin}${gateway}~mine/_understudy`)))
			: el('ul', {class: 'waiting'}, sandboxes.map((s) => el('li', {class: 'card', 'data-id': s.id}, el('b', {}, bdi(s.id)), el('span', {class: 'soft'}, `${s.contract} · used ${span(s.idle * 1000)} ago`, s.seed ? [' · seed ', bdi(s.seed)] : ''),
				el('a', {class: 'button', href: `${gateway}~${s.id}/`}, 'Enter'), key('Delete', async () => { await call('DELETE', `sandboxes/${s.id}`); await read(); }, {class: 'quiet', 'aria-label': `Delete the sandbox ${s.id}`})))));
	}

	const beat = setInterval(() => { if (!document.hidden && !place.contains(document.activeElement)) read().catch(() => {}); }, 5000);
	signal.addEventListener('abort', () => clearInterval(beat));
	return read;
}
