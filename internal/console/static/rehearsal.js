// Rehearsal: the report of a run, read from its file. The server that rehearses is
// one of its own and has ended by then, so nobody else can have it.

import {bdi, el} from './dom.js';

const colours = {held: 'good', recovered: 'info', broken: 'bad', 'not reached': '', accepted: 'warn'};
let kept;

export function show(main) {
	const place = el('div', {});
	const file = el('input', {type: 'file', accept: '.json,application/json', 'aria-label': 'Report', change: () => file.files[0] && read(file.files[0])});
	main.append(el('h1', {}, 'Rehearsal'), el('p', {class: 'soft'}, 'The report of understudy rehearse: open or drop its report.json. It is read here and sent nowhere.'), el('div', {class: 'row'}, file), place);
	main.addEventListener('dragover', (e) => e.preventDefault());
	main.addEventListener('drop', (e) => { e.preventDefault(); if (e.dataTransfer.files[0]) read(e.dataTransfer.files[0]); });

	async function read(from) {
		try {
			kept = JSON.parse(await from.text());
			if (!Array.isArray(kept.calls) || !Array.isArray(kept.kinds)) throw new Error();
		} catch {
			kept = undefined;
			place.replaceChildren(el('p', {class: 'empty'}, 'This file is no report of a rehearsal.'));
			return;
		}
		draw(place, kept);
	}

	if (kept) draw(place, kept);
	else place.replaceChildren(el('div', {class: 'empty'}, el('h2', {}, 'No report is open'), el('p', {}, 'Run your rotation under every fault at every call:'),
		el('pre', {tabindex: 0, 'aria-label': 'how to rehearse'}, el('code', {}, 'understudy rehearse --report report -- ./rotate.sh'))));
}

function draw(place, r) {
	const verdict = (v) => (v ? el('span', {class: `pill ${colours[v] ?? ''}`}, v) : '');
	const list = (title, all, each) => (all?.length ? el('section', {class: 'block'}, el('h2', {}, title), el('ul', {}, all.map((x) => el('li', {}, each(x))))) : '');
	place.replaceChildren(
		el('h2', {}, bdi(r.title)), r.problem ? el('div', {class: 'fact bad'}, el('h3', {}, 'It means nothing'), el('p', {}, bdi(r.problem))) : '',
		el('p', {class: 'row'}, r.counts.map((c) => el('span', {}, verdict(c.verdict), ` ${c.cases}`))),
		el('div', {class: 'matrix', tabindex: 0, role: 'region', 'aria-label': 'Calls and faults'}, el('table', {}, el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, 'Call'), r.kinds.map((k) => el('th', {scope: 'col'}, bdi(k))))),
			el('tbody', {}, r.calls.map((c) => el('tr', {}, el('th', {scope: 'row'}, bdi(`${c.operation}, ${c.nth}`)), c.verdicts.map((v) => el('td', {}, verdict(v)))))))),
		...(r.broken ?? []).map((d) => el('section', {class: 'card'}, el('h2', {}, bdi(d.name)), el('p', {}, bdi(d.why)), el('p', {class: 'soft'}, 'The act: ', bdi(d.acted)),
			el('ol', {class: 'events'}, [...d.calls, ...d.rerun].map((l) => el('li', {class: l.struck ? 'fault' : ''}, el('span', {class: 'mono'}, bdi(l.operation)), el('div', {class: 'soft'}, bdi(l.outcome))))),
			d.repeat ? el('pre', {tabindex: 0, 'aria-label': 'how to repeat it'}, el('code', {}, d.repeat)) : '')),
		list('Accepted', r.accepted, (b) => [bdi(b.name), ': ', bdi(b.why)]), list('Refusals that the run went on from', r.swallowed, bdi), list('Not tried', r.leftOut, bdi));
}
