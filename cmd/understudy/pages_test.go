package main

import (
	"bytes"
	"flag"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write llms.txt and llms-full.txt")

const repository = "../.."

var (
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	spans   = regexp.MustCompile("`[^`\n]*`")
	links   = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	listed  = regexp.MustCompile(`(?m)^\| \[[^\]]*\]\(([^)#]+)\) \| (.*) \|$`)
)

func readPage(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages lists what people read, by paths from the repository's root.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "packaging/*/README.md", "specs/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			name, err := filepath.Rel(repository, file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, filepath.ToSlash(name))
		}
	}
	return all
}

// anchors are those that GitHub gives to a page's headings.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		plain := links.ReplaceAllStringFunc(found[1], func(link string) string { return link[1:strings.Index(link, "]")] })
		anchor := strings.ReplaceAll(regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(plain), ""), " ", "-")
		for n, once := 1, anchor; all[anchor]; n++ {
			anchor = once + "-" + strconv.Itoa(n)
		}
		all[anchor] = true
	}
	return all
}

// TestLinks follows every link of every page to a file of the repository, and to its
// heading.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		text := spans.ReplaceAllString(fenced.ReplaceAllString(readPage(t, page), ""), "")
		for _, found := range links.FindAllStringSubmatch(text, -1) {
			link := found[1]
			if strings.Contains(link, "://") {
				continue
			}
			target, anchor, _ := strings.Cut(link, "#")
			file := page
			if target != "" {
				file = path.Join(path.Dir(page), target)
			}
			info, err := os.Stat(filepath.Join(repository, file))
			switch {
			case err != nil:
				t.Errorf("%s links to %s: %v", page, link, err)
			case anchor != "" && (info.IsDir() || !anchors(readPage(t, file))[anchor]):
				t.Errorf("%s links to %s: there is no such heading", page, link)
			}
		}
	}
}

// TestIndex holds docs/README.md to what there is: every page, in the order in which
// llms.txt and llms-full.txt have them.
func TestIndex(t *testing.T) {
	index := readPage(t, "docs/README.md")
	var order []string
	for _, row := range listed.FindAllStringSubmatch(index, -1) {
		order = append(order, path.Join("docs", row[1]))
	}
	for _, page := range pages(t) {
		if path.Dir(page) == "docs" && page != "docs/README.md" && !slices.Contains(order, page) {
			t.Errorf("docs/README.md does not list %s", page)
		}
	}
	readme := readPage(t, "README.md")
	what := strings.ReplaceAll(strings.Split(readme, "\n\n")[1], "\n", " ")

	var short, full bytes.Buffer
	short.WriteString("# Understudy\n\n> " + strings.ReplaceAll(what, "**", "") + "\n")
	for section := range strings.SplitSeq(index, "\n\n") {
		if name, ok := strings.CutSuffix(section, ":"); ok {
			short.WriteString("\n## " + name + "\n\n")
		}
		for _, row := range listed.FindAllStringSubmatch(section, -1) {
			file := path.Join("docs", row[1])
			short.WriteString("- [" + file + "](" + file + "): " + links.ReplaceAllString(row[2], "$1") + "\n")
		}
	}
	short.WriteString("\nAll pages in one file: [llms-full.txt](llms-full.txt)\n")
	for _, page := range append([]string{"README.md"}, order...) {
		if path.Dir(page) != "docs" && page != "README.md" {
			continue // the generated table is longer than all pages together
		}
		full.WriteString("<!-- " + page + " -->\n\n")
		full.WriteString(rooted(page, readPage(t, page)) + "\n")
	}
	for name, want := range map[string][]byte{"llms.txt": short.Bytes(), "llms-full.txt": full.Bytes()} {
		file := filepath.Join(repository, name)
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not made of these pages (%v): go test ./cmd/understudy -run TestIndex -update", name, err)
		}
	}
}

// rooted has a page's links go from the repository's root.
func rooted(page, text string) string {
	return regexp.MustCompile(`\]\(([^)\s:#]+)(#[^)\s]*)?\)`).ReplaceAllStringFunc(text, func(link string) string {
		return "](" + path.Join(path.Dir(page), strings.Trim(link[1:], "()")) + ")"
	})
}

// TestRotate holds the tables of docs/rotate.md to what is served and what is not.
func TestRotate(t *testing.T) {
	supported := readPage(t, "SUPPORTED.md")
	rows := 0
	for line := range strings.Lines(readPage(t, "docs/rotate.md")) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 4 {
			continue
		}
		for _, span := range spans.FindAllString(cells[1], -1) {
			rows++
			operation := strings.Trim(span, "`")
			served := strings.Contains(supported, "| `"+operation+"` |")
			if want := !strings.HasPrefix(cells[2], "501"); served != want {
				t.Errorf("docs/rotate.md says %q of %s; served: %v", cells[2], operation, served)
			}
			if served {
				continue
			}
			beyond, err := filepath.Glob(filepath.Join(repository, "specs/beyond/*.txt"))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(beyond, func(file string) bool {
				text, err := os.ReadFile(file)
				return err == nil && strings.Contains(string(text), "\n"+operation+"\n")
			}) {
				t.Errorf("%s of docs/rotate.md is in no list of specs/beyond", operation)
			}
		}
	}
	if rows < 20 {
		t.Errorf("docs/rotate.md has %d operations", rows)
	}
}
