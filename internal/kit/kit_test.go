package kit_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/internal/kit"
)

func TestField(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{`{}`, "was"},
		{`{"name":null}`, "none"},
		{`{"name":"is"}`, "is"},
		{`{"name":""}`, ""},
	} {
		var in struct{ Name kit.Field[string] }
		if err := json.Unmarshal([]byte(test.body), &in); err != nil {
			t.Fatal(err)
		}
		was := "was"
		name := &was
		in.Name.Put(&name)
		got := "none"
		kit.Put(&got, name)
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.body, got, test.want)
		}
	}
	var in struct{ Name kit.Field[string] }
	if err := json.Unmarshal([]byte(`{"name":1}`), &in); err == nil {
		t.Error("a number is a string")
	}
}

func TestTimestamp(t *testing.T) {
	at := time.Date(2024, 1, 1, 1, 0, 0, 1_999_999, time.FixedZone("", 3600))
	for _, test := range []struct {
		value any
		want  string
	}{
		{kit.Timestamp(at), `"2024-01-01T00:00:00.001Z"`},
		{kit.Nullable(at), `"2024-01-01T00:00:00.001Z"`},
		{kit.Nullable(time.Time{}), `null`},
	} {
		if text, err := json.Marshal(test.value); err != nil || string(text) != test.want {
			t.Errorf("%s %v, want %s", text, err, test.want)
		}
	}
}

func TestWindow(t *testing.T) {
	items := []int{1, 2, 3}
	for _, test := range []struct {
		skip, count int
		want        []int
	}{
		{0, -1, items}, {0, 2, []int{1, 2}}, {2, 2, []int{3}}, {3, 1, []int{}}, {0, 0, []int{}},
	} {
		page, total := kit.Window(slices.Values(items), test.skip, test.count)
		if !slices.Equal(page, test.want) || page == nil || total != len(items) {
			t.Errorf("skip %d, count %d: %v of %d, want %v", test.skip, test.count, page, total, test.want)
		}
	}
}
