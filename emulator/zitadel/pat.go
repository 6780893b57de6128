package zitadel

import (
	"encoding/base64"
	"time"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	userv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user"
	"google.golang.org/protobuf/types/known/timestamppb"

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
		value := p.desk.Fresh(c, func() string { return base64URL(c.Draw(kind).Bytes(block + len(plain))) })
		_, isPAT := p.byPATDigest.Get(c.Tx, kit.Digest(value))
		if _, isToken := p.byTokenDigest.Get(c.Tx, kit.Digest(value)); !isPAT && !isToken {
			return value
		}
	}
}

// newPAT creates a token, and returns its value.
func (p *Provider) newPAT(c *kernel.Call, userID string, until *timestamppb.Timestamp) (personalAccessToken, user, string, error) {
	t := personalAccessToken{}
	expires, err := expiration(c, until)
	if err != nil {
		return t, user{}, "", err
	}
	u, why := p.machineUser(c, userID)
	if why != "" {
		return t, u, "", refuse(failedPrecondition, "COMMAND-Dggw2", userNotFound).Because("%s", why)
	}
	t.ID, t.ExpiresAt = p.nextID(c), expires
	value := p.addPAT(c, &u, &t, "")
	return t, u, value, nil
}

// addPersonalAccessToken creates a token and shows it for the only time.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddPersonalAccessToken
func (p *Provider) addPersonalAccessToken(c *kernel.Call, in *management.AddPersonalAccessTokenRequest) (*management.AddPersonalAccessTokenResponse, error) {
	t, u, value, err := p.newPAT(c, in.UserId, in.ExpirationDate)
	return &management.AddPersonalAccessTokenResponse{TokenId: t.ID, Token: value, Details: created(c, u.Events, u.OrgID)}, err
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

func (t personalAccessToken) message(orgID string) *userv1.PersonalAccessToken {
	return &userv1.PersonalAccessToken{Id: t.ID, Details: t.details(orgID), ExpirationDate: moment(t.ExpiresAt), Scopes: t.Scopes}
}

// listPersonalAccessTokens searches the tokens of a machine user. One that does
// not exist has none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListPersonalAccessTokens
func (p *Provider) listPersonalAccessTokens(c *kernel.Call, in *management.ListPersonalAccessTokensRequest) (*management.ListPersonalAccessTokensResponse, error) {
	page := newPage[*userv1.PersonalAccessToken](in.Query)
	if u, why := p.user(c, in.UserId); why == "" {
		page.processed(u.Events)
		for _, t := range p.patsOf.All(c.Tx, u.ID) {
			page.add(t.message(u.OrgID))
		}
	}
	return &management.ListPersonalAccessTokensResponse{Details: page.details(c), Result: page.rows}, page.err
}

// getPersonalAccessToken returns one token, without the token itself.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetPersonalAccessTokenByIDs
func (p *Provider) getPersonalAccessToken(c *kernel.Call, in *management.GetPersonalAccessTokenByIDsRequest) (*management.GetPersonalAccessTokenByIDsResponse, error) {
	u, why := p.user(c, in.UserId)
	t, found := p.pats.Get(c.Tx, in.TokenId)
	if why != "" || !found || t.UserID != u.ID {
		return nil, refuse(notFound, "QUERY-fRunu", "Errors.PersonalAccessToken.NotFound").Because("the user has no token %s", in.TokenId)
	}
	return &management.GetPersonalAccessTokenByIDsResponse{Token: t.message(u.OrgID)}, nil
}

// removePersonalAccessToken ends a token at once.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemovePersonalAccessToken
func (p *Provider) removePersonalAccessToken(c *kernel.Call, in *management.RemovePersonalAccessTokenRequest) (*management.RemovePersonalAccessTokenResponse, error) {
	u, why := p.user(c, in.UserId)
	t, found := p.pats.Get(c.Tx, in.TokenId)
	if why != "" || !found || t.UserID != u.ID {
		return nil, refuse(notFound, "COMMAND-4m77G", "Personal Access Token not found").Because("the user has no token %s", in.TokenId)
	}
	p.pats.Delete(c.Tx, t.ID)
	p.userEvent(c, &u)
	return &management.RemovePersonalAccessTokenResponse{Details: changed(c, u.Events, u.OrgID)}, nil
}

// patLength is how many bytes a personal access token is made of, in a world
// whose ids have 18 digits.
const patLength = 16 + 18 + 1 + 18

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
