// Instants are the world's, in UTC, and numbers of milliseconds.

const second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour, year = 365 * day;
export const spans = {second, minute, hour, day, year};
const units = [['y', year], ['d', day], ['h', hour], ['min', minute], ['s', second]];

// at reads an RFC 3339 instant; browsers read no more than milliseconds.
export const at = (text) => Date.parse(text);

// duration reads what Go writes, as far as seconds.
export function duration(text) {
	const [, sign, h = 0, m = 0, s = 0] = /^(-?)(?:(\d+)h)?(?:(\d+)m)?(?:([\d.]+)s)?$/.exec(text) ?? [];
	return (sign === '-' ? -1 : 1) * (h * hour + m * minute + s * second);
}

// span tells a length of time in at most two units.
export function span(ms) {
	const words = [];
	let rest = Math.abs(ms);
	for (const [name, size] of units) {
		const n = Math.floor(rest / size);
		if (n > 0) words.push(`${n} ${name}`);
		else if (words.length > 0) break;
		rest -= n * size;
		if (words.length === 2) break;
	}
	return words.join(' ') || '0 s';
}

// since tells how far an instant is from now.
export function since(t, now) {
	if (Math.abs(t - now) < second) return 'just now';
	return t > now ? `in ${span(t - now)}` : `${span(now - t)} ago`;
}

// day and clock are the parts of an instant, and full is all of it.
export const dayOf = (t) => shown(t, 0, 10);
export const clockOf = (t) => shown(t, 11, 19);
export const full = (t) => `${dayOf(t)} ${clockOf(t)} UTC`;

function shown(t, from, to) {
	if (Number.isNaN(t)) return '—';
	const text = new Date(t).toISOString(); // years beyond 9999 have a sign and two digits more
	const more = text.length - 24;
	return text.slice(from === 0 ? 0 : from + more, to + more);
}

// farthest is what the scale shows of past and future.
const farthest = 10 * year, smallest = minute;
const width = Math.log1p(farthest / smallest);

// along places a distance in time on a scale from 0 to 1 that has room for minutes
// and for years; apart is its inverse.
export const along = (ms) => Math.min(1, Math.log1p(Math.max(0, ms) / smallest) / width);
export const apart = (place) => Math.expm1(place * width) * smallest;
export const marks = [['1 min', minute], ['1 h', hour], ['1 d', day], ['30 d', 30 * day], ['1 y', year]];
