// A list of any length: only the rows in sight are in the document.

import {el} from './dom.js';

const spare = 8; // rows beyond what is in sight
let lists = 0;

export class List {
	// id tells rows apart, version whether one has to be drawn again, and draw
	// returns the cells of a row.
	constructor({label, id, version = () => '', draw, open, leave}) {
		Object.assign(this, {id, version, draw, open, leave, count: 0, at: () => undefined, active: undefined});
		this.name = `list${++lists}`;
		this.rows = new Map();
		this.space = el('div', {class: 'space', role: 'rowgroup'});
		this.node = el('div', {
			class: 'list', role: 'grid', tabindex: 0, 'aria-label': label, 'aria-rowcount': 0,
			scroll: () => this.render(), keydown: (e) => this.press(e), click: (e) => this.click(e),
		}, this.space);
		this.seen = new ResizeObserver(() => { this.height = 0; this.render(); });
		this.seen.observe(this.node);
	}

	// show shows count items; before are so many of them new at the top: who has
	// scrolled down keeps seeing the same.
	show(count, at, before = 0) {
		this.count = count;
		this.at = at;
		if (before > 0 && this.node.scrollTop > this.height) {
			this.space.style.height = `${count * this.height}px`;
			this.node.scrollTop += before * this.height;
		}
		this.render();
	}

	render() {
		this.height ||= parseFloat(getComputedStyle(this.node).getPropertyValue('--row')) || 40;
		const {height} = this, top = this.node.scrollTop, seen = this.node.clientHeight;
		const from = Math.max(0, Math.floor(top / height) - spare), to = Math.min(this.count, Math.ceil((top + seen) / height) + spare);
		this.space.style.height = `${this.count * height}px`;
		this.node.setAttribute('aria-rowcount', this.count);
		const old = this.rows, added = [];
		this.rows = new Map();
		for (let i = from; i < to; i++) {
			const item = this.at(i), id = this.id(item), version = this.version(item);
			let row = old.get(id);
			old.delete(id);
			if (row?.version !== version) {
				row?.node.remove();
				row = {version, node: el('div', {role: 'row', id: `${this.name}-${id}`}, this.draw(item).map((cell) => { cell.setAttribute('role', 'gridcell'); return cell; }))};
				added.push(row.node);
			}
			row.node.style.transform = `translateY(${i * height}px)`;
			row.node.setAttribute('aria-rowindex', i + 1);
			row.node.setAttribute('aria-selected', id === this.active);
			row.node.dataset.index = i;
			this.rows.set(id, row);
		}
		for (const row of old.values()) row.node.remove();
		this.space.append(...added);
		if (this.rows.has(this.active)) this.node.setAttribute('aria-activedescendant', `${this.name}-${this.active}`);
		else this.node.removeAttribute('aria-activedescendant');
	}

	// select makes a row the active one; it is scrolled into sight.
	select(index) {
		if (this.count === 0) return;
		index = Math.max(0, Math.min(this.count - 1, index));
		this.active = this.id(this.at(index));
		const {height, node} = this, top = index * height;
		if (top < node.scrollTop) node.scrollTop = top;
		else if (top + height > node.scrollTop + node.clientHeight) node.scrollTop = top + height - node.clientHeight;
		this.render();
	}

	index() {
		const row = this.rows.get(this.active);
		if (row) return Number(row.node.dataset.index);
		for (let i = 0; i < this.count; i++) if (this.id(this.at(i)) === this.active) return i;
		return -1;
	}

	press(e) {
		if (e.target !== this.node || e.ctrlKey || e.metaKey || e.altKey) return;
		const page = Math.max(1, Math.floor(this.node.clientHeight / this.height) - 1), here = this.index();
		const to = {
			ArrowDown: here + 1, j: here + 1, ArrowUp: Math.max(0, here - 1), k: Math.max(0, here - 1),
			PageDown: here + page, PageUp: here - page, Home: 0, End: this.count - 1,
		}[e.key];
		if (to !== undefined) this.select(to);
		else if (e.key === 'Enter' && here >= 0) this.open(this.at(here));
		else if (e.key !== 'Escape' || !this.leave) return;
		else this.leave();
		e.preventDefault();
	}

	click(e) {
		const row = e.target.closest('[role=row]');
		if (!row || e.target.closest('a, button') || String(getSelection())) return;
		this.select(Number(row.dataset.index));
		this.open(this.at(this.index()));
	}
}
