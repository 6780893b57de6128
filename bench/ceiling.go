package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// A ceiling is as fast as a server of its kind can be: net/http and the work
// that cannot be left out, which is to decode the request, make identifiers,
// store a row, sign the claims and encode the answer. It checks nothing, knows
// no rules and keeps no journal.
type ceiling struct {
	key []byte

	mu      sync.Mutex
	secrets map[string]secretRow
	digests map[string]string
	tokens  map[string]tokenRow
}

type secretRow struct {
	id, digest, prefix, description string
	uses, limit, ttl                float64
	created                         time.Time
}

type tokenRow struct {
	id, identity string
	name         *string
	created      time.Time
}

// The paths, as the Infisical document has them.
const (
	tokensPath  = "/api/v1/auth/token-auth/identities/%s/tokens"
	secretsPath = "/api/v1/auth/universal-auth/identities/%s/client-secrets"
)

func serveCeiling([]string) error {
	c := &ceiling{
		key:     []byte(hex.EncodeToString(randomBytes(16))),
		secrets: map[string]secretRow{}, digests: map[string]string{}, tokens: map[string]tokenRow{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+fmt.Sprintf(secretsPath, "{identity}"), c.createSecret)
	mux.HandleFunc("POST "+fmt.Sprintf(tokensPath, "{identity}"), c.createToken)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(l, mux) }()
	return serveUntilTold(map[string]string{"url": "http://" + l.Addr().String()})
}

type secretInput struct {
	Description  string  `json:"description"`
	NumUsesLimit float64 `json:"numUsesLimit"`
	TTL          float64 `json:"ttl"`
}

type secretAnswer struct {
	ClientSecret     string     `json:"clientSecret"`
	ClientSecretData secretData `json:"clientSecretData"`
}

type secretData struct {
	ID                       string  `json:"id"`
	CreatedAt                string  `json:"createdAt"`
	UpdatedAt                string  `json:"updatedAt"`
	Description              string  `json:"description"`
	ClientSecretPrefix       string  `json:"clientSecretPrefix"`
	ClientSecretNumUses      float64 `json:"clientSecretNumUses"`
	ClientSecretNumUsesLimit float64 `json:"clientSecretNumUsesLimit"`
	ClientSecretTTL          float64 `json:"clientSecretTTL"`
	IdentityUAID             string  `json:"identityUAId"`
	IsClientSecretRevoked    bool    `json:"isClientSecretRevoked"`
}

const authID = "00000000-0000-4000-8000-000000000000"

func (c *ceiling) createSecret(w http.ResponseWriter, r *http.Request) {
	var in secretInput
	if !decode(w, r, &in) {
		return
	}
	value := hex.EncodeToString(randomBytes(32))
	sum := sha256.Sum256([]byte(value))
	row := secretRow{
		id: uuid(), digest: base64.RawStdEncoding.EncodeToString(sum[:]), prefix: value[:4],
		description: in.Description, limit: in.NumUsesLimit, ttl: in.TTL, created: time.Now(),
	}
	c.mu.Lock()
	c.secrets[row.id], c.digests[row.digest] = row, row.id
	c.mu.Unlock()
	at := timestamp(row.created)
	encode(w, secretAnswer{value, secretData{
		ID: row.id, CreatedAt: at, UpdatedAt: at, Description: row.description, ClientSecretPrefix: row.prefix,
		ClientSecretNumUses: row.uses, ClientSecretNumUsesLimit: row.limit, ClientSecretTTL: row.ttl, IdentityUAID: authID,
	}})
}

type tokenInput struct {
	Name *string `json:"name"`
}

type tokenAnswer struct {
	AccessToken       string    `json:"accessToken"`
	ExpiresIn         float64   `json:"expiresIn"`
	AccessTokenMaxTTL float64   `json:"accessTokenMaxTTL"`
	TokenType         string    `json:"tokenType"`
	TokenData         tokenData `json:"tokenData"`
}

