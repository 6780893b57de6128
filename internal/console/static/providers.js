// Providers: where they are, how to get in, and what can be set.

import {call, get} from './api.js';
import {attempt, bdi, copier, el, field, paste, say} from './dom.js';
import {info, on} from './live.js';

export function show(main, signal) {
	const place = el('div', {class: 'cards'}), about = el('p', {class: 'soft'});
	main.append(el('h1', {}, 'Providers'), about, place);

	async function draw() {
		const said = await info(true);
		about.replaceChildren('Gateway ', el('code', {}, said.gateway), ` · contract ${said.contract} · seed `, said.seed ? bdi(said.seed) : 'empty', ...(said.ca ? [' · CA file ', el('code', {}, said.ca)] : []));
		place.replaceChildren(...Object.entries(said.providers).map(([name, p]) => el('section', {class: 'card', 'aria-label': name},
			el('h2', {}, name),
			table('Addresses', Object.entries({'own port': p.url, gateway: p.gatewayUrl, public: p.publicUrl}).filter(([, v]) => v)),
			table('Credentials', Object.entries(p.credentials)),
			el('h3', {}, 'A call to try'), paste(p.example, `a call to ${name}`),
			el('details', {}, el('summary', {}, 'Environment of its clients'), paste(exports(p.env), `the environment of ${name}`)),
			settings(name))));
	}

	on('anew', () => draw().catch(() => {}), signal);
	return draw;
}

// settings is a form with what differs between a provider's plans and installations,
// read when it is opened. Only what was changed is sent; the server reads texts.
function settings(name) {
	const inputs = new Map(), fields = el('div', {class: 'settings'}), path = `settings/${name}`;
	const form = el('form', {submit: (e) => { e.preventDefault(); attempt(save); }}, fields, el('button', {}, 'Save'));
	const value = (input) => (input.type === 'checkbox' ? input.checked : input.value);

	function fill(all) {
		inputs.clear();
		for (const [key, was] of Object.entries(all).sort()) {
			const flag = typeof was === 'boolean', input = el('input', flag ? {type: 'checkbox', checked: was} : {value: was, placeholder: 'none'});
			inputs.set(key, {input, was: value(input)});
		}
		fields.replaceChildren(...[...inputs].map(([key, {input}]) => field(key, input)));
	}

	async function save() {
		const changed = [...inputs].filter(([, {input, was}]) => value(input) !== was).map(([key, {input}]) => [key, value(input)]);
		fill(await call('PATCH', path, Object.fromEntries(changed)));
		say(`The settings of ${name} hold from the next call on`);
	}

	const details = el('details', {toggle: () => details.open && attempt(async () => fill(await get(path)))}, el('summary', {}, 'Settings'), form);
	return details;
}

const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const exports = (env) => Object.entries(env ?? {}).map(([name, value]) => `export ${name}=${quote(value)}`).join('\n');

const table = (title, rows) => [el('h3', {}, title), el('dl', {class: 'pairs'}, rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {class: 'mono'}, el('span', {}, bdi(value)), copier(value, name)))))];
