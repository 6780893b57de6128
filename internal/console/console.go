package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// Files is where the page's own files are, below the control API of a space.
const Files = "console/"

//go:embed page.html
var pageText string

//go:embed static
var static embed.FS

// policy lets the page load its own files and call its own server, and nothing
// else; no other page may frame it, and no text becomes markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Wanted reports whether a request asks for a page: its Accept header names HTML,
// as browsers do, and programs do not.
func Wanted(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for _, accepted := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		mediaType, params, err := mime.ParseMediaType(accepted)
		if err != nil || mediaType != "text/html" {
			continue
		}
		q, err := strconv.ParseFloat(params["q"], 64)
		return err != nil || q > 0
	}
	return false
}

// ServePage answers with the page of a space: control is the path, with a slash at
// its end, of the space's control API, and sandbox its id, "" for the server's own.
// The page names its files relative to its own path, which is control or above it:
// a proxy may have put more before both.
func ServePage(w http.ResponseWriter, r *http.Request, control, sandbox string) {
	folder := r.URL.Path[:strings.LastIndexByte(r.URL.Path, '/')+1]
	title, inside, outside := "Understudy · sandbox "+sandbox, " hidden", ""
	if sandbox == "" {
		title, inside, outside = "Understudy", "", " hidden"
	}
	// Not html/template, which looks for methods by name: the linker would keep all
	// methods of all packages in the program of whoever embeds a server, 5 MB.
	text := strings.NewReplacer(
		"{files}", html.EscapeString(strings.TrimPrefix(control, folder)+Files),
		"{sandbox}", html.EscapeString(sandbox), "{title}", html.EscapeString(title),
		"{inside}", inside, "{outside}", outside,
	).Replace(pageText)
	w.Header().Set("Vary", "Accept")
	serve(w, r, "page.html", []byte(text))
}

// ServeFile answers with one of the page's files. It reports whether there is one
// of that name.
func ServeFile(w http.ResponseWriter, r *http.Request, name string) bool {
	text, err := static.ReadFile("static/" + name)
	if err != nil {
		return false
	}
	serve(w, r, name, text)
	return true
}

// mediaTypes are those of the files: what the machine says of them may differ.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

func serve(w http.ResponseWriter, r *http.Request, name string, text []byte) {
	sum := sha256.Sum256(text)
	header := w.Header()
	header.Set("Content-Type", mediaTypes[path.Ext(name)])
	header.Set("Content-Security-Policy", policy)
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}
