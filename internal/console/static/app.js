// The frame around the views: which one is shown, the clock, and the link.

import {attempt, bdi, el} from './dom.js';
import {faults, frozen, journal, listen, live, now} from './live.js';
import {clockOf, dayOf} from './time.js';
import * as clock from './clock.js';
import * as faultsView from './faults.js';
import * as inventory from './inventory.js';
import * as journalView from './journal.js';
import * as providers from './providers.js';
import * as rehearsal from './rehearsal.js';
import * as sandboxes from './sandboxes.js';
import * as world from './world.js';

const views = {journal: journalView, inventory, clock, faults: faultsView, providers, sandboxes, world, rehearsal};
const main = document.getElementById('main');
let shown, name;

// route shows what the address names: #/view/detail?settings.
function route() {
	const [path, query] = location.hash.slice(2).split('?');
	const [wanted, ...rest] = path.split('/').map(decodeURIComponent);
	const next = views[wanted] ? wanted : 'journal';
	const place = {rest, query: new URLSearchParams(query)};
	if (next !== name) {
		shown?.end.abort();
		shown = {end: new AbortController()};
		name = next;
		main.replaceChildren();
		main.className = name;
		shown.move = views[name].show(main, shown.end.signal, place);
		for (const a of document.querySelectorAll('nav a')) {
			if (a.hash === `#/${name}`) a.setAttribute('aria-current', 'page');
			else a.removeAttribute('aria-current');
		}
		document.querySelector('nav [aria-current]')?.scrollIntoView({block: 'nearest', inline: 'nearest'});
	}
	attempt(() => shown.move?.(place));
}

const time = document.getElementById('now'), pace = document.getElementById('pace');

function tick() {
	const t = now();
	time.replaceChildren(el('span', {class: 'day'}, dayOf(t)), ` ${clockOf(t)}`);
	pace.textContent = frozen() ? 'frozen' : '';
}

live.addEventListener('clock', tick);
setInterval(tick, 1000);

live.addEventListener('link', () => {
	const link = document.getElementById('link');
	link.textContent = journal.linked ? 'live' : 'not connected';
	link.className = journal.linked ? 'link on' : 'link off';
});

live.addEventListener('faults', () => {
	const count = document.getElementById('waiting');
	count.hidden = faults.waiting.length === 0;
	count.replaceChildren(bdi(faults.waiting.length), el('span', {class: 'aside'}, ' waiting'));
});

document.querySelector('.skip').addEventListener('click', (e) => { e.preventDefault(); main.focus(); });
document.addEventListener('keydown', (e) => {
	const typing = e.target.closest('input, select, textarea, dialog');
	const search = main.querySelector('input[type=search]');
	if (e.key === 'Escape' && !typing && main.classList.contains('open')) location.hash = `#/${name}`;
	if (e.key === '/' && !typing && search) {
		e.preventDefault();
		search.focus();
	}
});

addEventListener('hashchange', route);
tick();
route();
listen();
