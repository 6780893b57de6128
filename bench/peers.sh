#!/usr/bin/env bash
# Measures mock servers from npm beside Understudy and the ceiling: at creating
# an Infisical client secret, each from the same document. They are installed
# into a temporary folder and listen on loopback. What is given to it is handed
# on: bash bench/peers.sh -short
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
pids=()
cleanup() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# install FOLDER PACKAGE... installs into a folder of its own.
install() {
	local folder=$work/$1
	shift
	mkdir -p "$folder"
	if npm install --no-audit --no-fund --silent --prefix "$folder" "$@" >"$folder/log" 2>&1; then return 0; fi
	printf 'peers: %s cannot be installed: %s\n' "$1" "$(tail -n 3 "$folder/log" | tr '\n' ' ')" >&2
	return 1
}

# free_port prints a port that nobody listens on.
free_port() {
	node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

against=()
# serve NAME PORT COMMAND... runs a server and waits until it listens.
serve() {
	local name=$1 port=$2
	shift 2
	"$@" >"$work/$name.log" 2>&1 &
	local pid=$!
	pids+=("$pid")
	for _ in {1..300}; do
		if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			against+=(-against "$name=http://127.0.0.1:$port")
			return
		fi
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	printf 'peers: %s does not listen: %s\n' "$name" "$(tail -n 3 "$work/$name.log" | tr '\n' ' ')" >&2
}

document=$PWD/specs/infisical.yaml

if install prism @stoplight/prism-cli@5.16.0; then
	port=$(free_port)
	serve Prism "$port" "$work/prism/node_modules/.bin/prism" mock --host 127.0.0.1 --port "$port" --verboseLevel silent "$document"
fi
if install mockoon @mockoon/cli@9.9.0; then
	port=$(free_port)
	serve Mockoon "$port" "$work/mockoon/node_modules/.bin/mockoon-cli" start --data "$document" --hostname 127.0.0.1 --port "$port" --disable-log-to-file
fi
if install scalar @scalar/mock-server@0.14.4 @hono/node-server@1; then
	cat >"$work/scalar/serve.mjs" <<'JS'
import { readFileSync } from 'node:fs'
import { serve } from '@hono/node-server'
import { createMockServer } from '@scalar/mock-server'

const [document, port] = process.argv.slice(2)
const app = await createMockServer({ document: readFileSync(document, 'utf8') })
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(port) })
JS
	port=$(free_port)
	serve Scalar "$port" node "$work/scalar/serve.mjs" "$document" "$port"
fi

[ "${#against[@]}" -gt 0 ] || exit 1
go run ./bench "${against[@]}" "$@"
