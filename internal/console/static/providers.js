// Providers: where they are and how to get in.

import {bdi, copier, el, paste} from './dom.js';
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
			el('details', {}, el('summary', {}, 'Environment of its clients'), paste(exports(p.env), `the environment of ${name}`)))));
	}

	on('anew', () => draw().catch(() => {}), signal);
	return draw;
}

const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const exports = (env) => Object.entries(env ?? {}).map(([name, value]) => `export ${name}=${quote(value)}`).join('\n');

const table = (title, rows) => [el('h3', {}, title), el('dl', {class: 'pairs'}, rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {class: 'mono'}, el('span', {}, bdi(value)), copier(value, name)))))];