type tokenData struct {
	ID                       string  `json:"id"`
	AccessTokenTTL           float64 `json:"accessTokenTTL"`
	AccessTokenMaxTTL        float64 `json:"accessTokenMaxTTL"`
	AccessTokenNumUses       float64 `json:"accessTokenNumUses"`
	AccessTokenNumUsesLimit  float64 `json:"accessTokenNumUsesLimit"`
	AccessTokenLastUsedAt    *string `json:"accessTokenLastUsedAt"`
	AccessTokenLastRenewedAt *string `json:"accessTokenLastRenewedAt"`
	IsAccessTokenRevoked     bool    `json:"isAccessTokenRevoked"`
	IdentityUAClientSecretID *string `json:"identityUAClientSecretId"`
	IdentityID               string  `json:"identityId"`
	CreatedAt                string  `json:"createdAt"`
	UpdatedAt                string  `json:"updatedAt"`
	Name                     *string `json:"name"`
	AuthMethod               string  `json:"authMethod"`
	AccessTokenPeriod        float64 `json:"accessTokenPeriod"`
	SubOrganizationID        *string `json:"subOrganizationId"`
}

type tokenClaims struct {
	IdentityID            string   `json:"identityId"`
	IdentityName          string   `json:"identityName"`
	AuthMethod            string   `json:"authMethod"`
	OrgID                 string   `json:"orgId"`
	RootOrgID             string   `json:"rootOrgId"`
	ParentOrgID           string   `json:"parentOrgId"`
	ClientSecretID        string   `json:"clientSecretId"`
	IdentityAccessTokenID string   `json:"identityAccessTokenId"`
	IPRestrictionEnabled  bool     `json:"ipRestrictionEnabled"`
	AccessTokenTTL        float64  `json:"accessTokenTTL"`
	AccessTokenMaxTTL     float64  `json:"accessTokenMaxTTL"`
	AccessTokenPeriod     float64  `json:"accessTokenPeriod"`
	CreationEpoch         int64    `json:"creationEpoch"`
	AuthTokenType         string   `json:"authTokenType"`
	IdentityAuth          struct{} `json:"identityAuth"`
	IssuedAt              int64    `json:"iat"`
	ExpiresAt             int64    `json:"exp"`
	ID                    string   `json:"jti"`
}

func (c *ceiling) createToken(w http.ResponseWriter, r *http.Request) {
	const month = 30 * 24 * 60 * 60
	var in tokenInput
	if !decode(w, r, &in) {
		return
	}
	row := tokenRow{id: uuid(), identity: r.PathValue("identity"), name: in.Name, created: time.Now()}
	now := row.created.Unix()
	token, err := c.sign(tokenClaims{
		IdentityID: row.identity, IdentityName: "understudy", AuthMethod: "token-auth",
		OrgID: authID, RootOrgID: authID, ParentOrgID: authID,
		IdentityAccessTokenID: row.id, AccessTokenTTL: month, AccessTokenMaxTTL: month, CreationEpoch: now,
		AuthTokenType: "identityAccessToken", IssuedAt: now, ExpiresAt: now + month, ID: row.id,
	})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	c.mu.Lock()
	c.tokens[row.id] = row
	c.mu.Unlock()
	at := timestamp(row.created)
	encode(w, tokenAnswer{token, month, month, "Bearer", tokenData{
		ID: row.id, AccessTokenTTL: month, AccessTokenMaxTTL: month, IdentityID: row.identity,
		CreatedAt: at, UpdatedAt: at, Name: row.name, AuthMethod: "token-auth",
	}})
}

var tokenHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))

func (c *ceiling) sign(claims tokenClaims) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := tokenHeader + "." + base64.RawURLEncoding.EncodeToString(payload)
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

func decode(w http.ResponseWriter, r *http.Request, to any) bool {
	if err := json.NewDecoder(r.Body).Decode(to); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return false
	}
	return true
}

func encode(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(answer) // a client that has gone away is no error
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func uuid() string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var text [36]byte
	hex.Encode(text[0:8], b[0:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:36], b[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
