// The control API of the space that this page belongs to.

const base = new URL('..', import.meta.url); // …/_understudy/

// address is where the API has something.
export const address = (path) => new URL(path, base).href;

// gateway is the path of the space's gateway.
export const gateway = new URL('..', base).pathname;

// call makes a call and returns what it answers; a refusal is an error that says
// what the API says.
export async function call(method, path, body) {
	const init = {method};
	if (body !== undefined) {
		init.body = body instanceof Blob ? body : JSON.stringify(body);
		init.headers = {'Content-Type': 'application/json'};
	}
	let answer;
	try {
		answer = await fetch(address(path), init);
	} catch {
		throw new Error('The server does not answer. Does it still run?');
	}
	if (answer.status === 204) return null;
	const text = await answer.text();
	if (answer.ok) return JSON.parse(text);
	let problem = {};
	try {
		problem = JSON.parse(text);
	} catch { /* then there is the status */ }
	const items = (problem.errors ?? []).map((e) => `${e.pointer}: ${e.detail}`);
	throw Object.assign(new Error([problem.detail || `Status ${answer.status}`, ...items].join('; ')), {status: answer.status});
}

export const get = (path) => call('GET', path);
export const post = (path, body) => call('POST', path, body);
