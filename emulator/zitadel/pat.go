package zitadel

import (
	"encoding/base64"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// personalAccessToken is a token that a machine user calls the APIs with
// directly. The token itself is not kept.
type personalAccessToken struct {
	stamp
	ID, UserID string
	Digest     string
	Scopes     []string
	ExpiresAt  time.Time
}

// patScopes are the scopes of every personal access token.
var patScopes = []string{"openid", "urn:zitadel:iam:user:metadata", "urn:zitadel:iam:user:resourceowner"}

// opaque draws a token that says nothing: to the service it is a random block and
// as many encrypted bytes as its plain text has. What an imported state has already,
// because its sequence was put back, is passed over.
func (p *Provider) opaque(c *kernel.Call, kind, plain string) string {
	const block = 16
	for {
		value := base64URL(c.Draw(kind).Bytes(block + len(plain)))
		_, isPAT := p.byPATDigest.Get(c.Tx, kit.Digest(value))
		if _, isToken := p.byTokenDigest.Get(c.Tx, kit.Digest(value)); !isPAT && !isToken {
			return value
		}
	}
}

type addPATRequest struct {
	UserID         string     `path:"userId" json:"-"`
	ExpirationDate *time.Time `json:"expirationDate"`
}

type addPATResponse struct {
	TokenID string        `json:"tokenId"`
	Token   string        `json:"token"`
	Details objectDetails `json:"details"`
}

// addPersonalAccessToken creates a token and shows it for the only time.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddPersonalAccessToken
func (p *Provider) addPersonalAccessToken(c *kernel.Call, in addPATRequest) (addPATResponse, error) {
	expires, err := expiration(c, in.ExpirationDate)
	if err != nil {
		return addPATResponse{}, err
	}
	u, ok := p.user(c, in.UserID)
	if !ok {
		return addPATResponse{}, refuse(failedPrecondition, "COMMAND-Dggw2", userNotFound).Because("%s", p.whyNoUser(c, in.UserID))
	}
	t := personalAccessToken{ID: p.nextID(c), ExpiresAt: expires}
	value := p.addPAT(c, &u, &t, "")
	return addPATResponse{t.ID, value, created(c, u.Events, u.OrgID)}, nil
}

// addPAT stores a token with what every token gets; an empty value is drawn.
func (p *Provider) addPAT(c *kernel.Call, u *user, t *personalAccessToken, value string) string {
	if value == "" {
		value = p.opaque(c, "personal-access-token", t.ID+":"+u.ID)
	}
	t.UserID, t.Digest, t.Scopes = u.ID, kit.Digest(value), patScopes
	p.userEvent(c, u)
	t.touch(u.Events, c.Now)
	p.pats.Put(c.Tx, t.ID, *t)
	return value
}

type patBody struct {
	ID             string        `json:"id"`
	Details        objectDetails `json:"details"`
	ExpirationDate timestamp     `json:"expirationDate"`
	Scopes         []string      `json:"scopes"`
}

func (t personalAccessToken) body(orgID string) patBody {
	return patBody{t.ID, t.details(orgID), timestamp(t.ExpiresAt), t.Scopes}
}

// listPersonalAccessTokens searches the tokens of a machine user. One that does
// not exist has none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListPersonalAccessTokens
func (p *Provider) listPersonalAccessTokens(c *kernel.Call, in listOfUserRequest) (listResponse[patBody], error) {
	page, err := newPage[patBody](in.Query)
	if err != nil {
		return listResponse[patBody]{}, err
	}
	u, ok := p.user(c, in.UserID)
	if !ok {
		return page.response(c), nil
	}
	page.processed(u.Events)
	for _, t := range p.patsOf.All(c.Tx, u.ID) {
		page.add(t.body(u.OrgID))
	}
	return page.response(c), nil
}

type patPath struct {
	UserID  string `path:"userId" json:"-"`
	TokenID string `path:"tokenId" json:"-"`
}

type patResponse struct {
	Token patBody `json:"token"`
}

// getPersonalAccessToken returns one token, without the token itself.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetPersonalAccessTokenByIDs
func (p *Provider) getPersonalAccessToken(c *kernel.Call, in patPath) (patResponse, error) {
	u, ok := p.user(c, in.UserID)
	t, found := p.pats.Get(c.Tx, in.TokenID)
	if !ok || !found || t.UserID != u.ID {
		return patResponse{}, refuse(notFound, "QUERY-fRunu", "Errors.PersonalAccessToken.NotFound").Because("the user has no token %s", in.TokenID)
	}
	return patResponse{t.body(u.OrgID)}, nil
}

// removePersonalAccessToken ends a token at once.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemovePersonalAccessToken
func (p *Provider) removePersonalAccessToken(c *kernel.Call, in patPath) (detailsResponse, error) {
	u, ok := p.user(c, in.UserID)
	t, found := p.pats.Get(c.Tx, in.TokenID)
	if !ok || !found || t.UserID != u.ID {
		return detailsResponse{}, refuse(notFound, "COMMAND-4m77G", "Personal Access Token not found").Because("the user has no token %s", in.TokenID)
	}
	p.pats.Delete(c.Tx, t.ID)
	p.userEvent(c, &u)
	return detailsResponse{changed(c, u.Events, u.OrgID)}, nil
}

// patLength is how many bytes a personal access token is made of, in a world
// whose ids have 18 digits.
const patLength = 16 + 18 + 1 + 18

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
