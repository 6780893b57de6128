// The world as a whole: taken out, put back, started over.

import {address, call, post} from './api.js';
import {attempt, choose, confirm, el, field, key, say} from './dom.js';
import {info, startOver} from './live.js';

export function show(main) {
	const file = el('input', {type: 'file', accept: '.json,application/json', 'aria-label': 'State file'}), yaml = el('input', {type: 'file', accept: '.yaml,.yml', 'aria-label': 'World file'});
	const seed = el('input', {placeholder: 'as before'}), contract = choose('Contract', [['', 'As before'], ['documented', 'documented'], ['live', 'live']], () => {});
	const populate = el('input', {type: 'number', min: 0, max: 10000, placeholder: 'as before'}), about = el('p', {class: 'soft'});
	main.append(el('h1', {}, 'World'), about, el('div', {class: 'cards'},
		el('section', {class: 'card'}, el('h2', {}, 'Export'), el('p', {}, 'Everything that is stored, with the clock and the settings, as one JSON file.'), el('a', {class: 'button', href: address('state'), download: 'understudy-state.json'}, 'Export the state')),
		el('section', {class: 'card'}, el('h2', {}, 'Import'), el('p', {}, 'A state that was exported takes the place of this world. What does not fit changes nothing.'), el('div', {class: 'row'}, file,
			key('Import', () => replace()))),
		el('section', {class: 'card whole'}, el('h2', {}, 'Start over'), el('p', {}, 'The world, its journal, faults and clock begin again, as they were or as you say here.'),
			el('div', {class: 'row fields'}, field('Seed', seed), field('Contract', contract), field('World file', yaml), field('Invent, of each kind', populate)),
			el('p', {class: 'soft'}, 'Invented are people, applications, identities and secrets, the same for the same seed: for long lists and pages.'),
			key('Start over', () => reset(), {class: 'danger'}))));

	async function replace() {
		if (!file.files[0]) throw new Error('Pick a file first: one that was exported here.');
		if (!await confirm('Put this state in place of the world?', file.files[0].name, 'Import')) return;
		await call('PUT', 'state', file.files[0]);
		await done('The state is imported');
	}

	async function reset() {
		if (!await confirm('Start the world over?', 'Whatever calls have made is gone.', 'Start over')) return;
		const body = {};
		if (seed.value) body.seed = seed.value;
		if (contract.value) body.contract = contract.value;
		if (populate.value) body.populate = Number(populate.value);
		if (yaml.files[0]) body.world = await yaml.files[0].text();
		await post('reset', body);
		await done('The world has started over');
	}

	async function done(what) {
		await startOver();
		await tell();
		say(what);
	}

	async function tell() {
		const said = await info();
		about.textContent = `Contract ${said.contract} · seed ${said.seed || 'empty'}`;
	}

	attempt(tell);
}
