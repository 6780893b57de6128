package infisical

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

type searchIdentitiesRequest struct {
	OrderBy        string   `json:"orderBy"`
	OrderDirection string   `json:"orderDirection"`
	Limit          *float64 `json:"limit"`
	Offset         float64  `json:"offset"`
	Search         struct {
		criteria
		Or []criteria `json:"$or"`
	} `json:"search"`
}

// criteria is what an identity has to match, all of it.
type criteria struct {
	Name *criterion `json:"name"`
	Role *criterion `json:"role"`
}

// criterion is a text to equal, or an object of conditions.
type criterion struct {
	Equals   *string  `json:"$eq"`
	Contains *string  `json:"$contains"`
	In       []string `json:"$in"`
}

// UnmarshalJSON reads a plain text as the text to equal.
func (cr *criterion) UnmarshalJSON(text []byte) error {
	var equals string
	if json.Unmarshal(text, &equals) == nil {
		cr.Equals = &equals
		return nil
	}
	type conditions criterion
	return json.Unmarshal(text, (*conditions)(cr))
}

func (cr *criterion) match(value string) bool {
	return cr == nil ||
		(cr.Equals == nil || value == *cr.Equals) &&
			(cr.Contains == nil || strings.Contains(strings.ToLower(value), strings.ToLower(*cr.Contains))) &&
			(cr.In == nil || slices.Contains(cr.In, value))
}

func (cr criteria) match(id identity) bool { return cr.Name.match(id.Name) && cr.Role.match(id.Role) }

// criterionCost is what looking at one criterion costs, in bytes looked at.
const criterionCost = 16

// size is how many texts an identity is compared with.
func (cr criteria) size() int {
	n := 0
	for _, one := range []*criterion{cr.Name, cr.Role} {
		if one != nil {
			n += 1 + len(one.In)
		}
	}
	return n
}

// identitiesPerPage is how many identities a search answers with by default.
const identitiesPerPage = 50

// searchIdentities returns a page of the identities that match.
// https://infisical.com/docs/api-reference/endpoints/identities/search
func (p *Provider) searchIdentities(c *kernel.Call, in searchIdentitiesRequest) (listIdentitiesResponse, error) {
	response := listIdentitiesResponse{Identities: []listedIdentity{}}
	caller, err := authorize(c, "read")
	if err != nil {
		return response, err
	}
	cost := criterionCost * in.Search.size()
	for _, cr := range in.Search.Or {
		cost += criterionCost * (1 + cr.size())
	}
	work := newBudget()
	var found []identity
	for _, id := range p.identities.All(c.Tx) {
		if err := work.spend(cost); err != nil {
			return response, err
		}
		one := len(in.Search.Or) == 0 || slices.ContainsFunc(in.Search.Or, func(cr criteria) bool { return cr.match(id) })
		if id.OrganizationID == caller.OrganizationID && id.ProjectID == "" && in.Search.match(id) && one {
			found = append(found, id)
		}
	}
	slices.SortStableFunc(found, func(a, b identity) int {
		order := cmp.Compare(a.Name, b.Name)
		if in.OrderBy == "role" {
			order = cmp.Compare(a.Role, b.Role)
		}
		if in.OrderDirection == "desc" {
			return -order
		}
		return order
	})
	limit := float64(identitiesPerPage)
	kit.Put(&limit, in.Limit)
	for _, id := range page(found, in.Offset, limit) {
		response.Identities = append(response.Identities, p.listed(c, id))
	}
	response.TotalCount = len(found)
	return response, nil
}

// page cuts a page out of a list. A negative offset or limit is none.
func page[T any](list []T, offset, limit float64) []T {
	from := int(min(max(offset, 0), float64(len(list))))
	to := int(min(float64(from)+math.Ceil(max(limit, 0)), float64(len(list))))
	return list[from:to]
}
