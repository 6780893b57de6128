// Making elements. Whatever is shown is set as text: nothing here reads markup.

// el makes an element: props that are functions listen, true and false set or leave
// out an attribute, the rest are attributes; children are nodes or text.
export function el(tag, props, ...children) {
	return fill(document.createElement(tag), props, children);
}

// svg is el for drawings.
export function svg(tag, props, ...children) {
	return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), props, children);
}

function fill(node, props, children) {
	for (const [name, value] of Object.entries(props ?? {})) {
		if (typeof value === 'function') node.addEventListener(name, value);
		else if (value === true) node.setAttribute(name, '');
		else if (value !== false && value != null) node.setAttribute(name, value);
	}
	node.append(...children.flat(2).filter((child) => child != null && child !== false));
	return node;
}

// bdi shows what a client sent: its direction and its marks stay within.
export const bdi = (text, props) => el('bdi', props, cut(String(text ?? '')));

// longest is how much of a text a line shows; layout pays for what is cut off too.
const longest = 400;
export const cut = (text) => (text.length > longest ? text.slice(0, longest) + '…' : text);

// key makes a button; its action may take its time and may fail.
export function key(text, action, props) {
	const button = el('button', {type: 'button', ...props, click: () => attempt(() => action(button))}, text);
	return button;
}

// attempt runs an action and says why it failed, if it did.
export async function attempt(action) {
	try {
		return await action();
	} catch (problem) {
		say(problem.message, true);
	}
}

let silence;

// say shows a line at the edge of the page for a while, and reads it out.
export function say(text, bad = false) {
	const said = document.getElementById('said');
	said.replaceChildren(bdi(text));
	said.className = bad ? 'shown bad' : 'shown';
	clearTimeout(silence);
	silence = setTimeout(() => { said.className = ''; }, bad ? 9000 : 2500);
}

// copy puts a text on the clipboard, also where browsers give none to pages that
// came without TLS.
export async function copy(text, what) {
	if (navigator.clipboard) {
		await navigator.clipboard.writeText(text);
	} else {
		const area = el('textarea', {class: 'aside', 'aria-hidden': 'true'});
		area.value = text;
		document.body.append(area);
		area.select();
		document.execCommand('copy');
		area.remove();
	}
	say(`Copied ${what}`);
}

// copier is a button that copies.
export const copier = (text, what, label = 'Copy') =>
	key(label, () => copy(typeof text === 'function' ? text() : text, what), {class: 'quiet', 'aria-label': `${label} ${what}`});

// paste is a command to paste, with its button.
export const paste = (text, what) => el('div', {class: 'paste'}, el('pre', {tabindex: 0, 'aria-label': what}, el('code', {}, text)), copier(text, what));

// choose makes a labelled menu of [value, text]; a group of them is {label, options}.
export function choose(label, options, change, value = '') {
	const select = el('select', {'aria-label': label, change: () => change(select.value)});
	offer(select, options, value);
	return select;
}

// offer replaces what a menu offers.
export function offer(select, options, value = select.value) {
	const option = ([v, text]) => el('option', {value: v, selected: v === value}, cut(text));
	select.replaceChildren(...options.map((o) => (o.options ? el('optgroup', {label: o.label}, o.options.map(option)) : option(o))));
}

// field labels an input.
export const field = (label, input, hint) => el('label', {class: 'field'}, el('span', {}, label), input, hint && el('small', {}, hint));

// confirm asks before something that cannot be undone; it resolves to the answer.
export function confirm(question, detail, yes) {
	return new Promise((resolve) => {
		const dialog = el('dialog', {'aria-labelledby': 'question', close: () => { dialog.remove(); resolve(dialog.returnValue === 'yes'); }},
			el('h2', {id: 'question'}, question), el('p', {}, detail),
			el('div', {class: 'row end'}, key('Cancel', () => dialog.close('')), key(yes, () => dialog.close('yes'), {class: 'danger'})));
		document.body.append(dialog);
		dialog.showModal();
	});
}
