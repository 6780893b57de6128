package workos_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/workos"
)

// TestAPIKeyPages reads 2,000 API keys page by page, both ways, while others are
// made: none of those that were there is missing or comes twice.
func TestAPIKeyPages(t *testing.T) {
	wos := workos.New()
	emulator.NewTest(t, wos)
	path := "/organizations/" + wos.Credentials()["organizationId"] + "/api_keys"
	made := func() string {
		var key struct{ ID string }
		if _, body := send(t, wos, http.MethodPost, path, nil, `{"name":"k"}`); json.Unmarshal([]byte(body), &key) != nil || key.ID == "" {
			t.Errorf("no key was made: %s", body)
		}
		return key.ID
	}
	var ids []string
	for range 2000 {
		ids = append(ids, made())
	}
	var wg sync.WaitGroup
	for _, order := range []string{"asc", "desc"} {
		wg.Go(func() {
			for range 50 {
				made()
			}
		})
		wg.Go(func() {
			var read []string
			for after := ""; ; {
				query := "?limit=100&order=" + order
				if after != "" {
					query += "&after=" + after
				}
				var page struct {
					Data         []struct{ ID string }
					ListMetadata struct{ After *string } `json:"list_metadata"`
				}
				_, body := send(t, wos, http.MethodGet, path+query, nil, "")
				if err := json.Unmarshal([]byte(body), &page); err != nil || len(page.Data) == 0 {
					t.Errorf("%s: %v %.200s", order, err, body)
					return
				}
				for _, key := range page.Data {
					if slices.Contains(ids, key.ID) {
						read = append(read, key.ID)
					}
				}
				if page.ListMetadata.After == nil {
					break
				}
				after = *page.ListMetadata.After
			}
			if order == "desc" {
				slices.Reverse(read)
			}
			if !slices.Equal(read, ids) {
				t.Errorf("%s: %d keys were read, want %d in order", order, len(read), len(ids))
			}
		})
	}
	wg.Wait()
}
