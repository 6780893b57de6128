// The clock: to be dragged forward, over whatever expires on the way.

import {get} from './api.js';
import {attempt, bdi, el, field, key, say, svg} from './dom.js';
import {frozen, moveClock, now, offset, on} from './live.js';
import {along, apart, at, clockOf, dayOf, full, marks, since, span, spans} from './time.js';

const steps = 1000; // of the slider

export function show(main, signal) {
	let ends = [];
	const hands = el('p', {class: 'hands'}), pace = el('p', {class: 'soft'});
	const slider = el('input', {type: 'range', min: 0, max: steps, value: 0, id: 'ahead', 'aria-describedby': 'goal', input: () => aim()});
	const lane = svg('svg', {class: 'lane', height: 34, 'aria-hidden': 'true'});
	const goal = el('p', {id: 'goal', class: 'goal', role: 'status'});
	const die = el('ul', {class: 'deaths'});
	const advance = key('Advance', async () => { await forward(by()); }, {class: 'main'});
	const next = key('To the next expiry', async () => { await forward(Math.max(1, Math.ceil((ends[0].t - now()) / 1000) + 1) * 1000); });
	const hold = key('Freeze', () => moveClock(frozen() ? 'resume' : 'freeze', {}));
	const to = el('input', {type: 'datetime-local', step: 1, required: true});
	main.append(el('h1', {}, 'Clock'), hands, pace,
		el('div', {class: 'card ahead'}, el('label', {for: 'ahead'}, el('b', {}, 'Drag the clock forward')), el('div', {class: 'track'}, lane, slider), goal, el('div', {class: 'row'}, advance, next), die),
		el('div', {class: 'row'}, [['1 min', spans.minute], ['1 h', spans.hour], ['1 d', spans.day], ['30 d', 30 * spans.day], ['1 y', spans.year]].map(([text, ms]) => key(`+${text}`, () => forward(ms))), hold),
		el('form', {class: 'card', submit: (e) => { e.preventDefault(); attempt(async () => { await moveClock('set', {to: `${to.value.length === 16 ? `${to.value}:00` : to.value}Z`}); say('The clock is set'); }); }},
			el('h2', {}, 'Set it'), el('p', {class: 'soft'}, 'To any instant, also one in the past. What has expired lives again then.'),
			el('div', {class: 'row'}, field('Instant, in UTC', to), el('button', {}, 'Set'), key('To real time', () => moveClock('set', {to: new Date().toISOString()})))));

	// by is how far the slider stands, in whole seconds, and in whole units where they are large.
	function by() {
		const ms = apart(slider.value / steps), unit = [spans.day, spans.hour, spans.minute, spans.second].find((u) => ms >= 2 * u) ?? spans.second;
		return Math.round(ms / unit) * unit;
	}

	async function forward(ms) {
		await moveClock('advance', {by: ms / 1000});
		slider.value = 0;
		say(`The clock went forward by ${span(ms)}`);
		aim();
	}

	function aim() {
		const ms = by(), n = now(), dead = ends.filter((k) => k.t <= n + ms);
		goal.textContent = ms === 0 ? 'Nothing moves yet.' : `By ${span(ms)}, to ${full(n + ms)}; ${dead.length === 0 ? 'nothing expires on the way.' : `${dead.length} of ${ends.length} that expire will be gone:`}`;
		advance.textContent = ms === 0 ? 'Advance' : `Advance by ${span(ms)}`;
		advance.disabled = ms === 0;
		next.disabled = ends.length === 0;
		die.replaceChildren(...dead.slice(0, 6).map((k) => el('li', {}, `${k.kind.replaceAll('-', ' ')} of `, bdi(k.owner.name || k.owner.id), el('span', {class: 'soft'}, ` ${since(k.t, n)}`))), dead.length > 6 ? el('li', {class: 'soft'}, `and ${dead.length - 6} more`) : '');
		const x = (t) => `${along(t) * 100}%`;
		lane.replaceChildren(svg('line', {x1: 0, x2: '100%', y1: 17, y2: 17, class: 'ahead'}), svg('line', {x1: 0, x2: x(ms), y1: 17, y2: 17, class: 'passed'}),
			...marks.map(([text, t]) => svg('text', {x: x(t), y: 32}, text)),
			...[...new Map(ends.map((k) => [Math.round(along(k.t - n) * 500), k])).values()].map((k) => svg('circle', {cx: x(k.t - n), cy: 17, r: 4.5, class: k.t <= n + ms ? 'expired' : 'expires'})));
	}

	function tick() {
		const t = now();
		hands.replaceChildren(el('span', {class: 'date'}, dayOf(t)), el('span', {}, clockOf(t)), el('small', {}, 'UTC'));
		const off = Math.round(offset() / 1000) * 1000;
		pace.textContent = `${frozen() ? 'It stands still' : 'It runs'}, ${Math.abs(off) < 5000 ? 'at real time' : `${span(off)} ${off > 0 ? 'ahead of' : 'behind'} real time`}.`;
		hold.textContent = frozen() ? 'Let it run' : 'Freeze';
	}

	async function read() {
		const {credentials} = await get('inventory?live=true');
		ends = credentials.filter((k) => k.expires).map((k) => ({...k, t: at(k.expires)})).sort((a, b) => a.t - b.t);
		aim();
	}

	for (const what of ['stale', 'jump']) on(what, () => attempt(read), signal);
	on('clock', tick, signal);
	const beat = setInterval(tick, 1000);
	signal.addEventListener('abort', () => clearInterval(beat));
	tick();
	aim();
	attempt(read);
	to.value = new Date(now()).toISOString().slice(0, 19);
}
